"""Functions and names as loss objects that can be called sample by sample."""

import keras
from keras import ops


def as_loss(loss):
    """Resolves what `model.compile` takes as a loss to a `keras.losses.Loss`."""
    found = keras.losses.get(loss) if isinstance(loss, (str, dict)) else loss
    if isinstance(found, keras.losses.Loss):
        return found
    if isinstance(found, type) and issubclass(found, keras.losses.Loss):
        return found()
    # A module of PyTorch gives one number for the batch.
    is_layer = hasattr(found, "named_parameters")
    if not callable(found) or is_layer or isinstance(found, keras.layers.Layer):
        raise TypeError(
            "`loss` must be a Keras loss, the name of one, or a function. "
            f"Received: loss={loss!r} (of type {type(loss).__name__})"
        )
    name = getattr(found, "__name__", None)
    return FunctionLoss(found, name=name)


@keras.saving.register_keras_serializable(package="keras_mixup")
class FunctionLoss(keras.losses.Loss):
    """A loss function as a `Loss`, as `model.compile` makes one of it."""

    def __init__(self, function, **kwargs):
        if isinstance(function, dict):
            function = keras.losses.deserialize(function)
        super().__init__(**kwargs)
        self.function = function

    def call(self, y_true, y_pred):
        return self.function(*of_one_rank(y_true, y_pred))

    def get_config(self):
        return {
            **super().get_config(),
            "function": keras.saving.serialize_keras_object(self.function),
        }


def of_one_rank(y_true, y_pred):
    """Labels and predictions, one of which may have a last axis of size 1 alone."""
    missing = len(y_pred.shape) - len(y_true.shape)
    if missing == 1 and y_pred.shape[-1] == 1:
        return ops.expand_dims(y_true, -1), y_pred
    if missing == -1 and y_true.shape[-1] == 1:
        return ops.squeeze(y_true, -1), y_pred
    return y_true, y_pred


def core(loss):
    """The function that a loss calls, or the class of one that has none."""
    function = getattr(loss, "function", type(loss))
    return getattr(function, "func", function)  # Of a `functools.partial`.


def names_of(loss):
    """The names of the function and of the classes that a loss is made of."""
    return [getattr(each, "__name__", "") for each in (core(loss), *type(loss).__mro__)]


def is_of_keras(loss):
    """Whether a loss is one of Keras's own, as an object or as a function."""
    return getattr(core(loss), "__module__", "").startswith("keras.")


def setting(loss, name, default=None):
    """An argument that a loss of Keras was made with, such as its `axis`.

    Args:
        loss: A `keras.losses.Loss`, also of a `functools.partial`.
        name: The name of the argument.
        default: What it is of a loss that has none.
    """
    given = getattr(getattr(loss, "function", None), "keywords", None)
    # Keras keeps the `axis` of SparseCategoricalCrossentropy nowhere else.
    given = given or getattr(loss, "_fn_kwargs", {})
    return getattr(loss, name, given.get(name, default))
