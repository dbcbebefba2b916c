"""Labels and sample weights of a mixed batch."""

import numpy as np

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_float
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.structures import pack_as
from keras_mixup._backend.tensor_checks import is_one_a_sample
from keras_mixup.data.classes import class_counts
from keras_mixup.data.classes import class_ids
from keras_mixup.data.classes import one_hot
from keras_mixup.data.classes import smoothed
from keras_mixup.data.dense import mix_dense_labels
from keras_mixup.data.rules import AS_THEY_ARE
from keras_mixup.plans.blend import above
from keras_mixup.plans.blend import float_dtype
from keras_mixup.plans.sample_weight import weigh


def soft_labels(
    labels, sample_weight=None, num_classes=None, float_ids=True, rules=AS_THEY_ARE
):
    """Labels that may be mixed, checked to go with their weights.

    Args:
        labels: Tensor `(batch_size, ...)` or a nested structure of these, or of `None`.
            Integers are class ids and become one-hot float32 labels; floats are left
            as they are; booleans are multi-hot and become float32.
        sample_weight: Optional tensor `(batch_size, ...)` for all labels, or as
            many of them as there are labels, in the same structure.
        num_classes: Number of classes of integer labels, or a nested structure.
        float_ids: Whether floats of one number per sample, too, are class ids where
            there is a number of classes.
        rules: The `Rules`.
    """
    leaves = flatten(labels)
    counts = class_counts(labels, num_classes)
    pasted = rules.are_pasted(labels)
    targets = [
        y if y is None or stays else _soft(y, n, float_ids)
        for y, n, stays in zip(leaves, counts, pasted)
    ]
    if len(targets) == 1 or not isinstance(num_classes, (int, type(None))):
        for target, count, stays in zip(targets, counts, pasted):
            _check_width(target, None if stays else count)
    softens = rules.label_smoothing or rules.target_threshold is not None
    if softens and pasted and all(pasted):
        raise ValueError(
            "Labels of elements are pasted as they are. `label_smoothing` and "
            "`target_threshold` are for labels of whole samples: give them to the loss "
            "instead. Received: label_smoothing="
            f"{rules.label_smoothing}, target_threshold={rules.target_threshold}"
        )
    if rules.label_smoothing:
        targets = [
            y if y is None or stays else smoothed(y, n, rules.label_smoothing)
            for y, n, stays in zip(targets, counts, pasted)
        ]
    weights = flatten(sample_weight)
    if len(weights) not in (1, len(targets)):
        raise ValueError(
            "`sample_weight` must be one tensor, or one for each of the "
            f"{len(targets)} labels. Received: {len(weights)} weights"
        )
    if sample_weight is not None and len(weights) < len(targets) and any(rules.dense):
        raise ValueError(
            "Labels of elements have weights of elements once they are pasted, so each "
            f"of several labels needs a `sample_weight` of its own. Received: one for "
            f"{len(targets)} labels"
        )
    return pack_as(labels, targets)


def mix_labels(plan, labels, sample_weight=None, rules=AS_THEY_ARE):
    """Labels and weights such that one soft loss is the two-term weighted loss.

    Args:
        plan: A `MixPlan`, or `None` to leave the samples unmixed.
        labels: What `soft_labels` returned.
        sample_weight: The weights that it was given.
        rules: The `Rules`.

    Returns:
        The mixed labels, and the mixed weights (`None` if none came).
    """
    targets, weights = flatten(labels), flatten(sample_weight)
    if plan is None:
        mixed, weighed = targets, [_as_float(w) for w in weights]
    elif any(rules.dense):
        several = weights * len(targets) if len(weights) == 1 else weights
        mixed, weighed = zip(
            *(
                _mix_one(plan, y, w, rules._replace(dense=dense))
                for y, w, dense in zip(targets, several, rules.dense)
            )
        )
        weighed = weighed[: len(weights)]
    else:
        shares, weighed = zip(*(weigh(plan, w) for w in weights))
        if len(shares) == 1:
            shares *= len(targets)
        mixed = [_blended(plan, y, s, rules) for y, s in zip(targets, shares)]
    return (
        pack_as(labels, list(mixed)),
        pack_as(sample_weight, list(weighed)),
    )


def _mix_one(plan, y, weight, rules):
    if y is None:
        return None, weight
    if rules.dense:
        return mix_dense_labels(plan, y, weight, rules.data_format)
    shares, total = weigh(plan, weight)
    return _blended(plan, y, shares, rules), total


def _blended(plan, y, shares, rules):
    if y is None or rules.target_threshold is None:
        return None if y is None else plan.blend(y, shares, y.dtype)
    # What is there does not depend on what a sample weighs.
    return above(plan.blend(y, None, y.dtype), rules.target_threshold)


def check_not_ids(key, labels):
    """Raises of floats that may be class ids, of which nothing says how many."""
    dtype = dtype_name(labels.dtype)
    if is_float(dtype) and _are_single(labels):
        raise ValueError(
            f"{key!r} with one float per sample may be class ids: Keras's image layers "
            "make floats of them in a graph. Pass `num_classes` to it, or call it "
            "as `mix(images, targets)` to blend numbers (or say "
            f"`num_classes={{{key!r}: None}}`). Received: num_classes=None"
        )


def look_like_class_ids(labels):
    """Whether floats, whose values can be seen, are ids of more than two classes.

    They are whole numbers from 0 on, fewer than there are samples, and some come
    more than once.
    """
    dtype = dtype_name(labels.dtype)
    if ops_for(labels) is not NumpyOps or not is_float(dtype):
        return False
    if not is_one_a_sample(labels) or (labels != np.floor(labels)).any():
        return False
    different = np.unique(labels)
    return (
        2 < len(different) < labels.size
        and different[0] == 0
        and different[-1] < labels.size
    )


def _soft(labels, num_classes, float_ids):
    dtype = dtype_name(labels.dtype)
    alone = _are_single(labels)
    if dtype == "bool" and num_classes in (1, 2) and alone:
        return one_hot(ops_for(labels).cast(labels, "int32"), num_classes)
    if dtype == "bool":
        return ops_for(labels).cast(labels, "float32")
    if is_float(dtype):
        if not float_ids or not alone or num_classes in (None, 1):
            return labels
        labels = class_ids(labels, num_classes)
    return one_hot(labels, num_classes)


def _are_single(labels):
    return len(labels.shape) == 1 or labels.shape[-1] == 1


def _check_width(targets, num_classes):
    if targets is None or num_classes is None:
        return
    if len(targets.shape) < 2 or targets.shape[-1] not in (None, num_classes):
        raise ValueError(
            "Labels that are no integers must have a last axis of "
            f"num_classes={num_classes}. Received: labels of shape "
            f"{tuple(targets.shape)}. Cast class ids to integers; leave `num_classes` "
            "out for regression."
        )


def _as_float(weight):
    return None if weight is None else ops_for(weight).cast(weight, float_dtype(weight))
