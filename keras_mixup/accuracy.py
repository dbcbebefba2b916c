"""The accuracy on the labels of both rows that were blended."""

import keras
from keras import ops

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
    """The accuracy of each row on each of its labels, weighted by their shares.

    Args:
        loss: The base loss, which tells what kind of labels these are.
        terms: Pairs of labels and shares `(batch_size,)`.
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
        rows = ops.reshape(matches, (ops.shape(matches)[0], -1))
        total = total + share * ops.mean(rows, axis=-1)
    return total


def kind_of_labels(loss):
    """What Keras's loss of classes takes labels for, `None` of any other loss."""
    for each in (getattr(loss, "function", None), *type(loss).__mro__):
        name = getattr(each, "__name__", "").replace("_", "").lower()
        if name in _ACCURACIES:
            return _ACCURACIES[name]
    return None


def _matches(kind, loss, labels, y_pred):
    if kind == "binary":
        # Where the logit is 0, the probability is ½.
        threshold = 0.0 if getattr(loss, "from_logits", False) else 0.5
        return keras.metrics.binary_accuracy(labels, y_pred, threshold)
    if kind == "sparse":
        return keras.metrics.sparse_categorical_accuracy(labels, y_pred)
    return keras.metrics.categorical_accuracy(labels, y_pred)
