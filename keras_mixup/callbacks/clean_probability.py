"""The callback that tells, while a model trains, whose label is likely right."""

import warnings
from collections.abc import Callable

import keras
import numpy as np
from keras import tree

from keras_mixup._backend.checks import check_count
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup.callbacks.beta_mixture import probability_of_the_lower
from keras_mixup.losses.base_loss import as_loss
from keras_mixup.losses.ignored_class import counted
from keras_mixup.losses.mixup_loss import MixupLoss
from keras_mixup.losses.values import check_values
from keras_mixup.losses.values import with_last_axis


class CleanProbability(keras.callbacks.Callback):
    """Estimates the probability that a label is right, for every training sample.

    A network learns right labels first. After each epoch this computes the loss of
    every sample, unmixed, and fits a mixture of two Beta distributions to them: the
    samples of the lower one are likely right. `policies.Confidence` mixes by the
    result, which is in `probability`, an array that is refreshed in place. Before the
    end of the warm-up it is 1 for all samples, for which that policy does plain mixup.
    A sample whose loss is not finite keeps the probability that it had, with a warning.

    Batches have to be made from `probability` as it is at the time, as those of a
    `keras.utils.PyDataset` are. Arrays that are handed to `fit` are copied at its
    start. Batches made ahead have the probabilities of the time they were made at, and
    worker processes have copies of their own.

    Args:
        x: Array, or structure of arrays, of all the samples: what `model.predict`
            takes. If the probabilities are among the model's inputs, any will do here.
        y: Array of their labels, as the loss takes them, also in a dict or list of one.
        warm_up: Integer ≥ 1, the number of epochs before the first estimate.
            Defaults to `10`.
        loss: The loss to compare samples by: a Keras loss, its name or a function, of
            one value per sample. Defaults to that of the model; of a `MixupLoss` it is
            the loss that is wrapped.
        batch_size: Integer, of the prediction. Defaults to that of `predict`.

    Raises:
        ValueError: If `x` and `y` differ in their number of samples, or when the model
            has several outputs, or no loss with a value per sample.
        TypeError: If an argument is of the wrong type.

    Example:

    >>> x, y = np.random.rand(64, 4), np.random.randint(0, 3, 64)
    >>> clean = keras_mixup.CleanProbability(x, y, warm_up=1)
    >>> model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy")
    >>> history = model.fit(x, y, epochs=2, callbacks=[clean], verbose=0)
    >>> clean.probability.shape
    (64,)

    Its use, in a `PyDataset`:

    >>> def batch_of(i):
    ...     return {"samples": x[i], "confidence": clean.probability[i]}, y[i]

    References:
        - [Arazo et al. (2019), Unsupervised Label Noise Modeling and Loss
          Correction](https://arxiv.org/abs/1904.11238)
    """

    def __init__(
        self,
        x,
        y,
        warm_up: int = 10,
        *,
        loss: str | Callable | keras.losses.Loss | None = None,
        batch_size: int | None = None,
    ):
        super().__init__()
        check_batch(x=x, y=y)
        self.x = x
        self.y = _only(y)
        self.warm_up = check_count("warm_up", warm_up)
        self.loss = None if loss is None else as_loss(loss)
        if batch_size is not None:
            check_count("batch_size", batch_size)
        self.batch_size = batch_size
        self.probability = np.ones(len(tree.flatten(x)[0]), "float32")

    def on_train_begin(self, logs=None):
        # Rather than after epochs of warm-up.
        _check_outputs(getattr(self.model, "outputs", None))
        self._loss_for(self.model)

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 >= self.warm_up:
            self.refresh(self.model)

    def refresh(self, model: keras.Model):
        """Estimates `probability` anew, by the losses of `model` as it is.

        `fit` does so at the end of epochs. Where a training goes on from a saved model,
        do it once before.

        Args:
            model: The model, compiled.
        """
        p = model.predict(self.x, batch_size=self.batch_size, verbose=0)
        _check_outputs(p)
        loss = self._loss_for(model)
        p = tree.flatten(p)[0]
        y, p = with_last_axis(*map(keras.ops.convert_to_tensor, (self.y, p)))
        losses = keras.ops.convert_to_numpy(loss.call(y, p))
        if losses.ndim == 0:
            raise ValueError(
                f"The loss {loss.name!r} gives one number for all samples, by which "
                "they cannot be compared. Pass `loss=` to CleanProbability."
            )
        check_values(loss, losses, y, p)
        losses = _mean_per_sample(losses, counted(loss, y, p))
        known = np.isfinite(losses)
        if not known.all():
            warnings.warn(
                f"The losses of {(~known).sum()} of {len(known)} samples are not "
                "finite. CleanProbability keeps the probabilities that they had.",
                stacklevel=2,
            )
        if known.any():
            self.probability[known] = probability_of_the_lower(losses[known])

    def _loss_for(self, model):
        loss = self.loss or model.loss
        if isinstance(loss, (dict, list, tuple)) and len(loss) == 1:
            loss = tree.flatten(loss)[0]
        if isinstance(loss, MixupLoss):
            return loss.loss
        if loss is None or isinstance(loss, (dict, list, tuple)):
            raise ValueError(
                "The model has no one loss to compare samples by. Pass `loss=` to "
                f"CleanProbability. Received: a model compiled with loss={loss!r}"
            )
        return as_loss(loss)


def _mean_per_sample(values, counts):
    values = values.reshape(len(values), -1)
    if counts is None:
        return values.mean(axis=1)
    counts = keras.ops.convert_to_numpy(counts).reshape(values.shape).sum(axis=1)
    # Where nothing counts, nothing is known.
    unknown = np.full(len(values), np.nan, values.dtype)
    return np.divide(values.sum(axis=1), counts, out=unknown, where=counts > 0)


def _check_outputs(outputs):
    if (number := len(tree.flatten(outputs))) > 1:
        raise ValueError(
            "CleanProbability needs a model with one output. "
            f"Received: a model with {number}"
        )


def _only(structure):
    leaves = tree.flatten(structure)
    if len(leaves) != 1:
        raise ValueError(
            "`y` must hold the labels of one output, alone or in a dict or list of "
            f"one. Received: {len(leaves)} of them"
        )
    return leaves[0]
