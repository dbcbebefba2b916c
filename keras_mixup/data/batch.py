"""A plan applied to the parts of a batch."""

import keras

from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.structures import map_tensors
from keras_mixup._backend.tensor_checks import check_signals
from keras_mixup.data import entries
from keras_mixup.data.boxes import mix_boxes
from keras_mixup.data.labels import mix_labels
from keras_mixup.data.pasted_boxes import paste_boxes
from keras_mixup.data.rules import AS_THEY_ARE
from keras_mixup.plans.plan import MixPlan


def mix_parts(plan, parts, mix_inputs, rules=AS_THEY_ARE):
    """Mixes the parts of a batch.

    Args:
        plan: A `MixPlan`, or `None` to leave the samples unmixed.
        parts: What `BatchReader.soft` returned.
        mix_inputs: Function of a plan and of inputs to these, mixed.
        rules: The `Rules`.
    """
    mixed = {"x": mix_inputs(plan, parts["x"])}
    if "y" in parts:
        weight = parts.get(entries.WEIGHT)
        labels, weight = mix_labels(plan, parts["y"], weight, rules)
        mixed["y"] = labels
        if entries.WEIGHT in parts:
            mixed[entries.WEIGHT] = weight
    if entries.BOXES in parts:
        boxes = parts[entries.BOXES]
        plan = plan or MixPlan.identity(boxes["labels"])
        if plan.has_region:
            boxes = paste_boxes(plan, boxes, parts["x"], rules)
        else:
            boxes = mix_boxes(plan, boxes)
        mixed[entries.BOXES] = boxes
    return mixed


def mix_inputs(plan, inputs, dtype, data_format=None):
    """Inputs mixed by `plan`, or only cast where there is no plan.

    Args:
        plan: A `MixPlan` of as many samples, or `None`.
        inputs: A tensor or a nested structure of them, which are checked.
        dtype: Dtype of the result.
        data_format: As for `MixPlan.mix`.
    """
    if plan is not None:
        check_signals(x=inputs)

    def mixed(x):
        if x is None:
            return None
        if plan is None:
            return ops_for(x).cast(x, dtype)
        return plan.mix_tensor(x, dtype, data_format)

    return map_tensors(mixed, inputs)


def mix_masks(plan, masks):
    """Masks of mixed samples: what is valid in a sample or in any of its partners."""
    if masks is None:
        return None
    if any(isinstance(mask, keras.KerasTensor) for mask in flatten(masks)):
        # A Functional model hands a symbolic mask past this layer to those
        # behind it. Without one, they take the mask of the tensors they get.
        return None
    if plan is None:
        return masks
    return map_tensors(lambda mask: None if mask is None else plan.union(mask), masks)


def check_no_places(parts):
    """Raises of masks and boxes, which say where in an image something is."""
    labels = parts.get("y")
    found = {*parts, *(labels if isinstance(labels, dict) else ())}
    for key in (*entries.MASKS, entries.BOXES):
        if key in found:
            raise ValueError(
                f"What is mixed would leave its place, and {key!r} says where it is: "
                f"the layer cannot have `views` or a region. Received: {key!r}"
            )
