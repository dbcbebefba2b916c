"""A plan applied to the parts of a batch."""

import keras
from keras import tree

from keras_mixup import entries
from keras_mixup.batch_checks import check_signals
from keras_mixup.boxes import mix_boxes
from keras_mixup.labels import mix_labels
from keras_mixup.namespaces import namespace
from keras_mixup.plan import MixPlan
from keras_mixup.views import mix as mix_views


def mix_parts(plan, parts, dtype, views=None):
    """Mixes the parts of a batch.

    Args:
        plan: A `MixPlan`, or `None` to leave the samples unmixed.
        parts: What `BatchReader.dense` returned.
        dtype: Dtype of the mixed inputs.
        views: Views of the inputs that are blended in their stead, or `None`.
    """
    if views is not None:
        _check_no_places(parts)
    mixed = {"x": mix_inputs(plan, parts["x"], dtype, views)}
    if "y" in parts:
        labels, weight = mix_labels(plan, parts["y"], parts.get(entries.WEIGHT))
        mixed["y"] = labels
        if entries.WEIGHT in parts:
            mixed[entries.WEIGHT] = weight
    if entries.BOXES in parts:
        boxes = parts[entries.BOXES]
        plan = plan or MixPlan.identity(boxes["labels"])
        mixed[entries.BOXES] = mix_boxes(plan, boxes)
    return mixed


def mix_inputs(plan, inputs, dtype, views=None):
    """Inputs, or their views, mixed by `plan`, or only cast where there is no plan."""
    if plan is None:
        return tree.map_structure(
            lambda x: None if x is None else namespace(x).cast(x, dtype), inputs
        )
    check_signals(x=inputs)
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


def _check_no_places(parts):
    labels = parts.get("y")
    found = {*parts, *(labels if isinstance(labels, dict) else ())}
    for key in (*entries.MASKS, entries.BOXES):
        if key in found:
            raise ValueError(
                "`views` may move what an image shows, and would leave what says where "
                f"it is. Received: views beside {key!r}"
            )
