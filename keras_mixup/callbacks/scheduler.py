"""The callback that moves α or `prob` while a model trains."""

from collections.abc import Callable

import keras

from keras_mixup.layers.parameter import Parameter

_PARAMETERS = ("alpha", "prob", "probabilities")


class MixupScheduler(keras.callbacks.Callback):
    """Sets α or a probability of a layer, each epoch or each step, without a retrace.

    Works on a layer in the model, and on one in a `tf.data` pipeline that is
    built already (batches that are prefetched were mixed before). Worker processes
    of a `PyDataset` have copies of the layer, which it does not reach.

    Args:
        mixup: The layer, such as a `MixUp`, a `CutMix` or a `RandomChoice`.
        schedule: Function of the epoch, counted from 0, to a number; see
            `keras_mixup.schedules`. Or a
            `keras.optimizers.schedules.LearningRateSchedule`, which is asked
            before every step, by the steps that the optimizer has taken.
        parameter: `"alpha"`, `"prob"`, or, of a `RandomChoice`, `"probabilities"`.
            Defaults to `"alpha"`.

    Raises:
        ValueError: If `parameter` is none of these, or when the schedule gives
            a number that the layer cannot have.
        TypeError: If `mixup` is no such layer, or `schedule` no function.

    Example:

    >>> mix = keras_mixup.MixUp(alpha=0.4)
    >>> schedule = keras_mixup.schedules.cooldown(0.4, epochs=10, last=2)
    >>> callbacks = [keras_mixup.MixupScheduler(mix, schedule)]
    """

    def __init__(
        self,
        mixup: keras.layers.Layer,
        schedule: Callable | keras.optimizers.schedules.LearningRateSchedule,
        parameter: str = "alpha",
    ):
        super().__init__()
        if parameter not in _PARAMETERS:
            raise ValueError(
                f"`parameter` must be one of {list(_PARAMETERS)}. "
                f"Received: parameter={parameter!r}"
            )
        kind = type(mixup)
        found = [
            p for p in _PARAMETERS if isinstance(getattr(kind, p, None), Parameter)
        ]
        if not found:
            raise TypeError(
                "`mixup` must be a layer that mixes. "
                f"Received: mixup={mixup!r} (of type {kind.__name__})"
            )
        if parameter not in found:
            raise ValueError(
                f"`parameter` must be one of {found} for a {kind.__name__}. "
                f"Received: parameter={parameter!r} with the layer {mixup.name!r}"
            )
        if not callable(schedule):
            raise TypeError(
                "`schedule` must be a function of the epoch, or a Keras learning rate "
                f"schedule. Received: schedule={schedule!r} "
                f"(of type {type(schedule).__name__})"
            )
        self.mixup = mixup
        self.schedule = schedule
        self.parameter = parameter
        self._by_step = isinstance(
            schedule, keras.optimizers.schedules.LearningRateSchedule
        )
        self._step = 0

    def on_epoch_begin(self, epoch, logs=None):
        if self._by_step:
            self._step = _steps_taken(self.model.optimizer, self._step)
        else:
            self._set(self.schedule(epoch))

    def on_train_batch_begin(self, batch, logs=None):
        if self._by_step:
            self._batch = batch
            self._set(self.schedule(keras.ops.convert_to_tensor(self._step)))

    def on_train_batch_end(self, batch, logs=None):
        if self._by_step:
            # One execution may take several steps, up to this one.
            self._step += batch - self._batch + 1

    def _set(self, value):
        # On JAX the variables hold the state of the training, and are heeded by
        # it, only once Keras has been asked for the model.
        if self.model is not None:
            setattr(self.mixup, self.parameter, _number(value))


def _number(value):
    if hasattr(value, "dtype"):
        value = keras.ops.convert_to_numpy(value)
    if hasattr(value, "shape") and value.shape:
        return value.tolist()
    return value.item() if hasattr(value, "item") else value


def _steps_taken(optimizer, counted):
    # Keras counts updates, each of which may gather the gradients of some steps.
    # They know what a restored optimizer has done, or an epoch that ended early.
    updates = int(keras.ops.convert_to_numpy(optimizer.iterations))
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    gathered = inner.gradient_accumulation_steps or 1
    return counted if counted // gathered == updates else updates * gathered
