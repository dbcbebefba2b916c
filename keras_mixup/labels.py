"""Labels and sample weights of a mixed batch."""

import keras
from keras import tree

from keras_mixup.blending import float_dtype
from keras_mixup.namespaces import namespace
from keras_mixup.namespaces import values
from keras_mixup.weights import weigh


def dense_labels(labels, sample_weight=None, num_classes=None):
    """Labels that may be blended, checked to go with their weights.

    Args:
        labels: Tensor `(batch_size, ...)` or a nesting of such tensors. Integers
            are class ids and become one-hot float32 rows; floats are left as
            they are; booleans are multi-hot and become float32.
        sample_weight: Optional tensor `(batch_size, ...)` for all labels, or as
            many of them as there are labels, in the same structure.
        num_classes: Number of classes of integer labels.
    """
    targets = [dense_targets(y, num_classes) for y in tree.flatten(labels)]
    if len(targets) == 1:
        _check_width(targets[0], num_classes)
    weights = tree.flatten(sample_weight)
    if len(weights) not in (1, len(targets)):
        raise ValueError(
            "`sample_weight` must be one tensor, or one for each of the "
            f"{len(targets)} labels. Received: {len(weights)} weights"
        )
    return tree.pack_sequence_as(labels, targets)


def mix_labels(plan, labels, sample_weight=None):
    """Labels and weights such that one soft loss is the two-term weighted loss.

    Args:
        plan: A `MixPlan`, or `None` to leave the rows unmixed.
        labels: What `dense_labels` returned.
        sample_weight: The weights that it was given.

    Returns:
        The mixed labels, and the mixed weights (`None` if none came).
    """
    targets, weights = tree.flatten(labels), tree.flatten(sample_weight)
    if plan is None:
        mixed, weighed = targets, [_as_float(w) for w in weights]
    else:
        shares, weighed = zip(*(weigh(plan, w) for w in weights))
        if len(shares) == 1:
            shares *= len(targets)
        mixed = [plan.blend(y, s, y.dtype) for y, s in zip(targets, shares)]
    return (
        tree.pack_sequence_as(labels, list(mixed)),
        tree.pack_sequence_as(sample_weight, list(weighed)),
    )


def class_ids(key, labels, num_classes):
    """Class ids as integers again, of which Keras's layers make floats in a graph.

    Args:
        key: Their key in the batch.
        labels: The labels or masks of images: class ids of any dtype, or rows of
            `num_classes` floats, which are returned as they are.
        num_classes: Number of classes, or `None`.
    """
    dtype = keras.backend.standardize_dtype(labels.dtype)
    column = len(labels.shape) == 1 or labels.shape[-1] == 1
    if not keras.backend.is_float_dtype(dtype) or not column or num_classes == 1:
        return labels
    if num_classes is None:
        if key not in ("labels", "label"):
            return labels
        raise ValueError(
            f"{key!r} with one float a row may be class ids: Keras's image layers make "
            "floats of them in a graph. Pass `num_classes` to MixUp, or call it as "
            "`mix(images, targets)` to blend numbers. Received: num_classes=None"
        )
    most = {"bfloat16": 256, "float16": 2048}.get(dtype)
    if most and num_classes > most:
        raise ValueError(
            f"A {dtype} holds no class ids above {most}. Cast labels to integers or to "
            f"float32. Received: {dtype} labels with num_classes={num_classes}"
        )
    ops = namespace(labels)
    ids = ops.cast(labels, "int32")
    # What is no whole number is out of range, of which there is a check.
    return ops.where(ops.equal(ops.cast(ids, labels.dtype), labels), ids, -1)


def dense_targets(labels, num_classes):
    """Labels as floats that may be mixed: class ids become one-hot rows."""
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if keras.backend.is_float_dtype(dtype):
        return labels
    ops = namespace(labels)
    if dtype == "bool":
        return ops.cast(labels, "float32")
    if num_classes is None:
        raise ValueError(
            "Integer labels are class ids and cannot be blended. Pass "
            "`num_classes` to MixUp to mix them as one-hot rows, or cast labels "
            "that are not class ids (one-hot, multi-label, counts) to float. "
            f"Received: labels of dtype {dtype} and num_classes=None"
        )
    rank = len(labels.shape)
    if rank > 1 and labels.shape[-1] == 1:
        labels = ops.reshape(labels, tuple(ops.shape(labels))[:-1])
    elif rank > 1 and labels.shape[-1] == num_classes:
        raise ValueError(
            f"Integer labels of shape {tuple(labels.shape)} with "
            f"num_classes={num_classes} may be one-hot rows or sequences of "
            f"{num_classes} class ids. Cast one-hot labels to float; give class "
            "ids a last axis of size 1."
        )
    _check_range(labels, num_classes)
    return ops.cast(ops.one_hot(ops.cast(labels, "int32"), num_classes), "float32")


def _check_range(labels, num_classes):
    seen = values(labels)
    if (
        seen is not None
        and seen.size
        and not 0 <= seen.min() <= seen.max() < num_classes
    ):
        wrong = seen.min() if seen.min() < 0 else seen.max()
        raise ValueError(
            f"Integer labels must be in [0, {num_classes}), as "
            f"num_classes={num_classes} says. Received: a label of {wrong}"
        )


def _check_width(targets, num_classes):
    if num_classes is not None and (
        len(targets.shape) < 2 or targets.shape[-1] not in (None, num_classes)
    ):
        raise ValueError(
            f"Float labels must have a last axis of num_classes={num_classes}. "
            f"Received: labels of shape {tuple(targets.shape)}. Cast class ids to "
            "integers; leave `num_classes` out for regression."
        )


def _as_float(weight):
    return (
        None if weight is None else namespace(weight).cast(weight, float_dtype(weight))
    )
