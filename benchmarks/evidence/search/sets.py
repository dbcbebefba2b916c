"""What rules are compared on: samples, and how a network is trained on them."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from benchmarks.evidence import data
from benchmarks.evidence.cifar10 import data as cifar10

COMPONENTS = 128


@dataclasses.dataclass(frozen=True)
class Set:
    """Samples, and how a network is trained on them.

    Args:
        title: Heading of its table.
        load: Function of a seed and of the file of CIFAR-10 to a `Split`.
        epochs: Number of epochs.
        needs_file: Whether it is made of that file.
        units: Widths of the hidden layers.
        batch_size: Samples a step.
        rate: Learning rate of Adam.
        classes: Number of classes.
    """

    title: str
    load: Callable
    epochs: int
    needs_file: bool = False
    units: tuple = (256, 256)
    batch_size: int = 100
    rate: float = 1e-3
    classes: int = 10


def curves(seed, source=None, noise=0):
    """The curves of MNIST-1D, in percent `noise` of them with one of the other labels.

    The split is fixed; the wrong labels are those of the seed.
    """
    split = data.mnist1d(seed)
    rng = np.random.default_rng(seed)
    wrong = 100 * rng.random(len(split.y)) < noise
    other = (split.y + rng.integers(1, 10, len(split.y))) % 10
    return dataclasses.replace(split, y=np.where(wrong, other, split.y))


def digits(seed, source=None, train=1000):
    """Images of MNIST, other ones with each seed."""
    return data.mnist(seed, train=train)


@functools.cache
def components(source):
    """The principal components of all images of a file, in units of their mean spread.

    They are those of the training images. No labels are needed.
    """
    found = cifar10.arrays(source)
    x, x_test = (
        cifar10.scaled(found[name].astype("float32")).reshape(len(found[name]), -1)
        for name in ("x_train", "x_test")
    )
    mean = x.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(x - mean, rowvar=False))
    axes = vectors[:, : -COMPONENTS - 1 : -1].astype("float32")
    axes /= np.sqrt(np.mean(((x - mean) @ axes) ** 2))
    return (x - mean) @ axes, (x_test - mean) @ axes


def photographs(seed, source, labels="y_train", train=5000):
    """Components of a random part of CIFAR-10, with one kind of labels."""
    split = cifar10.images(seed, source, labels, train)
    x, x_test = components(source)
    part = np.random.default_rng(seed).permutation(len(x))[:train]
    return data.Split(x[part], split.y, x_test, split.y_test)


NOISE = 30
SETS = {
    "mnist1d": Set("MNIST-1D, 4000 curves", curves, 60),
    "cifar10": Set(
        "CIFAR-10, 5000 images as 128 principal components", photographs, 40, True
    ),
    "mnist1000": Set("MNIST, 1000 images", digits, 60),
    "mnist1d_noise": Set(
        f"MNIST-1D, {NOISE}% of the labels wrong",
        functools.partial(curves, noise=NOISE),
        60,
    ),
    "cifar10_worse": Set(
        "CIFAR-10, 40% of the labels wrong, by humans",
        functools.partial(photographs, labels="worse_label"),
        40,
        True,
    ),
}
CLEAN = ("mnist1d", "cifar10", "mnist1000")
