"""The distance of predictions from labels, as a term beside the loss."""

from keras import ops

from keras_mixup._backend.checks import may_be_equal
from keras_mixup.losses.accuracy import class_ids
from keras_mixup.losses.accuracy import kind_of_labels
from keras_mixup.losses.base_loss import of_one_rank
from keras_mixup.losses.base_loss import setting
from keras_mixup.losses.ignored_class import counted
from keras_mixup.plans.blend import align


def absolute_error(loss, labels, y_pred, values):
    """The mean of |p − y| over the classes or targets, where labels count.

    Args:
        loss: The base loss, which tells what kind of labels these are, and whether
            predictions are logits.
        labels: Class ids, one-hot or multi-hot labels, or targets.
        y_pred: The predictions.
        values: The values of the loss, which the result is to be added to.

    Returns:
        A tensor that goes with `values`: of their shape, if the loss is one over the
        classes or targets as well, else one number per sample.
    """
    kind, axis = kind_of_labels(loss), setting(loss, "axis", -1)
    counts = counted(loss, labels, y_pred)
    if kind is not None and setting(loss, "from_logits"):
        binary = kind == "binary"
        y_pred = ops.sigmoid(y_pred) if binary else ops.softmax(y_pred, axis=axis)
    if kind == "sparse":
        ids = class_ids(labels, y_pred, axis)
        if counts is not None:
            ids = ops.where(counts > 0, ids, 0)  # Others may be of no class.
        labels = ops.one_hot(ops.cast(ids, "int32"), y_pred.shape[axis])
        labels = ops.moveaxis(labels, -1, axis)
    labels, y_pred = of_one_rank(labels, y_pred)
    if tuple(labels.shape[1:]) != tuple(y_pred.shape[1:]):
        raise ValueError(
            "`regularization` compares predictions with labels of their shape, or with "
            "class ids under a Keras loss of classes. Received: predictions of shape "
            f"{tuple(y_pred.shape)}, labels of shape {tuple(labels.shape)}, "
            f"loss={loss.name!r}"
        )
    error = ops.abs(y_pred - ops.cast(labels, y_pred.dtype))
    mean = ops.mean(error, axis=axis)
    if not may_be_equal(mean.shape, values.shape):
        flat = ops.reshape(error, (ops.shape(error)[0], -1))
        mean = align(ops.mean(flat, axis=-1), values)
    return mean if counts is None else mean * ops.cast(counts, mean.dtype)
