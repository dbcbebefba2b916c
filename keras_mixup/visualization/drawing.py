"""Images, masks, boxes and series, drawn on the axes of their samples."""

import numpy as np

from keras_mixup.data import entries
from keras_mixup.visualization.captions import name_of
from keras_mixup.visualization.captions import names_for
from keras_mixup.visualization.captions import with_weight
from keras_mixup.visualization.pixels import class_shares
from keras_mixup.visualization.pixels import classes_in
from keras_mixup.visualization.pixels import overlay
from keras_mixup.visualization.pixels import range_of
from keras_mixup.visualization.pixels import scaled

# Points.
TEXT, _SMALL_TEXT = 10, 8
# The part of an image that such a text is high.
_ROOM = 0.08


def draw_series(axes, batch):
    """Draws a line for each channel of each sample."""
    for ax, series in zip(axes, batch.x):
        ax.plot(series, linewidth=1)
        ax.margins(x=0)
        ax.tick_params(labelsize=_SMALL_TEXT)


def draw_images(axes, batch):
    """Draws an image on each of the axes."""
    images = scaled(batch.x[: len(axes)], *range_of(batch.came))
    for ax, image in zip(axes, images):
        if image.shape[-1] == 1:
            image = image[..., 0]
        ax.imshow(image, cmap="gray", vmin=0, vmax=1)


def draw_masks(matplotlib, axes, batch, class_names):
    """Draws masks over the images, and under all of them which class has which color.

    Args:
        matplotlib: The module.
        axes: The axes, one a sample.
        batch: A `Drawable`.
        class_names: As for `names_for`.
    """
    height, width = batch.x.shape[1:3]
    # Masks may be of another resolution than the images.
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    colors = _colors(matplotlib)
    for path, masks in batch.masks.items():
        shares, names = class_shares(masks)[: len(axes)], names_for(path, class_names)
        for ax, mask in zip(axes, overlay(shares, colors)):
            ax.imshow(mask, extent=extent, interpolation="nearest")
        handles = [
            matplotlib.patches.Patch(
                color=colors[each % len(colors)], label=name_of(each, names)
            )
            for each in classes_in(shares)
        ]
        if handles:
            axes[0].figure.legend(
                handles=handles,
                loc="outside lower center",
                ncols=min(len(handles), 6),
                fontsize=TEXT,
                frameon=False,
            )


def draw_boxes(matplotlib, axes, batch, class_names):
    """Draws the bounding boxes of each sample, if there are any.

    Args:
        matplotlib: The module.
        axes: The axes, one a sample.
        batch: A `Drawable`.
        class_names: As for `names_for`.
    """
    if batch.boxes is None:
        return
    names, colors = names_for((entries.BOXES,), class_names), _colors(matplotlib)
    for ax, *sample in zip(axes, *batch.boxes.values()):
        for begin, end, label, weight in zip(*sample):
            if weight > 0:  # Of padding it is 0.
                text = with_weight(int(label), weight, names)
                color = colors[int(label) % len(colors)]
                _draw_box(matplotlib, ax, begin - 0.5, end - begin, text, color, weight)


def _draw_box(matplotlib, ax, corner, size, text, color, weight):
    (top, left), (height, width) = corner, size
    # Above the box, where it hides nothing of it, if there is room.
    is_high = top < _ROOM * (ax.get_ylim()[0] - ax.get_ylim()[1])
    # What has little weight can still be seen.
    strength = 0.3 + 0.7 * float(weight)
    frame = matplotlib.patches.Rectangle(
        (left, top), width, height, fill=False, lw=2, color=color, alpha=strength
    )
    ax.add_patch(frame)
    ax.annotate(
        text,
        (left, top),
        (1, -3 if is_high else 3),
        textcoords="offset points",
        va="top" if is_high else "bottom",
        size=_SMALL_TEXT,
        color="white",
        bbox={"color": color, "alpha": strength, "pad": 1, "linewidth": 0},
        clip_on=True,
        parse_math=False,
    )


def _colors(matplotlib):
    return np.array(matplotlib.colormaps["tab10"].colors)
