"""Bounding boxes of images into which those of partners are pasted."""

from typing import NamedTuple

from keras import tree

from keras_mixup._backend.checks import check_box_format
from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import first_leaf
from keras_mixup.data.box_formats import from_corners
from keras_mixup.data.box_formats import to_corners
from keras_mixup.data.boxes import PADDING
from keras_mixup.data.boxes import check_boxes
from keras_mixup.plans.paste import share_inside
from keras_mixup.plans.region import grid_of

# The part of a pixel by which float32 may miss an edge, in images of some thousands.
_ROUNDING = 1e-3


class _Corners(NamedTuple):
    """Where boxes begin and end: two tensors `(..., 2)`, in pixels of height and width.

    Args:
        begins: The first pixel inside, along both axes.
        ends: The first pixel behind.
    """

    begins: object
    ends: object


def paste_boxes(plan, bounding_boxes, x, rules):
    """The boxes of what is to be seen of a sample and of its partner.

    A sample keeps its boxes but for those that the region covers, and its partner has
    those that show up in it. A box is cut where what is left of it is narrower, and
    dropped where that is less than `rules.min_visible` of what was in the image.

    Args:
        plan: A `MixPlan` whose region is a box.
        bounding_boxes: Dict of `"boxes"`, shape `(batch_size, n, 4)`, and
            `"labels"`, shape `(batch_size, n)`, where −1 marks padding.
        x: The images, channels and all, or a nested structure, of which the first
            tensor tells their size.
        rules: The `Rules`, with a format for boxes.

    Returns:
        As `mix_boxes`. Weights are 1 for a box that was kept, and 0 for padding. Where
        samples are blended inside the region they are 1 − λ for the partner's, and λ
        for the sample's own, which stay as they are. Boxes of no area are padding.

    Raises:
        ValueError: If boxes have no format, inputs are no images, or regions no boxes.
    """
    boxes, labels = check_boxes(bounding_boxes)
    box_format = _checked_format(rules.bounding_box_format)
    ops = ops_for(boxes, labels, plan.share)
    wide, sizes = _wide_dtype(boxes), _sizes_of(x, rules.data_format)
    size = ops.stack([ops.cast(each, wide) for each in sizes])
    window = _window(ops, plan.region, sizes, wide)
    share = ops.where(plan.share <= 0, 0.0, share_inside(plan))[:, None]
    parts = []
    for box, label, look in zip(plan.terms(boxes), plan.terms(labels), (_own, _other)):
        corners = to_corners(ops.cast(box, wide), box_format, size)
        corners = _Corners(*(_snapped(ops, each) for each in corners))
        seen, changed, kept, weight = look(
            ops, corners, window, size, share, rules.min_visible
        )
        is_box = ops.not_equal(label, ops.cast(PADDING, label.dtype))
        kept = ops.logical_and(kept, is_box)
        # Not by way of corners, where nothing was cut, which would round it.
        cut = ops.cast(from_corners(*seen, box_format, size), box.dtype)
        box = ops.where(changed[..., None], cut, box)
        parts.append(
            {
                "boxes": _or_padding(ops, kept[..., None], box),
                "labels": _or_padding(ops, kept, label),
                "weights": ops.where(kept, weight, 0.0),
            }
        )
    return tree.map_structure(lambda *each: ops.concatenate(each, axis=1), *parts)


def _own(ops, corners, window, size, share, min_visible):
    """What is left of a sample's own boxes outside of the window."""
    pasted = share >= 1
    # What sticks out of an image was not to be seen before.
    image = _clipped(ops, corners, _Corners(ops.zeros_like(size), size))
    whole, hidden = _area(ops, image), _area(ops, _clipped(ops, image, window))
    enough = _is_enough(ops, whole - hidden, whole, min_visible)
    kept = ops.logical_and(
        _area(ops, corners) > 0, ops.logical_or(ops.logical_not(pasted), enough)
    )
    left = _without(ops, image, window)
    changed = ops.logical_and(pasted, _differ(ops, left, image))
    return left, changed, kept, ops.where(pasted, 1.0, 1 - share)


def _other(ops, corners, window, size, share, min_visible):
    """What is to be seen of the partner's boxes in the window."""
    image = _clipped(ops, corners, _Corners(ops.zeros_like(size), size))
    seen = _clipped(ops, corners, window)
    enough = _is_enough(ops, _area(ops, seen), _area(ops, image), min_visible)
    kept = ops.logical_and(share > 0, enough)
    return seen, _differ(ops, seen, corners), kept, share


def _window(ops, region, sizes, dtype):
    """The corners of regions, `(batch_size, 1, 2)`, in the pixels that are pasted."""
    if not region.is_box:
        raise ValueError(
            "`bounding_boxes` can follow a `region` that is a box, of which they are "
            "cut. Received: a region that returned a mask of shape "
            f"{tuple(region.mask.shape)}"
        )
    both = (ops.stack(each, axis=-1) for each in zip(*region.bounds(sizes)))
    return _Corners(*(ops.cast(each, dtype)[:, None] for each in both))


def _without(ops, corners, window):
    """Corners of what of boxes is outside of a window, which may be all of it."""
    reaches_begin = window.begins <= corners.begins
    reaches_end = window.ends >= corners.ends
    # A window takes a side of a box off if it spans the box along the other axis.
    spans = ops.flip(ops.logical_and(reaches_begin, reaches_end), axis=-1)
    begins = ops.where(
        ops.logical_and(spans, reaches_begin),
        ops.maximum(corners.begins, window.ends),
        corners.begins,
    )
    ends = ops.where(
        ops.logical_and(spans, reaches_end),
        ops.minimum(corners.ends, window.begins),
        corners.ends,
    )
    return _Corners(begins, ends)


def _clipped(ops, corners, window):
    begins = ops.maximum(corners.begins, window.begins)
    return _Corners(begins, ops.minimum(corners.ends, window.ends))


def _area(ops, corners):
    sides = corners.ends - corners.begins
    sides = ops.maximum(sides, ops.zeros_like(sides))
    return sides[..., 0] * sides[..., 1]


def _is_enough(ops, seen, whole, min_visible):
    part = seen / ops.where(whole > 0, whole, ops.ones_like(whole))
    return ops.logical_and(seen > 0, part >= min_visible)


def _differ(ops, corners, others):
    pairs = zip(corners, others)
    begins, ends = (ops.not_equal(each, other) for each, other in pairs)
    return ops.any(ops.logical_or(begins, ends), axis=-1)


def _snapped(ops, places):
    """Places on the edges of pixels, where rounding alone keeps them from there.

    Of a relative box that ends where a region does, they would differ.
    """
    nearest = ops.floor(places + 0.5)
    return ops.where(ops.abs(places - nearest) < _ROUNDING, nearest, places)


def _or_padding(ops, kept, values):
    return ops.where(kept, values, ops.cast(PADDING, values.dtype))


def _wide_dtype(boxes):
    dtype = dtype_name(boxes.dtype)
    return dtype if dtype == "float64" else "float32"


def _checked_format(box_format):
    if box_format is None:
        raise ValueError(
            "`bounding_box_format` must be given to paste images with "
            '`bounding_boxes`, as `CutMix(bounding_box_format="xyxy")`. '
            "Received: bounding_box_format=None"
        )
    return check_box_format(box_format)


def _sizes_of(x, data_format):
    """Height and width of images."""
    sizes = grid_of(x, data_format)
    if len(sizes) != 2:
        raise ValueError(
            "`bounding_boxes` need images, with an axis for height, width and channels "
            f"each. Received: inputs of shape {tuple(first_leaf(x).shape)}"
        )
    return sizes
