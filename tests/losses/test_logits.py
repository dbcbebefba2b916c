"""Losses of probabilities that Keras computes from the logits behind them."""

import keras
import numpy as np
import pytest

import keras_mixup
from tests.modes import MODES
from tests.modes import compiled
from tests.modes import gradient_of
from tests.modes import to_numpy

SIZE, CLASSES = 16, 4
# Of a network that is sure of what it says, right or wrong: e⁻⁶⁰ is no probability
# that 32 bits know apart from those that Keras clips.
SURE = 60.0
KINDS = {
    "sparse": (keras.losses.SparseCategoricalCrossentropy, "softmax"),
    "one-hot": (keras.losses.CategoricalCrossentropy, "softmax"),
    "binary": (keras.losses.BinaryCrossentropy, "sigmoid"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_the_loss_of_a_sure_network_is_that_of_the_pair_formula(mode, kind):
    loss, activation = KINDS[kind][0](), keras.activations.get(KINDS[kind][1])
    rng = np.random.default_rng(0)
    logits = rng.choice([-SURE, SURE], (SIZE, CLASSES)).astype("float32")
    y = rng.integers(0, CLASSES, SIZE)
    y = y if kind == "sparse" else np.eye(CLASSES, dtype="float32")[y]
    x = rng.random((SIZE, 2), dtype="float32")
    mix = keras_mixup.MixUp(1.0, fold=False, seed=1)
    mixed = keras_mixup.MixupLoss(loss, mix)
    each = KINDS[kind][0](reduction=None)

    def by_mixup_loss(logits):
        mix(x, training=True)
        return mixed(y, activation(logits))

    def by_pairs(logits):
        mix(x, training=True)
        plan, p = mix.plan, activation(logits)
        partner = keras.ops.take(keras.ops.convert_to_tensor(y), plan.partners, axis=0)
        return keras.ops.mean(
            (1 - plan.share) * each(y, p) + plan.share * each(partner, p)
        )

    found = []
    for function in (by_mixup_loss, by_pairs):
        mix.seed_generator.state.assign([5, 7])
        value = compiled(function, mode)(keras.ops.convert_to_tensor(logits))
        mix.seed_generator.state.assign([5, 7])
        found.append((to_numpy(value), gradient_of(function, logits, mode)))
    (value, gradient), (expected, expected_gradient) = found
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-5, atol=1e-8)
    if keras.backend.backend() == "tensorflow":
        assert value > SURE / 4  # Of clipped probabilities it is 16 at most.
        assert np.abs(gradient).sum() > 0.1
