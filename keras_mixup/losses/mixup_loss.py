"""The loss of a model whose inputs a MixUp layer mixes."""

from collections.abc import Callable

import keras
from keras import ops

from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_real
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup._backend.traces import when_differentiated
from keras_mixup.losses.accuracy import pair_accuracy
from keras_mixup.losses.base_loss import as_loss
from keras_mixup.losses.ignored_class import blended
from keras_mixup.losses.ignored_class import counted
from keras_mixup.losses.ignored_class import over_counted
from keras_mixup.losses.regularization import absolute_error
from keras_mixup.losses.values import check_values
from keras_mixup.losses.values import check_whole
from keras_mixup.losses.values import safe_labels
from keras_mixup.losses.values import weighed
from keras_mixup.losses.values import with_last_axis
from keras_mixup.plans.sample_weight import weighted_shares
from keras_mixup.step.names import newest
from keras_mixup.step.names import only
from keras_mixup.step.names import wait_for_layers


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixupLoss(keras.losses.Loss):
    """Any Keras loss, on the labels of both samples that were blended.

    A `MixUp` layer inside a model sees the inputs and never the labels. This
    loss reads the plan that the layer drew for the step and returns
    λ·ℓ(y, p) + (1 − λ)·ℓ(y[partners], p). Labels stay what they are: class ids,
    one-hot labels, regression targets, masks. Where nothing was mixed (in
    evaluation, say) it is the loss that it wraps, to the last bit.

    Every output behind the layer needs a `MixupLoss`: one with a plain loss
    would train on mixed inputs and unmixed labels.

    Where ℓ is linear in the label, as cross-entropy is, this equals the loss of
    mixed labels, in which the mixup paper writes it. Where it is not (squared error,
    Huber, focal loss, hinge) it is another number: two losses, as in the paper's code.

    The two samples' `sample_weight` and `class_weight` are both counted, each with
    its own term. The wrapped loss's `reduction` and `dtype`, and the masks of
    the predictions, are honoured.

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
        layers = mixup if isinstance(mixup, (list, tuple)) else [mixup]
        if not layers:
            raise ValueError("`mixup` must name at least one layer. Received: []")
        self._names = [_name_of(layer) for layer in layers]
        # Channels and not layers: Keras walks the attributes of a loss as it
        # saves a model, and would save a layer that it finds here a second time.
        self._channels = [
            None if isinstance(layer, str) else layer._channel for layer in layers
        ]
        self.find_layers()
        if None in self._channels:
            wait_for_layers(self)

    def find_layers(self):
        """Takes up the layers that the loss knows by name, as far as they exist."""
        for index, channel in enumerate(self._channels):
            layer = only(self._names[index]) if channel is None else None
            if layer is not None:
                self._channels[index] = layer._channel
        if self.track and self._channels[0] is not None:
            self._channels[0].means.tracked = True

    def __call__(self, y_true, y_pred, sample_weight=None):
        plan = self._plan()
        if plan is None:
            return self._unmixed(self.loss(y_true, y_pred, sample_weight))
        y_true = ops.convert_to_tensor(y_true)
        check_batch(plan=plan.share, y_true=y_true)
        if sample_weight is not None:
            sample_weight = ops.convert_to_tensor(sample_weight)
        check_whole(plan, y_pred)
        labels = plan.terms(y_true)
        shares = [plan.lam, *plan.shares]
        if self.track:
            p = ops.stop_gradient(ops.convert_to_tensor(y_pred))
            self._record(labels, shares, p)
        if sample_weight is None or len(sample_weight.shape) == 0:
            weighted, weight = shares, sample_weight
        else:
            check_batch(y_true=y_true, sample_weight=sample_weight)
            weighted, weight = weighted_shares(plan, sample_weight)
        terms = list(zip(labels, weighted, shares))
        loss = super().__call__(terms, y_pred, weight)
        scale = over_counted(self.loss, terms, y_pred, weight)
        return loss if scale is None else loss * ops.cast(scale, loss.dtype)

    def call(self, y_true, y_pred):
        total, terms = 0.0, []
        labels, weights, _ = zip(*y_true)
        safe = safe_labels(self.loss, labels, weights)
        for labels, (_, weight, share) in zip(safe, y_true):
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
            terms.append((values, counts, share))
            if self.regularization:
                error = absolute_error(self.loss, labels, p, values)
                values = values + self.regularization * error
            total = total + weighed(weight, values)
        self._feed(*zip(*terms))
        return total

    def get_config(self):
        # A layer may have another name by now.
        names = [
            channel.name if channel else name
            for channel, name in zip(self._channels, self._names)
        ]
        return {
            "loss": keras.losses.serialize(self.loss),
            "mixup": names if len(names) > 1 else names[0],
            "name": self.name,
            "track": self.track,
            "regularization": self.regularization,
        }

    @classmethod
    def from_config(cls, config):
        names = config["mixup"]
        names = [names] if isinstance(names, str) else names
        return cls(**{**config, "mixup": [newest(name) or name for name in names]})

    def _unmixed(self, loss):
        for channel in self._channels:
            if channel.is_idle():
                loss = when_differentiated(loss, channel.warn_of_idleness)
        return loss

    def _feed(self, values, counts, shares):
        running = [channel.running_loss for channel in self._channels]
        running = [each for each in running if each is not None]
        if running:
            loss = ops.mean(blended(values, shares))
            if counts[0] is not None:
                loss = loss / ops.mean(blended(counts, shares))
            for each in running:
                each.update(loss)

    def _record(self, labels, shares, y_pred):
        dominant = ops.max(ops.stack(shares, axis=-1), axis=-1)
        accuracy = pair_accuracy(self.loss, zip(labels, shares), y_pred)
        self._channels[0].means.record(dominant, accuracy)

    def _plan(self):
        for name, channel in zip(self._names, self._channels):
            if channel is None:
                raise ValueError(
                    f"There is no MixUp layer named {name!r} for MixupLoss to read the "
                    "plan of. Pass the layer itself, or its name once it exists."
                )
        plan = before = None
        for channel in self._channels:
            later = channel.read()
            if later is None:
                continue
            if before is not None and not before.is_before(channel):
                raise ValueError(
                    "`mixup` must list layers in the order in which the data meets "
                    "them, all places of one before those of the next. "
                    f"Received: mixup={self._names}"
                )
            plan, before = later if plan is None else plan.then(later), channel
        return plan


def _name_of(layer):
    if isinstance(layer, str):
        return layer
    if not hasattr(layer, "_channel"):
        raise TypeError(
            "`mixup` must be a MixUp layer, its name, or a list of these. "
            f"Received: mixup={layer!r} (of type {type(layer).__name__})"
        )
    return layer._channel.name  # A site goes by the name of its ManifoldMixUp.
