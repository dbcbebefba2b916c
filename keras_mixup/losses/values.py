"""The values of a loss for each sample of a batch."""

import math

from keras import ops

from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.ops import ops_for
from keras_mixup.losses.accuracy import kind_of_labels
from keras_mixup.losses.base_loss import is_of_keras
from keras_mixup.losses.base_loss import setting
from keras_mixup.plans.blend import align


def with_last_axis(y_true, y_pred):
    """Labels and predictions with a last axis, for losses to average over."""
    # It must not be that of the samples.
    if len(y_pred.shape) > 1 or tuple(y_true.shape[1:]) not in ((), (1,)):
        return y_true, y_pred
    if len(y_true.shape) == 1:
        y_true = ops.expand_dims(y_true, -1)
    return y_true, ops.expand_dims(y_pred, -1)


def safe_labels(loss, labels, weights, always_one):
    """Labels of which those that have no weight are like another one of the sample.

    A loss of theirs may be infinite, or its gradient, which no weight of 0 undoes.

    Args:
        loss: The loss that they are for.
        labels: For each sample of a blend its labels, in floats.
        weights: For each of them its weight.
        always_one: Whether of every sample at least one label has weight.
    """
    ops = ops_for(labels, weights)
    has_weight = [_has_weight(loss, *each) for each in zip(labels, weights)]
    other, first = labels[0], 1
    if not always_one:
        # Where none has weight, any number will do that is one.
        other, first = ops.where(ops.isfinite(other), other, 0.0), 0
    for y, has in list(zip(labels, has_weight))[first:]:
        other = ops.where(has, y, other)
    safe = [ops.where(has, y, other) for y, has in zip(labels[:-1], has_weight)]
    return [*safe, other]


def weighed(weight, values):
    """Values by their weights, nothing where the weight is 0, whatever the value."""
    weight = align(ops.cast(weight, values.dtype), values)
    return weight * ops.where(ops.equal(weight, 0), 0.0, values)


def check_values(loss, values, y_true, y_pred):
    """Raises unless a loss gave values of each sample, and of no pair of them.

    Labels `(batch_size,)` and predictions `(batch_size, 1)` that a loss subtracts from
    each other give `(batch_size, batch_size)` values, and no error.

    Args:
        loss: The loss.
        values: What it returned, of one axis or more.
        y_true: The labels that it got.
        y_pred: The predictions that it got.
    """
    if not _fit(loss, *(tuple(each.shape) for each in (values, y_true, y_pred))):
        raise ValueError(
            f"The loss {loss.name!r} must give a value for each sample, or for each of "
            "its parts (steps, pixels, outputs), on the first axis that of the sample. "
            f"Received: values of shape {tuple(values.shape)} for labels of shape "
            f"{tuple(y_true.shape)} and predictions of shape {tuple(y_pred.shape)}"
        )


def _has_weight(loss, y, weight):
    ops, rank = ops_for(weight), len(weight.shape)
    some = ops.not_equal(weight, 0)
    # Which labels go with the values that have the weights is known where no axis is
    # left out, and of Keras's losses over the last one.
    last = is_of_keras(loss) and setting(loss, "axis", -1) in (-1, len(y.shape) - 1)
    known = may_be_equal(weight.shape, y.shape[:rank]) and (
        last or rank == len(y.shape)
    )
    if rank > 1 and not known:
        # Keras 3.13 takes one axis only, on PyTorch.
        some = ops.any(ops.reshape(some, (ops.shape(some)[0], -1)), axis=-1)
    return align(some, y)


def _fit(loss, shape, labels, predictions):
    batch_size, axis = predictions[0], setting(loss, "axis", -1)
    if kind_of_labels(loss) == "sparse":
        axis %= len(predictions)
        # Keras's generalized cross-entropy pairs all samples if labels are `(n, 1)`.
        return may_be_equal(shape, predictions[:axis] + predictions[axis + 1 :])
    if None not in (shape[0], batch_size) and shape[0] != batch_size:
        return False
    sizes = [size for size in shape[1:] if size != 1]
    if any(_is_part(sizes, of[1:]) for of in (predictions, labels)):
        return True
    # A loss may also arrange the parts anew, as that of anchors does.
    if None in sizes or batch_size in sizes:
        return False
    count = math.prod(sizes)
    return any(
        None not in of[1:] and math.prod(of[1:]) % count == 0
        for of in (predictions, labels)
    )


def _is_part(sizes, of):
    left = iter(of)
    return all(size in left for size in sizes)
