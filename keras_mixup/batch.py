"""A batch as a pipeline hands it over: inputs with their labels, or a dict."""

import keras
from keras import tree

from keras_mixup.boxes import mix_boxes
from keras_mixup.checks import check_batch
from keras_mixup.checks import is_numeric
from keras_mixup.labels import mix_labels
from keras_mixup.namespaces import is_dense
from keras_mixup.namespaces import namespace
from keras_mixup.plan import MixPlan

_IMAGES = ("images", "image")
_LABELS = ("labels", "label", "segmentation_masks", "segmentation_mask")
_BOXES = "bounding_boxes"
_WEIGHT = "sample_weight"
_MIXED = (*_IMAGES, *_LABELS, _BOXES, _WEIGHT)


def is_batch(x):
    """Whether a lone input is images with their labels, masks or boxes."""
    return (
        isinstance(x, dict)
        and any(key in x for key in _IMAGES)
        and any(key in x for key in (*_LABELS, _BOXES))
    )


def parts_of(x, y=None, sample_weight=None):
    """The parts of a batch that one plan mixes, checked to go together.

    Returns:
        A dict of the parts, the inputs first.
    """
    if any(
        isinstance(leaf, keras.KerasTensor)
        for leaf in tree.flatten((x, y, sample_weight))
    ):
        raise TypeError(
            "MixUp was called with symbolic labels. In a model, call it on the "
            "inputs alone and compile the model with `MixupLoss(loss, mixup=layer)`, "
            "which mixes the labels."
        )
    if y is not None:
        parts = {"x": x, "y": y, "sample_weight": sample_weight}
    elif sample_weight is not None:
        raise ValueError("`sample_weight` goes with labels `y`. Received: y=None")
    elif is_batch(x):
        _check_entries(x)
        parts = {key: x[key] for key in _MIXED if key in x}
    elif isinstance(x, dict) and any(key in x for key in _IMAGES):
        _check_no_class_ids(x)
        parts = {"x": x}
    else:
        parts = {"x": x}
    check_batch(**parts)
    return parts


def labels_of(parts):
    """The labels among the parts of a batch, `None` if it has boxes alone."""
    return [parts[key] for key in ("y", *_LABELS) if key in parts] or None


def mix_batch(plan, x, y, sample_weight, *, num_classes, dtype):
    """Mixes inputs, labels and weights, in the form in which they came.

    Args:
        plan: A `MixPlan`, or `None` to leave the rows unmixed.
        x: Inputs, or a dict for which `is_batch` holds.
        y: Labels, `None` with a dict or with inputs alone.
        sample_weight: Weights or `None`.
        num_classes: Number of classes of integer labels.
        dtype: Dtype of the mixed inputs.
    """
    if y is None and is_batch(x):
        return _mix_dict(plan, x, num_classes, dtype)
    mixed_x = mix_inputs(plan, x, dtype)
    if y is None:
        return mixed_x
    mixed_y, weight = mix_labels(plan, y, sample_weight, num_classes)
    return (mixed_x, mixed_y) if weight is None else (mixed_x, mixed_y, weight)


def mix_inputs(plan, inputs, dtype):
    """Inputs mixed by `plan`, or only cast where there is no plan."""
    if plan is None:
        return tree.map_structure(lambda x: namespace(x).cast(x, dtype), inputs)
    return plan.mix(inputs, dtype)


def _mix_dict(plan, batch, num_classes, dtype):
    mixed = dict(batch)
    for key in _IMAGES:
        if key in batch:
            mixed[key] = mix_inputs(plan, batch[key], dtype)
    labels = {key: batch[key] for key in _LABELS if key in batch}
    if labels:
        labels, weight = mix_labels(plan, labels, batch.get(_WEIGHT), num_classes)
        mixed.update(labels)
        if weight is not None:
            mixed[_WEIGHT] = weight
    if _BOXES in batch:
        boxes = batch[_BOXES]
        mixed[_BOXES] = mix_boxes(plan or MixPlan.identity(boxes["labels"]), boxes)
    return mixed


def _check_entries(batch):
    for key, entry in batch.items():
        # Ids and file names belong to the row that dominates, and stay.
        if key not in _MIXED and not _identifies_rows(entry):
            raise ValueError(
                f"MixUp does not know how to mix the entry {key!r} of a dict batch. "
                f"It mixes {list(_MIXED)}, and leaves ids and text alone. Call the "
                "layer as `mix(x, y)` to mix a dict of other inputs. "
                f"Received: keys {sorted(batch)}"
            )
    if _WEIGHT in batch and not any(key in batch for key in _LABELS):
        raise ValueError(
            f"{_WEIGHT!r} goes with labels or masks. Received: keys {sorted(batch)}"
        )


def _check_no_class_ids(inputs):
    for key, entry in inputs.items():
        if is_dense(entry) and is_numeric(entry.dtype) and len(entry.shape) == 1:
            dtype = keras.backend.standardize_dtype(entry.dtype)
            if keras.backend.is_int_dtype(dtype):
                raise ValueError(
                    f"A dict of images has the integers {key!r} for each row. Labels "
                    f"go under one of the keys {[*_LABELS, _BOXES]}. "
                    f"Received: keys {sorted(inputs)}"
                )


def _identifies_rows(entry):
    leaves = tree.flatten(entry)
    return not any(
        is_numeric(leaf.dtype)
        and (len(leaf.shape) > 1 or keras.backend.is_float_dtype(leaf.dtype))
        for leaf in leaves
        if hasattr(leaf, "dtype")
    )
