"""Bounding boxes of a mixed batch of images."""

from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.ops import ops_for
from keras_mixup.plans.blend import align

# What Keras pads boxes and their labels with.
PADDING = -1


def mix_boxes(plan, bounding_boxes):
    """The boxes of a sample and of its partner, side by side.

    A blended image shows the objects of both images, so boxes are never
    averaged: those of all partners are listed after the sample's own, and a weight
    says how much of the image each belongs to.

    Args:
        plan: A `MixPlan`.
        bounding_boxes: Dict of `"boxes"`, shape `(batch_size, n, 4)`, and
            `"labels"`, shape `(batch_size, n)`, where −1 marks padding.

    Returns:
        A dict of `"boxes"`, `(batch_size, 2n, 4)`, `"labels"` and `"weights"`,
        `(batch_size, 2n)`. Weights are λ for the sample's own boxes, 1 − λ for its
        partner's, 0 for padding. The partner's boxes of a sample that is not mixed
        are padding.
    """
    boxes, labels = check_boxes(bounding_boxes)
    ops = ops_for(boxes, labels, plan.share)
    shares = [plan.lam, *plan.shares]
    parts = []
    for box, label, share in zip(plan.terms(boxes), plan.terms(labels), shares):
        unused = align(share, label) == 0
        padding = ops.cast(PADDING, label.dtype)
        label = ops.where(unused, padding, label)
        box = ops.where(align(unused, box), ops.cast(PADDING, box.dtype), box)
        weight = ops.where(label == padding, 0.0, align(share, label))
        parts.append((box, label, weight))
    return {
        name: ops.concatenate(columns, axis=1)
        for name, columns in zip(("boxes", "labels", "weights"), zip(*parts))
    }


def check_boxes(bounding_boxes):
    """Returns the boxes and the labels of a dict, or raises with what was expected."""
    if not isinstance(bounding_boxes, dict) or set(bounding_boxes) != {
        "boxes",
        "labels",
    }:
        found = (
            f"keys {sorted(bounding_boxes)}"
            if isinstance(bounding_boxes, dict)
            else f"a {type(bounding_boxes).__name__}"
        )
        raise ValueError(
            '`bounding_boxes` must have the keys "boxes" and "labels". '
            f"Received: {found}"
        )
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    if len(labels.shape) != 2 or not may_be_equal(boxes.shape, (*labels.shape, 4)):
        raise ValueError(
            '`bounding_boxes` must hold "boxes" of shape (batch_size, n, 4) and '
            '"labels" of shape (batch_size, n). Received: shapes '
            f"{tuple(boxes.shape)} and {tuple(labels.shape)}"
        )
    return boxes, labels
