"""Losses whose classes are on another axis than the last."""

import functools

import keras
import numpy as np
import pytest

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.losses.test_ignored_class import WEIGHTS
from tests.losses.test_ignored_class import sums
from tests.losses.test_mixup_loss import CLASSES
from tests.losses.test_mixup_loss import ROWS
from tests.losses.test_mixup_loss import SHARE
from tests.losses.test_mixup_loss import FixedMixUp
from tests.losses.test_mixup_loss import mixup_loss
from tests.losses.test_mixup_loss import probabilities
from tests.modes import run
from tests.modes import to_numpy

losses = keras.losses
rng = np.random.default_rng(0)
# As high as there are classes, so that axes that are taken for another go unnoticed.
SHAPE = (5, CLASSES, 4)
P = probabilities((*SHAPE, CLASSES)).astype("float64")
IDS = rng.integers(0, CLASSES, SHAPE)
ONE_HOT = np.eye(CLASSES)[IDS]
BITS = rng.integers(0, 2, P.shape)


def first(x):
    """`x` with its classes on axis 1."""
    return np.moveaxis(x, -1, 1).astype("float32")


def crossentropy(y, p):
    return -np.log((y * p).sum(-1))


def focal(y, p):
    return -(0.25 * y * (1 - p) ** 2 * np.log(p)).sum(-1)


def binary(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(-1)


def top(y, p):
    return y.argmax(-1) == p.argmax(-1)


def over_half(y, p):
    return (y > 0.5) == (p > 0.5)


LOGITS = np.log(P) + 1
ODDS = np.log(P / (1 - P))
AXIS = {"axis": 1, "from_logits": True}
CASES = {
    "categorical": (
        losses.CategoricalCrossentropy(**AXIS),
        *(first(ONE_HOT), first(LOGITS), ONE_HOT, crossentropy, top),
    ),
    "of_probabilities": (
        losses.CategoricalCrossentropy(axis=-3),
        *(first(ONE_HOT), first(P), ONE_HOT, crossentropy, top),
    ),
    "focal": (
        losses.CategoricalFocalCrossentropy(**AXIS),
        *(first(ONE_HOT), first(LOGITS), ONE_HOT, focal, top),
    ),
    "sparse": (
        losses.SparseCategoricalCrossentropy(**AXIS),
        *(IDS, first(LOGITS), ONE_HOT, crossentropy, top),
    ),
    "sparse_with_its_axis": (
        losses.SparseCategoricalCrossentropy(**AXIS),
        *(IDS[:, None], first(LOGITS), ONE_HOT, crossentropy, top),
    ),
    "function": (
        functools.partial(losses.sparse_categorical_crossentropy, **AXIS),
        *(IDS, first(LOGITS), ONE_HOT, crossentropy, top),
    ),
    "binary": (
        losses.BinaryCrossentropy(**AXIS),
        *(first(BITS), first(ODDS), BITS, binary, over_half),
    ),
    "binary_function": (
        functools.partial(losses.binary_crossentropy, axis=1),
        *(first(BITS), first(P), BITS, binary, over_half),
    ),
}


def skip_if_keras_refuses(loss, *labels_and_predictions):
    """Skips what Keras takes on some backends and since some release alone."""
    try:
        loss(*map(keras.ops.convert_to_tensor, labels_and_predictions))
    except (IndexError, RuntimeError, ValueError) as error:
        pytest.skip(f"Keras itself refuses it: {error}")


def both(values):
    """Values of the own and of the partner's labels, by their shares."""
    own, other = values
    share = SHARE.astype("float64").reshape(-1, *[1] * (own.ndim - 1))
    return (1 - share) * own + share * other


@pytest.mark.parametrize("name", CASES)
def test_loss_accuracy_and_the_second_term(name, mode):
    loss, y, p, dense, value, hits = CASES[name]
    skip_if_keras_refuses(loss, y, p)
    mix = FixedMixUp()
    tracked = MixupLoss(loss, mix, track=True, regularization=0.7)

    def step(y, p):
        mix(keras.ops.zeros((5, 1)), training=True)
        seen = []
        # A metric cannot be read in a compiled step.
        mix._channel.means.record = lambda *each: seen.extend(each)
        return tracked(y, p), *seen

    found, _, accuracy = run(step, mode, y, p)
    terms = [
        value(each, P) + 0.7 * np.abs(P - each).mean(-1)
        for each in (dense, dense[ROWS])
    ]
    np.testing.assert_allclose(found, both(terms).mean(), rtol=1e-5)
    right = [hits(each, P).reshape(5, -1).mean(1) for each in (dense, dense[ROWS])]
    np.testing.assert_allclose(accuracy, both(right), rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["object", "function", "with_its_axis"])
def test_an_ignored_class(form, weighted):
    rng = np.random.default_rng(3)
    p = probabilities((5, 4, CLASSES))
    y = rng.integers(-1, CLASSES, (5, 4))
    weights = WEIGHTS if weighted else np.ones_like(WEIGHTS)
    loss = losses.SparseCategoricalCrossentropy(axis=1, ignore_class=-1)
    if form == "function":
        loss = losses.sparse_categorical_crossentropy
        loss = functools.partial(loss, axis=1, ignore_class=-1)
    labels = y[:, None] if form == "with_its_axis" else y
    front = np.moveaxis(p, -1, 1).copy()
    skip_if_keras_refuses(loss, labels.astype("float32"), front)
    given = weights if weighted else None
    found = mixup_loss(loss, labels, front, given)
    total, _, share = sums(y, p, weights)
    np.testing.assert_allclose(to_numpy(found), total / share, rtol=1e-5)


def test_the_second_term_leaves_out_a_class_beyond_all_others():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    p, y = probabilities((5, 4, CLASSES)), np.arange(20).reshape(5, 4) % (CLASSES + 1)
    mix = MixUp(0.0)
    mix(np.zeros((5, 1), "float32"), training=True)
    labels = np.where(y == CLASSES, 255, y)
    plain, more = (
        to_numpy(MixupLoss(loss, mix, regularization=r)(labels, p)) for r in (0.0, 3.0)
    )
    error = np.abs(p - np.eye(CLASSES + 1)[y][..., :CLASSES]).mean(-1)
    expected = 3 * error[y < CLASSES].mean()
    np.testing.assert_allclose(more - plain, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("loss", "axes"),
    [
        (losses.CosineSimilarity(axis=1), 1),
        (losses.Dice(axis=(1, 2)), (1, 2)),
        (losses.Tversky(axis=(1, 2, 3)), (1, 2, 3)),
        # Over another axis than its own distance would be.
        (lambda y, p: keras.ops.mean((y - p) ** 2, axis=(2, 3)), (1, 2, 3)),
        (lambda y, p: keras.ops.mean((y - p) ** 2, axis=(1, 2, 3)), (1, 2, 3)),
        (lambda y, p: (y - p) ** 2, -1),
    ],
)
def test_the_second_term_is_added_to_losses_of_any_shape(loss, axes):
    p, y = (np.random.default_rng(i).random((5, 5, 5, 5), "float32") for i in (1, 2))
    mix = FixedMixUp()
    mix(keras.ops.zeros((5, 1)), training=True)
    plain, more = (
        to_numpy(MixupLoss(loss, mix, regularization=r)(y, p)) for r in (0.0, 0.7)
    )
    errors = [np.abs(p - each).mean(axis=axes) for each in (y, y[ROWS])]
    np.testing.assert_allclose(more - plain, 0.7 * both(errors).mean(), rtol=1e-4)


def test_class_ids_are_not_rounded_to_the_dtype_of_the_predictions():
    ids = np.array([256, 257, 258, 259, 260])
    logits = keras.ops.cast(keras.ops.one_hot([257] * 5, 300), "bfloat16")
    mix = FixedMixUp()
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    tracked = MixupLoss(loss, mix, track=True)
    mix(keras.ops.zeros((5, 1)), training=True)
    tracked(ids, logits)
    right = [ids == 257, ids[ROWS] == 257]
    found = to_numpy(mix._channel.means.result()["mixup_accuracy"])
    np.testing.assert_allclose(found, both(right).mean(), rtol=1e-5)
