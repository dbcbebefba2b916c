"""All terms of a loss in one call, and one by one."""

import keras
import numpy as np
import pytest

import keras_mixup
from keras_mixup.losses import mixup_loss
from tests.modes import gradient_of
from tests.modes import to_numpy

SIZE, CLASSES = 24, 5
LOSSES = {
    "sparse": keras.losses.SparseCategoricalCrossentropy,
    "logits": lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "smooth": lambda: keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    "focal": keras.losses.CategoricalFocalCrossentropy,
    "binary": keras.losses.BinaryCrossentropy,
    "summed": lambda: keras.losses.CategoricalCrossentropy(reduction="sum"),
    "each": lambda: keras.losses.CategoricalCrossentropy(reduction=None),
}


def batch(name):
    rng = np.random.default_rng(0)
    p = keras.ops.softmax(rng.normal(size=(SIZE, CLASSES)).astype("float32"))
    y = rng.integers(0, CLASSES, SIZE)
    if name in ("sparse", "logits"):
        return y, to_numpy(p)
    return np.eye(CLASSES, dtype="float32")[y], to_numpy(p)


def layers():
    mixup = keras_mixup.MixUp(1.0, prob=0.7, fold=False, seed=1)
    return {
        "MixUp": mixup,
        "three samples": keras_mixup.MixUp(1.0, num_samples=3, seed=1),
        "CutMix": keras_mixup.CutMix(seed=1),
    }


@pytest.mark.parametrize("weights", [None, "some"])
@pytest.mark.parametrize("layer", list(layers()))
@pytest.mark.parametrize("name", LOSSES)
def test_joined_terms_give_the_values_of_each(name, layer, weights, monkeypatch):
    if keras.backend.backend() != "torch":
        pytest.skip("Terms are joined on PyTorch alone.")
    y, p = batch(name)
    w = None
    if weights:
        w = np.random.default_rng(2).random(SIZE, dtype="float32")
        w[::5] = 0
    x = np.ones((SIZE, 4, 4, 1), "float32")
    found = []
    for joins in (True, False):
        if not joins:
            monkeypatch.setattr(mixup_loss, "can_join", lambda *arguments: False)
        mix = layers()[layer]
        loss = keras_mixup.MixupLoss(LOSSES[name](), mix)

        def step(p, mix=mix, loss=loss):
            mix.seed_generator.state.assign([5, 7])
            mix(x, training=True)
            return loss(y, p, w)

        def total(p, step=step):
            return keras.ops.sum(step(p))

        value = to_numpy(step(keras.ops.convert_to_tensor(p)))
        found.append((value, gradient_of(total, p, "eager")))
    for one_call, one_by_one in zip(*found):
        np.testing.assert_allclose(one_call, one_by_one, rtol=2e-6, atol=1e-7)
    assert np.abs(found[0][1]).max() > 0


def test_losses_of_pairs_and_of_whole_batches_are_not_joined():
    weights = [np.ones(3), np.ones(3)]
    p = keras.ops.ones((3, 2))
    circle = keras.losses.Circle()
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
    for loss in (circle, ignoring, keras.losses.MeanSquaredError()):
        assert not mixup_loss.can_join(loss, weights, p)
    plain = keras.losses.SparseCategoricalCrossentropy()
    joins = keras.backend.backend() == "torch"
    assert mixup_loss.can_join(plain, weights, p) == joins
    assert not mixup_loss.can_join(plain, weights[:1], p)
    assert not mixup_loss.can_join(plain, weights, keras.ops.ones((3, 4, 2)))
