"""All terms of a loss in one call of it, for backends that pay for each operation."""

from keras import ops

from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.traces import runs_one_by_one
from keras_mixup.losses.accuracy import kind_of_labels
from keras_mixup.losses.base_loss import is_of_keras
from keras_mixup.losses.base_loss import setting
from keras_mixup.losses.mixed_labels import of_mixed_labels
from keras_mixup.losses.values import weighed


def can_join(loss, weights, y_pred):
    """Whether one call of a loss may give the values of all terms.

    Its values must be those of samples, each by itself, and few enough that the copy of
    the predictions costs nothing. XLA computes once what the terms share in any case.
    On TensorFlow a loss of Keras takes the logits behind predictions, where it finds
    them: a copy of the predictions has none, and a network that is sure of its errors
    would have no gradient.

    Args:
        loss: A `keras.losses.Loss`.
        weights: For each term the weights of its labels.
        y_pred: The predictions.
    """
    return (
        len(weights) > 1
        and all(len(weight.shape) == 1 for weight in weights)
        and len(y_pred.shape) == 2
        and kind_of_labels(loss) is not None
        and is_of_keras(loss)
        and setting(loss, "ignore_class") is None
        and runs_one_by_one()
    )


def joined(loss, terms, y_pred):
    """The weighted sum of the values of all terms, `(batch_size,)`.

    It is `None` of a loss that gives other values than one for each sample.

    Args:
        loss: A `keras.losses.Loss` that `can_join`.
        terms: `WeighedTerms`, of tensors or, on the host, arrays.
        y_pred: The predictions.
    """
    few = ops_for(terms.labels, terms.weights)
    if few is NumpyOps:
        values = of_mixed_labels(loss, terms.labels, terms.weights, y_pred)
        if values is not None:
            return values
    labels, weights, count = terms.safe(loss).labels, terms.weights, len(terms.labels)
    y, weight = few.concatenate(labels, axis=0), few.concatenate(weights, axis=0)
    values = loss.call(as_tensors(y), ops.concatenate([y_pred] * count, axis=0))
    if not may_be_equal(tuple(values.shape), tuple(y.shape[:1])):
        return None
    if few is NumpyOps:
        # The methods of PyTorch, which take less time than the functions of Keras.
        if not weight.all():
            values = values.masked_fill(as_tensors(weight == 0), 0.0)
        return (as_tensors(weight) * values).reshape(count, -1).sum(dim=0)
    values = weighed(as_tensors(weight), values)
    return ops.sum(ops.reshape(values, (count, -1)), axis=0)


def mean_of_samples(loss, values, y_pred, sample_weight):
    """The mean that Keras takes of values, in two operations in place of twelve.

    It is `None` of other reductions, of weights or masks, and where steps are compiled.

    Args:
        loss: The loss that takes the mean.
        values: The values of the loss.
        y_pred: The predictions, which may have a mask.
        sample_weight: The weights, or `None`.
    """
    if (
        sample_weight is None
        and loss.dtype == "float32"
        and loss.reduction in ("sum_over_batch_size", "mean", "mean_with_sample_weight")
        and getattr(y_pred, "_keras_mask", None) is None
        and len(values.shape) == 1
        and runs_one_by_one()
    ):
        return values.sum() / values.shape[0]
    return None
