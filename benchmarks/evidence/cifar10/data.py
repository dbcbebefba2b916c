"""CIFAR-10 as its users have it, and a stand-in that packages carry."""

import functools

import numpy as np

from benchmarks.evidence.data import Split
from benchmarks.evidence.data import mnist_images

MEAN = np.array([125.3, 123.0, 113.9], "float32")
DEVIATION = np.array([63.0, 62.1, 66.7], "float32")
PAD = 4
IMAGES = 10_000
LABELS = ("y_train", "aggre_label", "worse_label")
DIGITS = "digits"


@functools.cache
def arrays(source=None):
    """A dict of the images, as bytes, and of all labels that there are.

    Args:
        source: An `.npz` of `x_train`, `y_train`, `x_test`, `y_test` and, for human
            labels, `aggre_label` and `worse_label`. `DIGITS` stands for digits of
            MNIST with random wrong labels, to try things out with. Defaults to the
            data set of Keras, which is downloaded.
    """
    if source == DIGITS:
        return digits()
    if source is None:
        from keras.datasets import cifar10

        (x, y), (x_test, y_test) = cifar10.load_data()
        found = {"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test}
    else:
        with np.load(source) as file:
            found = {name: file[name] for name in file.files}
    return {
        name: array if name.startswith("x") else array.reshape(-1).astype("int64")
        for name, array in found.items()
    }


def digits():
    """1000 and 500 digits of MNIST as images of CIFAR-10's size, a stand-in for it."""
    images, labels = mnist_images()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))[:1500]
    images = (255 * images[order]).astype("uint8").reshape(-1, 28, 28, 1)
    images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0))).repeat(3, axis=-1)
    labels = labels[order].astype("int64")
    found = {
        "x_train": images[:1000],
        "y_train": labels[:1000],
        "x_test": images[1000:],
        "y_test": labels[1000:],
    }
    for name, share in (("aggre_label", 0.1), ("worse_label", 0.4)):
        wrong = rng.random(1000) < share
        drawn = rng.integers(0, 10, 1000)
        found[name] = np.where(wrong, drawn, found["y_train"])
    return found


def images(seed, source=None, labels="y_train", train=IMAGES):
    """A random part of the training images, with one kind of labels, and the test set.

    Args:
        seed: Seed of the part.
        source: As for `arrays`.
        labels: Name of the labels to train on.
        train: Number of images to train on, `None` for all.

    Raises:
        ValueError: If the source has no such labels.
    """
    found = arrays(source)
    if labels not in found:
        raise ValueError(f"{source or 'keras.datasets.cifar10'} has no {labels!r}.")
    part = np.random.default_rng(seed).permutation(len(found["y_train"]))[:train]
    x, x_test = found["x_train"][part], found["x_test"]
    return Split(x, found[labels][part], x_test, found["y_test"])


def scaled(images):
    """Images of bytes as float32, each channel in units of its spread."""
    return (images - MEAN) / DEVIATION


def augmented(images, rng):
    """The standard augmentation: a shift by up to 4 pixels, and half of them flipped.

    Args:
        images: Bytes, of shape `(samples, height, width, channels)`.
        rng: A generator of NumPy.
    """
    count, height, width, _ = images.shape
    padded = np.pad(images, ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0)))
    top, left = rng.integers(0, 2 * PAD + 1, (2, count, 1, 1))
    columns = np.arange(width)
    flipped = rng.random((count, 1, 1)) < 0.5
    columns = np.where(flipped, columns[::-1], columns)
    lines = np.arange(height)[:, None]
    return padded[np.arange(count)[:, None, None], top + lines, left + columns]
