"""The class whose labels do not count, such as that of pixels without one."""

import keras
from keras import ops

from keras_mixup._backend.host import as_tensors
from keras_mixup.losses.accuracy import class_ids
from keras_mixup.losses.base_loss import setting
from keras_mixup.losses.values import weighed


def counted(loss, labels, y_pred):
    """1 where a label counts, and 0 where it is of the loss's `ignore_class`.

    Args:
        loss: A `keras.losses.Loss`.
        labels: Labels, as the loss takes them.
        y_pred: The predictions.

    Returns:
        A float32 tensor of the shape of the loss's values, or `None` of a loss that
        ignores no class.
    """
    ignored = setting(loss, "ignore_class")
    if ignored is None:
        return None
    labels = class_ids(labels, y_pred, setting(loss, "axis", -1))
    # As floats: -1 may be no number of the labels' own dtype.
    return ops.cast(ops.not_equal(ops.cast(labels, "float32"), ignored), "float32")


def blended(values, shares):
    """The sum of float32 values of the samples of a blend, by their shares."""
    return sum(
        weighed(share, ops.cast(each, "float32")) for each, share in zip(values, shares)
    )


def over_counted(loss, terms, y_pred, sample_weight=None):
    """What makes of a mean over all values one over those whose labels count.

    Args:
        loss: The loss that takes the mean.
        terms: For each sample of a blend its labels, its share of the weight that the
            blend has, and its share of the blend.
        y_pred: The predictions, which may have a mask of their own.
        sample_weight: Optional weights of the blends.

    Returns:
        A float32 factor, 0 where nothing counts; or `None` of a loss that ignores no
        class or takes no mean.
    """
    averages = loss.reduction not in ("sum", "none", None)
    if setting(loss, "ignore_class") is None or not averages:
        return None
    labels, weights, shares = zip(*as_tensors(terms))
    masks = [counted(loss, y, y_pred) for y in labels]
    if loss.reduction == "mean_with_sample_weight":
        shares = weights
        # On PyTorch, Keras masks the weights that it is given where they are.
        sample_weight = None if sample_weight is None else ops.copy(sample_weight)
    else:
        sample_weight = None  # Keras's other mean is not one over the weights.
    mean = _Mean("counted", loss.reduction, "float32")
    counts = mean(blended(masks, shares), y_pred, sample_weight)
    one = ops.ones((1,), "float32")
    # A replica divides all its means by the number of replicas.
    return ops.divide_no_nan(mean(one, one), counts)


class _Mean(keras.losses.Loss):
    """A mean of values as they come, under the mask of the predictions."""

    def call(self, y_true, y_pred):
        return y_true
