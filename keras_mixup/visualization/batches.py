"""What there is to draw of a batch."""

from typing import NamedTuple

import keras
import numpy as np
from keras import tree

from keras_mixup.data import entries
from keras_mixup.data.box_formats import to_corners


class Drawable(NamedTuple):
    """The parts of a batch that are drawn, of which the first axis is the samples.

    Args:
        x: Images `(n, height, width, channels)` or series `(n, steps, channels)`.
        came: The same inputs as they came, of any shape.
        masks: Dict of labels of pixels by their names.
        labels: Dict of other labels by their names.
        boxes: Dict of `"begins"` and `"ends"`, along height and width in pixels,
            `"labels"` and `"weights"`, or `None`.
    """

    x: np.ndarray
    came: np.ndarray
    masks: dict
    labels: dict
    boxes: dict | None

    @property
    def are_images(self):
        """Whether the inputs are images, and not series."""
        return self.x.ndim == 4


def as_numpy(element):
    """A batch of any tensors as one of NumPy arrays; what is no tensor stays."""
    return tree.map_structure(_as_numpy, element)


def drawable(came, mixed, data_format, box_format):
    """What there is to draw.

    Args:
        came: The parts of a batch, as `BatchReader.read` tells them apart.
        mixed: The same parts, mixed.
        data_format: Of the inputs.
        box_format: Of bounding boxes, or `None`.
    """
    index = _first_to_draw(tree.flatten(mixed["x"]))
    is_first = data_format == "channels_first"
    x = _channels_last(tree.flatten(mixed["x"])[index], is_first)
    masks, labels = {}, {}
    for path, label in tree.flatten_with_path(mixed.get("y")):
        if label is None:
            continue
        if x.ndim == 4 and _is_mask(path, label, x.shape[1:3], is_first):
            # Class ids become one-hot along the last axis, wherever channels are.
            is_last = label.ndim < 4 or _covers(label.shape[1:3], x.shape[1:3])
            masks[path] = label if is_last else _channels_last(label, is_first)
        else:
            labels[path] = label
    boxes = mixed.get(entries.BOXES)
    if boxes is not None:
        boxes = _in_pixels(boxes, x, box_format)
    return Drawable(x, tree.flatten(came["x"])[index], masks, labels, boxes)


def _as_numpy(leaf):
    if keras.ops.is_tensor(leaf):
        return keras.ops.convert_to_numpy(leaf)
    return np.asarray(leaf) if hasattr(leaf, "shape") else leaf


def _first_to_draw(inputs):
    for index, each in enumerate(inputs):
        if each is not None and 2 <= each.ndim <= 4:
            return index
    shapes = [each.shape for each in inputs if each is not None]
    raise ValueError(
        "`x` must be images (batch_size, height, width, channels) or series "
        "(batch_size, steps) or (batch_size, steps, channels), to be drawn. "
        f"Received: shapes {shapes}"
    )


def _channels_last(x, is_first):
    if x.ndim == 2:
        return x[..., None]
    return np.moveaxis(x, 1, -1) if is_first else x


def _is_mask(path, label, size, is_first):
    """Whether a label of images has a value, or an axis of classes, for each pixel."""
    if path and path[0] in entries.MASKS:
        return True
    if label.ndim == 4:
        return size in (label.shape[1:3], label.shape[2:] if is_first else None)
    # Class ids stay such where they were pasted, at whatever resolution.
    return label.ndim == 3 and (label.shape[1:] == size or label.dtype.kind in "iub")


def _covers(sizes, size):
    """Whether a grid has the proportions of an image."""
    return sizes[0] * size[1] == sizes[1] * size[0]


def _in_pixels(bounding_boxes, x, box_format):
    if box_format is None:
        raise ValueError(
            "`bounding_boxes` need a format to be drawn, as in "
            '`CutMix(bounding_box_format="xyxy")`. '
            "Received: bounding_box_format=None"
        )
    if x.ndim != 4:
        raise ValueError(
            "`bounding_boxes` are drawn into images (batch_size, height, width, "
            f"channels). Received: inputs of shape {x.shape}"
        )
    size = np.array(x.shape[1:3], "float32")
    corners = to_corners(bounding_boxes["boxes"].astype("float32"), box_format, size)
    begins, ends = corners
    return {
        "begins": begins,
        "ends": ends,
        "labels": bounding_boxes["labels"],
        "weights": bounding_boxes["weights"],
    }
