"""Class ids as the one-hot labels that a loss takes."""

from keras import ops

from keras_mixup._backend.checks import check_threshold
from keras_mixup.losses.accuracy import kind_of_labels
from keras_mixup.losses.base_loss import setting


def check_target_threshold(loss, threshold):
    """Returns a threshold that the labels of a loss may be compared with, or raises."""
    if threshold is not None and kind_of_labels(loss) == "sparse":
        raise ValueError(
            "`target_threshold` makes labels of 0 and 1, which a loss of class ids "
            "does not take: use BinaryCrossentropy or CategoricalCrossentropy. "
            f"Received: target_threshold={threshold!r} with the loss {loss.name!r}"
        )
    return check_threshold(threshold)


def as_one_hot(loss, y_true, y_pred):
    """One-hot labels, where class ids came and the loss takes a number per class.

    An id of no class becomes NaN, as a label of zeros would go unnoticed.

    Args:
        loss: The loss.
        y_true: Labels, as they came.
        y_pred: The predictions, on one axis a number for each class.
    """
    kind = kind_of_labels(loss)
    if kind not in ("categorical", "binary") or len(y_pred.shape) < 2:
        return y_true
    y_true = ops.convert_to_tensor(y_true)
    axis = setting(loss, "axis", -1) % len(y_pred.shape)
    classes = y_pred.shape[axis]
    alone = len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1
    if classes in (1, None) or not (alone or _lacks_classes(y_true, y_pred, axis)):
        return y_true
    if kind == "binary" and not _are_integers(y_true):
        return y_true
    ids = ops.squeeze(y_true, axis=axis) if alone else y_true
    ids = ops.cast(ids, "int32")
    there = ops.logical_and(ids >= 0, ids < classes)
    # PyTorch would raise of ids of no class, and could not in a compiled step.
    ids = ops.where(there, ids, 0)
    one_hot = ops.one_hot(ids, classes, axis=axis, dtype=loss.dtype)
    return ops.where(ops.expand_dims(there, axis), one_hot, float("nan"))


def _lacks_classes(y_true, y_pred, axis):
    return len(y_true.shape) == len(y_pred.shape) - 1 and all(
        None in (a, b) or a == b
        for a, b in zip(
            y_true.shape[1:], y_pred.shape[1:axis] + y_pred.shape[axis + 1 :]
        )
    )


def _are_integers(y_true):
    return "int" in str(y_true.dtype)
