"""Class ids as one-hot labels, and how many classes each label has."""

import numpy as np
from keras import tree

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.ops import is_tensorflow
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.ops import values
from keras_mixup._backend.structures import flatten_with_path

# Fewer samples may be one-hot by accident, though they are class ids of steps.
_SAMPLES_TO_TELL = 3


def class_counts(labels, num_classes):
    """The number of classes of each label, in the order of their leaves.

    Args:
        labels: A tensor or a nested structure of tensors.
        num_classes: A number for all of them, `None`, or a structure like that of the
            labels.
    """
    _check_same_form(labels, num_classes, "")
    return [_at(num_classes, path) for path, _ in flatten_with_path(labels)]


def class_ids(labels, num_classes):
    """Class ids as integers again, of which Keras's layers make floats in a graph.

    Args:
        labels: Class ids of a floating dtype.
        num_classes: Number of classes.
    """
    dtype = dtype_name(labels.dtype)
    most = {"bfloat16": 256, "float16": 2048}.get(dtype)
    if most and num_classes > most:
        raise ValueError(
            f"A {dtype} holds no class ids above {most}. Cast labels to integers or to "
            f"float32. Received: {dtype} labels with num_classes={num_classes}"
        )
    seen = values(labels)
    if seen is not None and (broken := seen[seen != np.floor(seen)]).size:
        raise ValueError(
            f"Integer labels must be in [0, {num_classes}), and floats of one number a "
            f"sample are class ids, as num_classes={num_classes} says. Leave it out "
            "for regression, or give one for each label, `None` for numbers. "
            f"Received: a label of {broken.flat[0]}"
        )
    ops = ops_for(labels)
    ids = ops.cast(labels, "int32")
    # What is no whole number is out of range, of which there is a check.
    return ops.where(ops.equal(ops.cast(ids, labels.dtype), labels), ids, -1)


def one_hot(labels, num_classes):
    """Integer class ids as one-hot labels; of one class, as the number 0 or 1."""
    if num_classes is None:
        raise ValueError(
            "Integer labels are class ids and cannot be blended. Pass "
            "`num_classes` to the layer to mix them as one-hot labels, or cast labels "
            "that are not class ids (targets of a regression, counts, 0 or 1 for one "
            "sigmoid, one-hot, multi-label) to float. Received: labels of dtype "
            f"{labels.dtype} and num_classes=None"
        )
    ops, rank = ops_for(labels), len(labels.shape)
    if rank > 1 and labels.shape[-1] == 1:
        labels = ops.reshape(labels, tuple(ops.shape(labels))[:-1])
    elif rank > 1 and labels.shape[-1] == num_classes:
        raise ValueError(
            f"Integer labels of shape {tuple(labels.shape)} with "
            f"num_classes={num_classes} may be one-hot labels or sequences of "
            f"{num_classes} class ids. Cast one-hot labels to float; give class "
            "ids a last axis of size 1."
        )
    elif rank > 1 and num_classes > 2:
        _check_not_one_hot(labels, num_classes)
    ids = ops.cast(labels, "int32")
    if num_classes == 1:
        # One sigmoid tells two classes apart.
        _check_range(labels, 2, num_classes)
        both = ops.one_hot(ids, 2)
        return ops.cast(both[..., 1:], "float32")
    _check_range(labels, num_classes, num_classes)
    return ops.cast(ops.one_hot(ids, num_classes), "float32")


def smoothed(labels, num_classes, smoothing):
    """Labels that leave a part to all classes alike: (1 − ε)·y + ε / classes.

    Args:
        labels: One-hot labels, or numbers 0 and 1 where `num_classes` is 1.
        num_classes: Number of classes, or `None` for the size of the last axis.
        smoothing: The part ε, in [0, 1).
    """
    if num_classes is None and (len(labels.shape) < 2 or labels.shape[-1] in (1, None)):
        raise ValueError(
            "`label_smoothing` is for classes, and labels of one number per sample are "
            "none without `num_classes`. "
            f"Received: labels of shape {tuple(labels.shape)}"
        )
    # One number tells two classes apart.
    classes = 2 if num_classes == 1 else labels.shape[-1]
    return labels * (1 - smoothing) + smoothing / classes


def _check_range(labels, size, num_classes):
    seen = values(labels)
    if seen is not None and seen.size and not 0 <= seen.min() <= seen.max() < size:
        wrong = seen.min() if seen.min() < 0 else seen.max()
        raise ValueError(
            f"Integer labels must be in [0, {size}), as "
            f"num_classes={num_classes} says. Received: a label of {wrong}"
        )


def _check_not_one_hot(labels, num_classes):
    message = (
        "Integer labels look like one-hot labels of another width than "
        f"num_classes={num_classes}. Cast one-hot labels to float, and give "
        "`num_classes` as their width or not at all; give class ids of steps a last "
        f"axis of size 1. Received: shape {tuple(labels.shape)}"
    )
    seen = values(labels)
    if seen is not None:
        if len(seen) >= _SAMPLES_TO_TELL and _distance_to_one_hot(seen) == 0:
            raise ValueError(message)
    elif is_tensorflow(labels):
        ops = ops_for(labels)
        few = ops.cast(ops.shape(labels)[0] < _SAMPLES_TO_TELL, "int32")
        found = ops.cast(ops.equal(_distance_to_one_hot(labels) + few, 0), "int32")
        ops.check_range(found, 1, message)


def _distance_to_one_hot(labels):
    # A label of integers is one-hot if it and its squares both sum to 1.
    ops = ops_for(labels)
    ids = ops.cast(labels, "int32")
    one, squares = ops.sum(ids, axis=-1) - 1, ops.sum(ids * ids, axis=-1) - 1
    return ops.max(ops.abs(one) + ops.abs(squares))


def _check_same_form(labels, num_classes, place):
    if num_classes is None or isinstance(num_classes, int):
        return
    if isinstance(num_classes, dict):
        fits = isinstance(labels, dict) and set(labels) == set(num_classes)
        keys = num_classes
    else:
        fits = isinstance(labels, (list, tuple)) and len(labels) == len(num_classes)
        keys = range(len(num_classes))
    if not fits:
        form = tree.map_structure(lambda _: "…", labels)
        raise ValueError(
            "`num_classes` must be a number or structured like the labels, with "
            f"`None` for labels that are no classes. Received: num_classes={place}"
            f"{num_classes!r} for labels {form!r}"
        )
    for key in keys:
        _check_same_form(labels[key], num_classes[key], f"{place}[{key!r}]=")


def _at(num_classes, path):
    for step in path:
        if num_classes is None or isinstance(num_classes, int):
            break
        num_classes = num_classes[step]
    return num_classes
