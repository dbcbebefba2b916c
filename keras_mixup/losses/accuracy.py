"""The accuracy on the labels of both samples that were blended."""

import keras
from keras import ops

from keras_mixup.losses.base_loss import names_of
from keras_mixup.losses.base_loss import setting
from keras_mixup.plans.blend import align

# A loss is a class here and a function there, as in KLDivergence, kl_divergence.
# Its name is known without underscores.
_ACCURACIES = {
    "binarycrossentropy": "binary",
    "binaryfocalcrossentropy": "binary",
    "categoricalcrossentropy": "categorical",
    "categoricalfocalcrossentropy": "categorical",
    "categoricalgeneralizedcrossentropy": "sparse",
    "categoricalhinge": "categorical",
    "kldivergence": "categorical",
    "sparsecategoricalcrossentropy": "sparse",
}


def pair_accuracy(loss, terms, y_pred):
    """The accuracy of each sample on each of its labels, weighted by their shares.

    Args:
        loss: The base loss, which tells what kind of labels these are.
        terms: Pairs of labels and shares, `(batch_size,)` or one for each element.
        y_pred: The predictions.

    Returns:
        A float32 tensor `(batch_size,)`, or `None` for a loss that is not one of
        Keras's for classes, as any other may be a regression.
    """
    kind = kind_of_labels(loss)
    if kind is None:
        return None
    total = 0.0
    for labels, share in terms:
        matches = ops.cast(_matches(kind, loss, labels, y_pred), "float32")
        matches = align(share, matches) * matches
        flat = ops.reshape(matches, (ops.shape(matches)[0], -1))
        total = total + ops.mean(flat, axis=-1)
    return total


def kind_of_labels(loss):
    """What Keras's loss of classes takes labels for, `None` of any other loss."""
    for name in names_of(loss):
        name = name.replace("_", "").lower()
        if name in _ACCURACIES:
            return _ACCURACIES[name]
    return None


def class_ids(labels, y_pred, axis):
    """The labels of a sparse loss, without the axis of the classes."""
    if len(labels.shape) == len(y_pred.shape):
        return ops.squeeze(labels, axis=axis)
    return labels


def _matches(kind, loss, labels, y_pred):
    if kind == "binary":
        # Where the logit is 0, the probability is ½.
        threshold = 0.0 if setting(loss, "from_logits") else 0.5
        return keras.metrics.binary_accuracy(labels, y_pred, threshold)
    axis = setting(loss, "axis", -1)
    # Keras's metrics take the last axis for that of the classes, and round class ids
    # to the dtype of the predictions.
    last = ops.moveaxis(ops.cast(y_pred, "float32"), axis, -1)
    if kind == "sparse":
        ids = class_ids(labels, y_pred, axis)
        return keras.metrics.sparse_categorical_accuracy(ids, last)
    return keras.metrics.categorical_accuracy(ops.moveaxis(labels, axis, -1), last)
