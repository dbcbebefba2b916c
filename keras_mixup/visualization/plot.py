"""A batch as a layer mixes it, drawn with matplotlib."""

import keras
import numpy as np

from keras_mixup._backend.checks import check_count
from keras_mixup.data.element import as_element
from keras_mixup.layers.pipeline import PipelineLayer
from keras_mixup.visualization.batches import as_numpy
from keras_mixup.visualization.batches import drawable
from keras_mixup.visualization.captions import captions
from keras_mixup.visualization.captions import named
from keras_mixup.visualization.captions import names_for
from keras_mixup.visualization.drawing import TEXT
from keras_mixup.visualization.drawing import draw_boxes
from keras_mixup.visualization.drawing import draw_images
from keras_mixup.visualization.drawing import draw_masks
from keras_mixup.visualization.drawing import draw_series

_SAMPLES, _COLUMNS = 8, 4
# Inches.
_IMAGE_WIDTH, _SERIES_SIZE, _LINE = 2.3, (2.9, 1.7), 0.18


def plot_mixed(
    mixup: keras.layers.Layer,
    x,
    y=None,
    sample_weight=None,
    *,
    num: int | None = None,
    columns: int | None = None,
    class_names: list[str] | tuple[str, ...] | dict | None = None,
    seed: int | list[int] | None = None,
):
    """Draws the samples of a batch as a layer mixes them, with their labels.

    The layer is called as in a data pipeline. Images and series are drawn, with masks
    over the images and bounding boxes in them. Under each sample is its label: the
    classes by their weights, as "cat 0.70 · dog 0.30", or its numbers.

    The picture is not shown but returned. In a notebook with `%matplotlib inline` the
    last line of a cell shows it; elsewhere `figure.savefig("mixed.png")` keeps it.

    Args:
        mixup: A `MixUp`, `AdaptiveMixUp`, `CutMix` or `RandomChoice`.
        x: The inputs of a batch, or a dict of inputs beside their labels, as for
            `mixup`. Images `(batch_size, height, width, channels)` have one channel or
            three. Series are `(batch_size, steps)` or `(batch_size, steps, channels)`,
            with a line for each channel. Of several inputs the first of these is drawn.
            Images are scaled: integers from 0 to 255, floats from 0 to 1 or from 0 to
            255 as they are, and any other from the smallest to the largest value of the
            batch.
        y: Its labels. Those of pixels are drawn over the images, but for class 0, which
            mostly is the background. Labels with several numbers from 0 to 1 a sample
            are classes, and those of steps the part of the steps that a class has.
        sample_weight: Its weights, as for `mixup`.
        num: Integer ≥ 1, how many samples to draw, the first of the batch. All of it is
            mixed. Defaults to `8`, or the batch size if that is less.
        columns: Integer ≥ 1, how many samples stand side by side. Defaults to `4`.
        class_names: List of the names of the classes, or a dict of such lists by the
            keys of labels, as `"labels"`, `"segmentation_masks"` and
            `"bounding_boxes"`. Defaults to their ids.
        seed: Seed of the batch, as for `mixup`. Defaults to the next of the mixup.

    Returns:
        A `matplotlib.figure.Figure`, with one of its `axes` for each sample.

    Raises:
        ValueError: If there is nothing to draw in `x`, bounding boxes have no format,
            there are more classes than names, or `num` or `columns` is out of range.
        TypeError: If `mixup` does not mix pipelines, or an argument is of the wrong
            type.
        ImportError: If matplotlib is not installed.

    Example:

    >>> mix = keras_mixup.MixUp(alpha=1.0, num_classes=2)
    >>> x, y = np.random.rand(16, 32, 32, 3), np.random.randint(0, 2, 16)
    >>> figure = keras_mixup.visualization.plot_mixed(
    ...     mix, x, y, num=4, class_names=["cat", "dog"]
    ... )
    >>> len(figure.axes)
    4
    """
    _check_layer(mixup)
    _check_class_names(class_names)
    matplotlib = _import_matplotlib()
    element = as_numpy(as_element(x, y, sample_weight))
    batch = _mixed(mixup, element, seed)
    total = len(batch.x)
    num = min(total, _SAMPLES) if num is None else check_count("num", num, most=total)
    columns = _COLUMNS if columns is None else check_count("columns", columns)
    texts = _texts(batch.labels, class_names, mixup.rules.label_smoothing)
    figure, axes = _empty_figure(matplotlib, batch, min(columns, num), num, texts)
    for ax, text in zip(axes, texts):
        ax.set_xlabel(text, size=TEXT, parse_math=False)
    if batch.are_images:
        draw_images(axes, batch)
        draw_masks(matplotlib, axes, batch, class_names)
        draw_boxes(matplotlib, axes, batch, class_names)
    else:
        draw_series(axes, batch)
    return figure


def _mixed(mixup, element, seed):
    """What there is to draw of an element that the layer mixes."""
    reader = mixup._reader
    came = reader.read(element, mixing=False).parts
    mixed = mixup.mix_batch(element, mixup._pipeline.given_seed(seed, element))
    mixed = reader.read(mixed, mixing=False).parts
    batch = drawable(came, mixed, mixup.data_format, mixup.rules.bounding_box_format)
    if batch.are_images and batch.x.shape[-1] not in (1, 3):
        raise ValueError(
            "Images must have one channel or three, to be drawn. Received: images of "
            f"shape {batch.x.shape}, and data_format={mixup.data_format!r} of the layer"
        )
    return batch


def _texts(labels, class_names, smoothing):
    """What stands under each sample, a line or more for each label."""
    found = []
    for path, label in labels.items():
        lines = captions(label, names_for(path, class_names), smoothing)
        if len(labels) > 1:
            lines = [named(path[-1], line) for line in lines]
        found.append(lines)
    return ["\n".join(lines) for lines in zip(*found)]


def _empty_figure(matplotlib, batch, columns, num, texts):
    width, height = _SERIES_SIZE
    ticks = {}
    if batch.are_images:
        # Long strips, as spectrograms, get room for their text.
        rows, places = batch.x.shape[1:3]
        width, height = _IMAGE_WIDTH, _IMAGE_WIDTH * min(max(rows / places, 0.3), 3)
        ticks = {"xticks": [], "yticks": []}
    lines = max((text.count("\n") + 1 for text in texts), default=0)
    count = -(-num // columns)
    size = (columns * width, count * (height + _LINE * (lines + 0.5)))
    figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
    axes = figure.subplots(
        *(count, columns),
        squeeze=False,
        sharex=not batch.are_images,
        sharey=not batch.are_images,
        subplot_kw=ticks,
    ).ravel()
    for ax in axes[num:]:
        ax.remove()
    return figure, axes[:num]


def _check_layer(mixup):
    if not isinstance(mixup, PipelineLayer):
        raise TypeError(
            "`mixup` must be one that mixes pipelines: a MixUp, AdaptiveMixUp, CutMix "
            f"or RandomChoice. Received: mixup={mixup!r} (of type "
            f"{type(mixup).__name__})"
        )


def _check_class_names(class_names):
    several = class_names.values() if isinstance(class_names, dict) else [class_names]
    for names in several:
        if names is not None and not isinstance(names, (list, tuple, np.ndarray)):
            raise TypeError(
                "`class_names` must be a list of names, or a dict of lists by the keys "
                f"of labels. Received: class_names={class_names!r} (of type "
                f"{type(names).__name__})"
            )


def _import_matplotlib():
    try:
        import matplotlib.figure
        import matplotlib.patches
    except ImportError as error:
        raise ImportError(
            "`plot_mixed` draws with matplotlib, which is not installed: "
            "`pip install matplotlib`."
        ) from error
    return matplotlib
