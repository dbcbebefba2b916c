"""What has no weight in a step reaches neither its loss nor its gradient."""

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.modes import gradient_of
from tests.modes import run
from tests.modes import to_numpy

ops = keras.ops
P = np.float32([[0.5], [1.5], [0.0], [2.5]])
Y = np.float32([[1.0], [3.0], [2.0], [5.0]])
PARTNERS = np.array([1, 0, 3, 2], "int32")
SHARE = np.float32([0.25, 0.5, 0.0, 1.0])
BAD = [np.nan, np.inf, 1e20]


class Fixed(MixUp):
    def draw_plan(self, x, **_):
        return MixPlan(*map(ops.convert_to_tensor, (PARTNERS, SHARE)))


def value_and_gradient(loss, y, weight, p, mode):
    results = []
    for compute in (lambda step: run(step, mode, p), lambda s: gradient_of(s, p, mode)):
        mix = Fixed()  # A layer of one trace is of no use in the next.
        wrapped = MixupLoss(loss, mix)

        def step(p, mix=mix, wrapped=wrapped):
            mix(ops.zeros((4, 1)), training=True)
            return wrapped(y, p, weight)

        results.append(compute(step))
    return results


def squared(y, p, weight):
    """The loss and its gradient by hand, over the terms that have a share."""
    loss, gradient = 0.0, np.zeros_like(p, "float64")
    for i, (j, share) in enumerate(zip(PARTNERS, SHARE)):
        for k, part in ((i, (1 - share) * weight[i]), (j, share * weight[j])):
            if part:
                loss += part * (p[i, 0] - y[k, 0]) ** 2 / 4
                gradient[i] += part * 2 * (p[i, 0] - y[k, 0]) / 4
    return loss, gradient


def close_to_hand(y, weight, mode, given=None):
    found = value_and_gradient("mse", y, given, P, mode)
    for each, expected in zip(found, squared(y, P, weight)):
        np.testing.assert_allclose(each, expected, rtol=1e-5)


@pytest.mark.parametrize("bad", BAD)
def test_a_label_without_a_share(bad, mode):
    y = Y.copy()
    y[3] = bad  # Sample 2 keeps all of itself, and sample 3 is all its partner.
    close_to_hand(y, np.ones(4), mode)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("column", [False, True])
def test_a_label_whose_sample_has_no_weight(column, bad, mode):
    y, weight = Y.copy(), np.float32([1.0, 0.0, 2.0, 0.0])
    y[[1, 3]] = bad
    given = weight[:, None] if column else weight
    close_to_hand(y, weight, mode, given)


def test_a_blend_of_no_weight_at_all(mode):
    y, weight = Y.copy(), np.float32([0.0, 0.0, 1.0, 1.0])
    y[:2] = np.nan
    close_to_hand(y, weight, mode, weight)


def test_the_second_term_and_the_accuracy():
    y, weight = np.eye(2, dtype="float32")[[0, 1, 1, 0]], np.float32([1, 0, 1, 0])
    p = np.float32([[0.75, 0.25]] * 4)
    results = []
    for bad in (None, np.nan):
        if bad is not None:
            y[[1, 3]] = bad
        mix = Fixed()
        loss = MixupLoss("mse", mix, regularization=1.0, track=True)
        mix(ops.zeros((4, 1)), training=True)
        results.append(to_numpy(loss(y, p, weight)))
        assert np.isfinite(to_numpy(mix._channel.means.result()["mixup_lam"]))
    assert results[0] == results[1] > 0


def log_loss(y, p):
    # As users write it: infinite where the label's probability is 0.
    return -ops.sum(ops.log(ops.sum(y * p, axis=-1, keepdims=True)), axis=-1)


def test_a_probability_of_zero(mode):
    y = np.eye(3, dtype="float32")[[0, 1, 2, 1]]
    p = np.float32([[0.5, 0.0, 0.5], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.5, 0.0, 0.5]])
    weight = np.float32([1.0, 0.0, 1.0, 0.0])  # Of all that have a 0 for their label.
    value, found = value_and_gradient(log_loss, y, weight, p, mode)
    expected = (0.75 * np.log(2) + 0.5 * np.log(2) + 0.0 + np.log(2)) / 4
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    gradient = np.zeros_like(p)
    gradient[0, 0], gradient[1, 0], gradient[2, 2] = -0.75 / 0.5, -0.5 / 0.5, -1.0
    gradient[3, 2] = -1 / 0.5
    np.testing.assert_allclose(found, gradient / 4, rtol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "object"])
def test_steps_of_no_weight(loss, mode):
    loss = keras.losses.MeanSquaredError() if loss == "object" else loss
    rng = np.random.default_rng(0)
    y, p = (rng.normal(size=(4, 3, 2)).astype("float32") for _ in range(2))
    weight = np.float32([[1, 1, 0], [1, 0, 0], [1, 1, 1], [2, 1, 0]])
    padded = np.where(weight[..., None] > 0, y, np.nan).astype("float32")
    plain, safe = (
        value_and_gradient(loss, labels, weight, p, mode) for labels in (y, padded)
    )
    for each, expected in zip(safe, plain):
        np.testing.assert_allclose(each, expected, rtol=1e-5)


def test_weights_of_pixels_go_with_the_pixels_of_classes_in_front():
    def first(y, p):
        return -ops.sum(y * ops.log(p), axis=1)

    rng = np.random.default_rng(0)
    p = rng.dirichlet([1.0] * 3, (4, 3, 3)).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, (4, 3, 3))]
    weight = rng.integers(0, 2, (4, 3, 3)).astype("float32")
    front = [np.moveaxis(each, -1, 1).copy() for each in (y, p)]
    last = value_and_gradient("categorical_crossentropy", y, weight, p, "eager")
    for loss in (first, keras.losses.CategoricalCrossentropy(axis=1)):
        value, gradient = value_and_gradient(loss, front[0], weight, front[1], "eager")
        np.testing.assert_allclose(value, last[0], rtol=1e-5)
        np.testing.assert_allclose(np.isfinite(gradient), True)


def test_a_policy_hears_of_the_loss_all_the_same():
    mix = AdaptiveMixUp("inverse_loss")
    mix(np.zeros((4, 1), "float32"), training=True)  # Does not mix a first batch.
    y = Y.copy()
    y[3] = np.nan
    MixupLoss("mse", mix)(y, P, np.float32([1, 1, 1, 0]))
    running = to_numpy(mix._channel.running_loss.value)
    # Of a sample that has no weight, the label counts as 0.
    expected = np.mean([0.5**2, 1.5**2, 2.0**2, 2.5**2])
    np.testing.assert_allclose(running, expected, rtol=1e-5)
