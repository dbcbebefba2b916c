"""The distance of predictions from labels, as a term beside the loss."""

from keras import ops

from keras_mixup.accuracy import kind_of_labels
from keras_mixup.function_loss import of_one_rank


def absolute_error(loss, labels, y_pred):
    """The mean of |p − y| over the classes or targets of each row.

    Args:
        loss: The base loss, which tells what kind of labels these are, and whether
            predictions are logits.
        labels: Class ids, one-hot or multi-hot rows, or targets.
        y_pred: The predictions.

    Returns:
        A tensor of the shape of the predictions without their last axis.
    """
    kind = kind_of_labels(loss)
    if kind is not None and getattr(loss, "from_logits", False):
        y_pred = ops.sigmoid(y_pred) if kind == "binary" else ops.softmax(y_pred)
    if kind == "sparse":
        if len(labels.shape) == len(y_pred.shape):
            labels = ops.squeeze(labels, axis=-1)
        labels = ops.one_hot(ops.cast(labels, "int32"), y_pred.shape[-1])
    labels, y_pred = of_one_rank(labels, y_pred)
    if tuple(labels.shape[1:]) != tuple(y_pred.shape[1:]):
        raise ValueError(
            "`regularization` compares predictions with labels of their shape, or with "
            "class ids under a Keras loss of classes. Received: predictions of shape "
            f"{tuple(y_pred.shape)}, labels of shape {tuple(labels.shape)}, "
            f"loss={loss.name!r}"
        )
    return ops.mean(ops.abs(y_pred - ops.cast(labels, y_pred.dtype)), axis=-1)
