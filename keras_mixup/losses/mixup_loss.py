"""The loss of a model whose inputs a MixUp layer mixes."""

import contextlib
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_real
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import may_be_arrays
from keras_mixup._backend.ops import largest
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup._backend.traces import when_differentiated
from keras_mixup.losses.accuracy import pair_accuracy
from keras_mixup.losses.base_loss import as_loss
from keras_mixup.losses.dense import is_dense
from keras_mixup.losses.ignored_class import blended
from keras_mixup.losses.ignored_class import counted
from keras_mixup.losses.ignored_class import over_counted
from keras_mixup.losses.joined import can_join
from keras_mixup.losses.joined import joined
from keras_mixup.losses.joined import mean_of_samples
from keras_mixup.losses.regularization import absolute_error
from keras_mixup.losses.source import PlanSource
from keras_mixup.losses.targets import as_one_hot
from keras_mixup.losses.targets import check_target_threshold
from keras_mixup.losses.terms import terms_of
from keras_mixup.losses.values import check_values
from keras_mixup.losses.values import weighed
from keras_mixup.losses.values import with_last_axis
from keras_mixup.plans.blend import above
from keras_mixup.step.names import newest


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixupLoss(keras.losses.Loss):
    """Any Keras loss, on the labels of both samples that were blended.

    A `MixUp` layer inside a model sees the inputs and never the labels. This
    loss reads the plan that the layer drew for the step and returns
    λ·ℓ(y, p) + (1 − λ)·ℓ(y[partners], p). Labels stay what they are: class ids,
    one-hot labels, regression targets, masks. Class ids may be given to a categorical
    or binary cross-entropy as well, and become one-hot. Where nothing was mixed (in
    evaluation, say) it is the loss that it wraps, to the last bit.

    Every output after the layer needs a `MixupLoss`: one with a plain loss
    would train on mixed inputs and unmixed labels.

    Where ℓ is linear in the label, as cross-entropy is, this equals the loss of
    mixed labels, in which the mixup paper writes it. Where it is not (squared error,
    Huber, focal loss, hinge) it is another number: two losses, as in the paper's code.

    The two samples' `sample_weight` and `class_weight` are both counted, each with
    its own term. The wrapped loss's `reduction` and `dtype`, and the masks of
    the predictions, are used as Keras uses them.

    Args:
        loss: The loss to wrap: a `keras.losses.Loss`, a Keras loss's name, or a
            function of `y_true` and `y_pred`. It must give a value for each sample,
            not one for the batch.
        mixup: The `MixUp` layer that mixes the model's inputs, or its name. If
            several layers mix on the way to one output: a list of them, in the
            order in which the data meets them. A saved loss finds its layer by
            name; in a subclassed model, which makes its layers anew, pass the
            layer a `name` of its own.
        name: Optional name of the loss.
        track: Whether to add two means over the samples trained on in an epoch to the
            logs (the progress bar, `History`, CSV files, TensorBoard):
            `mixup_lam`, the share of the sample that dominates, and, for Keras's
            losses of classes, `mixup_accuracy`, the accuracy on the labels of
            both samples, each weighted by its share, but not by weights, masks or an
            `ignore_class`. Let one loss of a model track. Defaults to `False`.
        regularization: Number ≥ 0, the weight of a second term in what is trained on:
            λ·mean|p − y| + (1 − λ)·mean|p − y[partners]|, of probabilities p and
            one-hot labels for losses of classes. A mean over the classes: of ten, 10 is
            not much. Defaults to `0.0`.
        dense_labels: Whether predictions are of the elements of a sample (pixels,
            steps) and not of the whole, after a layer that pastes a region: their
            labels are then pasted, and not weighted. Defaults to telling it by the
            axes, which raises where it cannot be told.
        target_threshold: Number in [0, 1), for binary cross-entropy of several
            classes: a class counts as 1 where its share of the mixed label is above
            it, and as 0 elsewhere. "ResNet strikes back" takes 0.2. Defaults to
            `None`: the labels as they are mixed.

    Raises:
        TypeError: If `loss` or `mixup` is none of these.
        ValueError: If a named layer does not exist, when the loss is computed
            apart from the training step that drew the plan, or if the wrapped
            loss gives one number for the whole batch, or values of pairs of samples.

    Example:

    >>> mix = keras_mixup.MixUp(alpha=0.2)
    >>> model = keras.Sequential([mix, keras.layers.Dense(3, activation="softmax")])
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss, metrics=["accuracy"])

    References:
        - [Zhang et al. (2018), mixup: Beyond Empirical Risk
          Minimization](https://arxiv.org/abs/1710.09412)
    """

    def __init__(
        self,
        loss: str | Callable | keras.losses.Loss,
        mixup: str | keras.layers.Layer | list,
        name: str = "mixup_loss",
        track: bool = False,
        regularization: float = 0.0,
        dense_labels: bool | None = None,
        target_threshold: float | None = None,
    ):
        if isinstance(loss, MixupLoss):
            raise TypeError(
                "`loss` is a MixupLoss already. For several layers on the way to one "
                "output pass them as a list: `MixupLoss(loss, mixup=[first, second])`."
            )
        self.loss = as_loss(loss)
        super().__init__(
            name=name, reduction=self.loss.reduction, dtype=self.loss.dtype
        )
        self.track = check_flag("track", track)
        self.regularization = check_real("regularization", regularization, least=0)
        self.dense_labels = dense_labels
        if dense_labels is not None:
            check_flag("dense_labels", dense_labels)
        self.target_threshold = check_target_threshold(self.loss, target_threshold)
        self._source = PlanSource(mixup, self.track)

    def __call__(self, y_true, y_pred, sample_weight=None):
        plan, grid = self._source.read()
        y_true = as_one_hot(self.loss, y_true, y_pred)
        if plan is None:
            if self.target_threshold is not None:
                y_true = above(y_true, self.target_threshold)
            return self._unmixed(self.loss(y_true, y_pred, sample_weight))
        y_true = ops.convert_to_tensor(y_true)
        check_batch(plan=plan.share, y_true=y_true)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight)
            if len(sample_weight.shape) > 0:
                check_batch(y_true=y_true, sample_weight=sample_weight)
        dense = grid is not None and is_dense(
            self.dense_labels, self.loss, grid, y_pred
        )
        if dense and not plan.has_region:
            raise ValueError(
                "Labels of elements are pasted by the region of one layer, and here "
                f"are several. Received: mixup={self._source.names}"
            )
        known, quiet = not dense and self.dtype != "bfloat16", contextlib.nullcontext()
        if known and may_be_arrays(plan.share, y_true, sample_weight):
            plan, y_true, sample_weight = as_arrays((plan, y_true, sample_weight))
            # Neither do tensors say a word on infinity times 0.
            quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
        with quiet:
            mixed = terms_of(
                plan, self.loss, y_true, y_pred, dense, self.target_threshold
            )
            terms = mixed.weighed(self.dtype, sample_weight)
        if self.track:
            self._record(plan, mixed, ops.stop_gradient(ops.convert_to_tensor(y_pred)))
        with keras.name_scope(self.name):
            p = ops.convert_to_tensor(y_pred, dtype=self.dtype)
            values = self._values(terms, p)
        weight = as_tensors(terms.total)
        loss = mean_of_samples(self, values, y_pred, weight)
        if loss is None:
            loss = super().__call__(values, y_pred, weight)
        scale = over_counted(self.loss, terms.each(), y_pred, weight)
        return loss if scale is None else loss * ops.cast(scale, loss.dtype)

    def call(self, y_true, y_pred):
        return y_true  # The values of the samples, which `__call__` computes.

    def get_config(self):
        names = self._source.names
        return {
            "loss": keras.losses.serialize(self.loss),
            "mixup": names if len(names) > 1 else names[0],
            "name": self.name,
            "track": self.track,
            "regularization": self.regularization,
            "dense_labels": self.dense_labels,
            "target_threshold": self.target_threshold,
        }

    @classmethod
    def from_config(cls, config):
        names = config["mixup"]
        names = [names] if isinstance(names, str) else names
        return cls(**{**config, "mixup": [newest(name) or name for name in names]})

    def _values(self, terms, y_pred):
        running = self._source.running_losses()
        plain = not running and not self.regularization
        if plain and can_join(self.loss, terms.weights, y_pred):
            total = joined(self.loss, terms, y_pred)
            if total is not None:
                return total
        total, found = 0.0, []
        for labels, weight, share in as_tensors(terms.safe(self.loss).each()):
            labels, p = with_last_axis(labels, y_pred)
            values = self.loss.call(labels, p)
            if len(values.shape) == 0:
                raise ValueError(
                    f"The loss {self.loss.name!r} gives one number for the whole "
                    "batch, so its samples cannot be weighted. MixupLoss needs a loss "
                    "that gives a value for each sample (for Dice and Tversky, pass "
                    "an `axis` without 0)."
                )
            check_values(self.loss, values, labels, p)
            counts = counted(self.loss, labels, p)
            found.append((values, counts, share))
            if self.regularization:
                error = absolute_error(self.loss, labels, p, values)
                values = values + self.regularization * error
            total = total + weighed(weight, values)
        if running:
            self._feed(running, *zip(*found))
        return total

    def _unmixed(self, loss):
        for channel in self._source.channels:
            if channel.is_idle():
                loss = when_differentiated(loss, channel.warn_of_idleness)
        return loss

    def _feed(self, running, values, counts, shares):
        loss = ops.mean(blended(values, shares))
        if counts[0] is not None:
            loss = loss / ops.mean(blended(counts, shares))
        for each in running:
            each.update(loss)

    def _record(self, plan, mixed, y_pred):
        dominant = largest([plan.lam, *plan.shares])
        terms = zip(*as_tensors((mixed.labels, mixed.shares)))
        accuracy = pair_accuracy(self.loss, terms, y_pred)
        self._source.channels[0].means.record(dominant, accuracy)
