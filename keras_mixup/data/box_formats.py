"""Bounding boxes in the formats of Keras, and as corners.

`keras.utils.bounding_boxes` computes on tensors of the Keras backend, and a `tf.data`
map holds tensors of TensorFlow under any backend.
"""

from typing import NamedTuple

from keras_mixup._backend.ops import ops_for

_RELATIVE = "rel_"


class _Form(NamedTuple):
    """What the four numbers of a box are: two, along both axes, and two more.

    Args:
        x_first: Whether x comes before y.
        has_sizes: Whether the last two are sizes, and not where the box ends.
        anchor: At which part of the size the first two are: 0 where the box begins, ½
            at its center.
    """

    x_first: bool
    has_sizes: bool = False
    anchor: float = 0.0


_FORMS = {
    "xyxy": _Form(x_first=True),
    "yxyx": _Form(x_first=False),
    "xywh": _Form(x_first=True, has_sizes=True),
    "center_xywh": _Form(x_first=True, has_sizes=True, anchor=0.5),
    "center_yxhw": _Form(x_first=False, has_sizes=True, anchor=0.5),
}


def to_corners(boxes, box_format, size):
    """Where boxes begin and end, in pixels.

    Args:
        boxes: Float tensor `(..., 4)`.
        box_format: A format of `keras.utils.bounding_boxes`.
        size: Tensor of the dtype of `boxes`: height and width of the images.

    Returns:
        Two tensors `(..., 2)`, along height and width.
    """
    form, is_relative = _form_of(box_format)
    ops = ops_for(boxes, size)
    first, second = boxes[..., :2], boxes[..., 2:]
    if form.x_first:
        first, second = ops.flip(first, axis=-1), ops.flip(second, axis=-1)
    if is_relative:
        first, second = first * size, second * size
    if form.has_sizes:
        first = first - form.anchor * second
        second = first + second
    return first, second


def from_corners(begins, ends, box_format, size):
    """Boxes in a format, of where they begin and end: the inverse of `to_corners`."""
    form, is_relative = _form_of(box_format)
    ops = ops_for(begins, ends, size)
    first, second = begins, ends
    if form.has_sizes:
        second = ends - begins
        first = begins + form.anchor * second
    if is_relative:
        first, second = first / size, second / size
    if form.x_first:
        first, second = ops.flip(first, axis=-1), ops.flip(second, axis=-1)
    return ops.concatenate([first, second], axis=-1)


def _form_of(box_format):
    is_relative = box_format.startswith(_RELATIVE)
    return _FORMS[box_format.removeprefix(_RELATIVE)], is_relative
