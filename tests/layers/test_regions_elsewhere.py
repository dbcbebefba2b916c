"""Regions of layers beside CutMix: those of policies, and at places of a model."""

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import ManifoldMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup.regions import Box
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import SPARSE
from tests.layers.test_cutmix import counted
from tests.layers.test_cutmix import numbered
from tests.modes import to_numpy
from tests.modes import train_call

SIZE = 8


def constant(distance, loss):
    """A policy of the user's: λ of ¾ for all."""
    return 0.75


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("policy", ["similarity", "exponential", constant])
def test_the_size_of_a_region_follows_the_policy(policy, way):
    x, y = numbered((16, 16, 1)), np.arange(SIZE)
    region = Box("inside")
    layer = AdaptiveMixUp(policy, region=region, num_classes=SIZE, seed=1)
    mixed, labels = (np.asarray(each) for each in way(layer, x, y))
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)
    assert ((labels > 0).sum(1) == 2).any()
    if policy is constant:
        # A quarter of 16 × 16 pixels.
        own = labels[np.arange(SIZE), np.arange(SIZE)]
        assert set(own) <= {0.75, 1.0}


def test_near_pairs_are_pasted_most():
    # Two pairs of near neighbours, far from each other.
    x = np.float32([0, 1, 50, 51])[:, None, None] + np.zeros((4, 64, 1), "float32")
    layer = AdaptiveMixUp("exponential", region=Box("inside"), pairing="derangement")
    near, far = [], []
    for seed in range(20):
        labels = layer(x, np.eye(4), seed=seed)[1]
        partner = np.where(np.eye(4, dtype=bool), 0, labels)
        for own, other in zip(*np.nonzero(partner)):
            (near if own // 2 == other // 2 else far).append(partner[own, other])
    assert np.mean(near) > 2 * np.mean(far)


def test_masks_of_class_ids_are_pasted_by_a_policy_as_well():
    x, masks = numbered((16, 16, 1)), numbered((16, 16), dtype="int32")
    mixed, pasted = AdaptiveMixUp("similarity", region="box", seed=1)(x, masks)
    np.testing.assert_array_equal(pasted, mixed[..., 0])


class Places(keras.Model):
    """Two places of images, and what is seen behind each."""

    def __init__(self, **kwargs):
        super().__init__()
        self.mix = ManifoldMixUp(1.0, pairing="roll", region="box", **kwargs)
        self.pool = layers.AveragePooling2D(2)
        self.second = self.mix.site()
        self.head = layers.Dense(SIZE, "softmax")

    def call(self, x, training=None):
        self.seen = [self.mix(x, training=training)]
        self.seen.append(self.second(self.pool(self.seen[0]), training=training))
        return self.head(layers.Flatten()(self.seen[1]))


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="a layer keeps no state")
def test_partners_are_pasted_at_the_place_that_is_drawn():
    x, model, places = numbered((8, 12, 1)), Places(seed=1), set()
    for _ in range(12):
        model(ops.convert_to_tensor(x), training=True)
        first, second = to_numpy(model.seen)
        plan = to_numpy(model.mix.plan)
        inside = np.asarray(plan.region.inside((4, 6)))[..., None]
        pooled = numbered((4, 6, 1))
        if (first != x).any():
            np.testing.assert_allclose(
                plan.share, (first != x).mean((1, 2, 3)), atol=1e-6
            )
            places.add(0)
        else:
            expected = np.where(inside, pooled[plan.partners], pooled)
            np.testing.assert_array_equal(second, expected)
            places.add(1)
    assert places == {0, 1}


def test_a_model_with_places_trains_and_comes_back(tmp_path):
    x, y = numbered((8, 12, 1)) / SIZE, np.arange(SIZE)
    mix = ManifoldMixUp(1.0, region="box", seed=1, data_format="channels_last")
    parts = [mix, layers.Conv2D(2, 3), mix.site(), layers.Flatten()]
    model = keras.Sequential(
        [keras.Input((8, 12, 1)), *parts, layers.Dense(SIZE, "softmax")]
    )
    model.compile("sgd", MixupLoss(SPARSE, mix, track=True))
    logs = model.fit(x, y, epochs=8, verbose=0).history
    assert np.isfinite(logs["loss"]).all()
    assert min(logs["mixup_lam"]) < 1
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_config() == mix.get_config()
    assert np.isfinite(again.fit(x, y, verbose=0).history["loss"]).all()


def test_a_place_with_other_axes_is_an_error():
    mix = ManifoldMixUp(1.0, region="box")
    parts = [mix, layers.Flatten(), mix.site(), layers.Dense(SIZE, "softmax")]
    model = keras.Sequential([keras.Input((8, 12, 1)), *parts])
    model.compile("sgd", MixupLoss(SPARSE, mix))
    with pytest.raises(ValueError, match="as many axes as the tensor"):
        model.fit(numbered((8, 12, 1)), np.arange(SIZE), verbose=0)


def test_a_hidden_layer_is_pasted_on_its_own_grid():
    x = numbered((5, 7, 4))
    mixed, plan = train_call(CutMix(1.0, pairing="roll", seed=1), x, "eager")
    own = counted(mixed)[np.arange(SIZE), np.arange(SIZE)]
    np.testing.assert_allclose(own, 1 - plan.share, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MixUp(region="box"), "use CutMix"),
        (lambda: AdaptiveMixUp(region="box", fold=True), "use CutMix"),
        (lambda: ManifoldMixUp(region="box", fold=True), "use CutMix"),
        (
            lambda: ManifoldMixUp(region="box", num_samples=3),
            "`num_samples` must be 2",
        ),
        (
            lambda: AdaptiveMixUp(region="box", views=(layers.ReLU(),) * 2),
            "would leave the region",
        ),
    ],
)
def test_where_a_region_makes_no_sense(make, message):
    with pytest.raises(ValueError, match=message):
        make()
