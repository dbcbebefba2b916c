"""An `ignore_class`: a mean is one over the labels that count."""

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.losses.test_mixup_loss import CLASSES
from tests.losses.test_mixup_loss import ROWS
from tests.losses.test_mixup_loss import SHARE
from tests.losses.test_mixup_loss import FixedMixUp
from tests.losses.test_mixup_loss import mixup_loss
from tests.losses.test_mixup_loss import probabilities
from tests.models import WAYS
from tests.modes import to_numpy

STEPS = 4
LABELS = np.array([[0, -1, 2, 1], [-1, -1, -1, 0], [2, 1, 0, -1], [1] * 4, [-1] * 4])
WEIGHTS = np.float32(1 + np.arange(5 * STEPS) % 7).reshape(5, STEPS)
ONES = np.ones_like(WEIGHTS)
MEANS = ["sum_over_batch_size", "mean_with_sample_weight"]


def sparse(reduction="sum_over_batch_size", **kwargs):
    kwargs = {"ignore_class": -1, "reduction": reduction, **kwargs}
    return keras.losses.SparseCategoricalCrossentropy(**kwargs)


def sums(labels, p, weights, seen=1.0):
    """Σ share·w·ℓ, Σ share·w and Σ share of both labels that count, in float64."""
    found = np.zeros(3)
    for y, w, share in (
        (labels, weights, 1 - SHARE.astype("float64")),
        (labels[ROWS], weights[ROWS], SHARE.astype("float64")),
    ):
        counts = (y >= 0) * seen
        chance = np.take_along_axis(p, np.maximum(y, 0)[..., None], axis=-1)[..., 0]
        share = share[:, None]
        found += [
            (share * w * counts * -np.log(chance)).sum(),
            (share * w * counts).sum(),
            (share * counts).sum(),
        ]
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", [*MEANS, "sum"])
def test_the_mean_is_over_the_shares_of_labels_that_count(reduction, weighted, mode):
    p = probabilities((5, STEPS, CLASSES))
    weights = WEIGHTS if weighted else ONES
    total, by_weight, by_share = sums(LABELS, p, weights)
    over = {"sum": 1.0, MEANS[0]: by_share, MEANS[1]: by_weight}[reduction]
    for y in (LABELS, LABELS[..., None]):
        given = weights if weighted else None
        loss = mixup_loss(sparse(reduction), y, p, given, mode)
        np.testing.assert_allclose(to_numpy(loss), total / over, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", MEANS)
def test_what_the_predictions_mask_does_not_count_either(reduction, weighted):
    p = probabilities((5, STEPS, CLASSES))
    weights = WEIGHTS if weighted else ONES
    seen = np.tri(5, STEPS, 1, dtype=bool)
    total, by_weight, by_share = sums(LABELS, p, weights, seen)
    tensor = keras.ops.convert_to_tensor(p)
    tensor._keras_mask = keras.ops.convert_to_tensor(seen)
    loss = mixup_loss(sparse(reduction), LABELS, tensor, WEIGHTS if weighted else None)
    over = by_share if reduction == MEANS[0] else by_weight
    np.testing.assert_allclose(to_numpy(loss), total / over, rtol=1e-5)


def test_the_void_of_masks_of_bytes():
    labels = np.where(LABELS < 0, 255, LABELS).astype("uint8")
    p = probabilities((5, STEPS, CLASSES))
    loss = mixup_loss(sparse(ignore_class=255), labels, p)
    total, _, share = sums(LABELS, p, ONES)
    np.testing.assert_allclose(to_numpy(loss), total / share, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision(dtype):
    p = probabilities((5, STEPS, CLASSES))
    total, _, share = sums(LABELS, p, ONES)
    layer = FixedMixUp()
    layer(keras.ops.zeros((5, 1)), training=True)
    loss = MixupLoss(sparse(dtype=dtype), layer)(LABELS, p)
    assert keras.backend.standardize_dtype(loss.dtype) == dtype
    loss = to_numpy(keras.ops.cast(loss, "float32"))
    np.testing.assert_allclose(loss, total / share, rtol=0.03)


def test_where_nothing_counts_the_loss_is_nothing(mode):
    p = probabilities((5, STEPS, CLASSES))
    assert to_numpy(mixup_loss(sparse(), np.full_like(LABELS, -1), p, mode=mode)) == 0


def test_the_second_term_leaves_it_out():
    p = probabilities((5, STEPS, CLASSES))
    mix = MixUp(0.0)
    both = [MixupLoss(sparse(), mix, regularization=r) for r in (0.0, 3.0)]
    mix(np.zeros((5, 1), "float32"), training=True)
    plain, more = (to_numpy(loss(LABELS, p)) for loss in both)
    error = np.abs(p - np.eye(CLASSES)[LABELS]).mean(-1)[LABELS >= 0].mean()
    np.testing.assert_allclose(more - plain, 3 * error, rtol=1e-5)


def test_a_policy_sees_the_mean_of_what_counts():
    p = probabilities((5, STEPS, CLASSES))
    mix = AdaptiveMixUp("inverse_loss")
    loss = MixupLoss(sparse(), mix)
    mix(np.zeros((5, 1), "float32"), training=True)
    value = loss(LABELS, p)  # Of a first batch, which is not mixed.
    running = to_numpy(mix._channel.running_loss.value)
    np.testing.assert_allclose(running, to_numpy(value), rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_without_mixing_a_model_trains_as_with_the_plain_loss(way):
    x = np.random.default_rng(0).random((12, 3), dtype="float32")
    y = np.where(np.arange(12) % 3, -1, np.arange(12) % 2)
    trained = []
    for mixing in (False, True):
        keras.utils.set_random_seed(0)
        mix, dense = MixUp(0.0, seed=1), keras.layers.Dense(2, "softmax")
        dense.build((None, 3))
        loss = MixupLoss(sparse(), mix) if mixing else sparse()
        layers = [mix, dense] if mixing else [dense]
        model = keras.Sequential(layers)
        model.compile("sgd", loss, **WAYS[way])
        logs = model.fit(x, y, batch_size=6, epochs=2, shuffle=False, verbose=0)
        trained.append((logs.history["loss"], to_numpy(dense.kernel)))
    for plain, mixed in zip(*trained):
        np.testing.assert_allclose(mixed, plain, rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("reduction", MEANS)
def test_weighted_steps_under_a_mask_train_as_with_the_plain_loss(reduction, way):
    x = np.random.default_rng(0).random((5, STEPS, 3), dtype="float32")
    x[:, 2:][:3] = 0
    y = np.abs(LABELS)  # Nothing to ignore: Keras's own mean over the rest is another.
    trained = []
    for mixing in (False, True):
        keras.utils.set_random_seed(0)
        mask, mix, dense = (
            keras.layers.Masking(),
            MixUp(0.0, seed=1),
            keras.layers.Dense(CLASSES, "softmax"),
        )
        dense.build((None, STEPS, 3))
        loss = sparse(reduction)
        model = keras.Sequential([mask, mix, dense] if mixing else [mask, dense])
        model.compile("sgd", MixupLoss(loss, mix) if mixing else loss, **WAYS[way])
        model.fit(x, y, 5, 2, verbose=0, sample_weight=WEIGHTS.copy())
        trained.append(to_numpy(dense.kernel))
    np.testing.assert_allclose(*trained, rtol=1e-4, atol=1e-6)
