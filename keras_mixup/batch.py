"""A batch as a pipeline hands it over: inputs with their labels, or a dict."""

import keras
from keras import tree

from keras_mixup.boxes import mix_boxes
from keras_mixup.checks import check_batch
from keras_mixup.checks import is_numeric
from keras_mixup.labels import class_ids
from keras_mixup.labels import dense_labels
from keras_mixup.labels import mix_labels
from keras_mixup.namespaces import is_dense
from keras_mixup.namespaces import namespace
from keras_mixup.plan import MixPlan
from keras_mixup.views import mix as mix_views

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
    else:
        _check_no_class_ids(x)
        parts = {"x": x}
    check_batch(**parts)
    return parts


def labels_of(parts):
    """The labels among the parts of a batch, as they came, `None` without any."""
    if "y" in parts:
        return parts["y"]
    return {key: parts[key] for key in _LABELS if key in parts} or None


def with_dense_labels(parts, num_classes, are_targets=False):
    """The parts with class ids as one-hot rows, ready to be blended.

    Args:
        parts: What `parts_of` returned.
        num_classes: Number of classes, or `None`.
        are_targets: Whether the labels are known to be numbers and not classes.
    """
    labels = labels_of(parts)
    if labels is None:
        return parts
    if "y" not in parts and not are_targets:
        labels = {key: class_ids(key, y, num_classes) for key, y in labels.items()}
    dense = dense_labels(labels, parts.get(_WEIGHT), num_classes)
    return {**parts, **_under_their_keys(dense, parts)}


def mix_parts(plan, parts, dtype, views=None):
    """Mixes the parts of a batch.

    Args:
        plan: A `MixPlan`, or `None` to leave the rows unmixed.
        parts: What `with_dense_labels` returned.
        dtype: Dtype of the mixed inputs.
        views: Views of the inputs that are blended in their stead, or `None`.
    """
    if views is not None:
        _check_no_places(parts)
    mixed = dict(parts)
    for key in ("x", *_IMAGES):
        if key in parts:
            mixed[key] = mix_inputs(plan, parts[key], dtype, views)
    labels = labels_of(parts)
    if labels is not None:
        labels, weight = mix_labels(plan, labels, parts.get(_WEIGHT))
        mixed.update(_under_their_keys(labels, parts))
        if weight is not None:
            mixed[_WEIGHT] = weight
    if _BOXES in parts:
        boxes = parts[_BOXES]
        mixed[_BOXES] = mix_boxes(plan or MixPlan.identity(boxes["labels"]), boxes)
    return mixed


def as_it_came(parts, x, y):
    """The mixed parts of a batch in the form in which it came."""
    if "x" not in parts:
        return {**x, **parts}
    if y is None:
        return parts["x"]
    if parts[_WEIGHT] is None:
        return parts["x"], parts["y"]
    return parts["x"], parts["y"], parts[_WEIGHT]


def mix_inputs(plan, inputs, dtype, views=None):
    """Inputs, or their views, mixed by `plan`, or only cast where there is no plan."""
    if plan is None:
        return tree.map_structure(lambda x: namespace(x).cast(x, dtype), inputs)
    if views is not None:
        return mix_views(plan, views, inputs, dtype)
    return plan.mix(inputs, dtype)


def mix_masks(plan, masks):
    """Masks of mixed rows: what is valid in a row or in any of its partners."""
    if any(isinstance(mask, keras.KerasTensor) for mask in tree.flatten(masks)):
        # A Functional model hands a symbolic mask past this layer to those
        # behind it. Without one, they take the mask of the tensors they get.
        return None
    if plan is None:
        return masks
    return tree.map_structure(
        lambda mask: None if mask is None else plan.union(mask), masks
    )


def _under_their_keys(labels, parts):
    return {"y": labels} if "y" in parts else labels


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


def _check_no_places(parts):
    for key in (*_LABELS[2:], _BOXES):
        if key in parts:
            raise ValueError(
                "`views` may move what an image shows, and would leave what says where "
                f"it is. Received: views beside {key!r}"
            )


def _check_no_class_ids(inputs):
    if not isinstance(inputs, dict) or not any(key in inputs for key in _IMAGES):
        return
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
