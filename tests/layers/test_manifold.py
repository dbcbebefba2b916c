import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from keras_mixup import ManifoldMixUp
from keras_mixup import MixupLoss
from tests import models
from tests.modes import compiled
from tests.modes import to_numpy

CODES = np.eye(6, dtype="float32")


class FixedManifold(ManifoldMixUp):
    """Mixes by the plan of `models.FixedMixUp`, at a place that is still drawn."""

    def draw_plan(self, x, **_):
        return models.FixedMixUp.draw_plan(self, x)

    step = 1


def places(mix, count=3):
    return [mix, *(mix.site() for _ in range(count - 1))]


def through(layers, x, mode="eager"):
    """What each place makes of the same samples in one step, and its plan."""

    def step(x):
        return [layer(x, training=True) for layer in layers], layers[0].plan

    return to_numpy(compiled(step, mode)(ops.convert_to_tensor(x)))


def test_one_place_mixes_by_the_plan_and_the_others_do_not(mode):
    if keras.backend.backend() == "jax" and mode == "jit":
        pytest.skip("a layer keeps no state there; `fit` covers it")
    layers, seen = places(ManifoldMixUp(8.0, pairing="derangement", seed=0)), set()
    step = compiled(
        lambda x: ([each(x, training=True) for each in layers], layers[0].plan), mode
    )
    for _ in range(20):
        mixed, plan = to_numpy(step(ops.convert_to_tensor(CODES)))
        (active,) = [i for i, x in enumerate(mixed) if not np.array_equal(x, CODES)]
        share = plan.share[:, None]
        np.testing.assert_allclose(
            mixed[active], (1 - share) * CODES + share * CODES[plan.partners], rtol=1e-6
        )
        seen.add(active)
    assert seen == {0, 1, 2}


def test_every_place_is_as_likely():
    layers = places(ManifoldMixUp(8.0, pairing="roll", seed=1), 4)
    counts = np.zeros(4)
    for _ in range(400):
        mixed, _ = through(layers, CODES[:2])
        counts += [not np.array_equal(x, CODES[:2]) for x in mixed]
    assert counts.sum() == 400
    assert stats.chisquare(counts).pvalue > 1e-4


def linear(mix):
    """A softmax regression in three factors, of which two are the identity."""
    identity = {"kernel_initializer": "identity", "trainable": False}
    plain = keras.layers.Dense(models.FEATURES, use_bias=False, **identity)
    again = keras.layers.Dense(models.FEATURES, use_bias=False, **identity)
    head = keras.layers.Dense(models.CLASSES, activation="softmax", use_bias=False)
    return keras.Sequential(
        [
            keras.Input((models.FEATURES,)),
            mix,
            plain,
            mix.site(),
            again,
            mix.site(),
            head,
        ]
    )


@pytest.mark.parametrize("way", models.WAYS)
def test_fit_trains_on_the_pair_loss_wherever_it_mixes(way):
    x, y = models.data()
    model = linear(mix := FixedManifold())
    before = models.kernel_of(model)
    history = models.fit(models.compiled(model, mix, **models.WAYS[way]), x, y)
    # Of linear layers it does not matter which one's samples are mixed.
    losses, kernel = models.fit_by_hand(before, x, y)
    if way != "steps":  # Then the last step alone is reported.
        np.testing.assert_allclose(history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(models.kernel_of(model), kernel, rtol=1e-3, atol=1e-5)


def test_the_step_is_compiled_once():
    calls = []

    class Counting(FixedManifold):
        def draw_plan(self, x, **arguments):
            calls.append(1)
            return super().draw_plan(x, **arguments)

    x, y = models.data()
    model = models.compiled(linear(mix := Counting()), mix, **models.COMPILED)
    models.fit(model, x, y, epochs=1)
    once = len(calls)
    models.fit(model, x, y, epochs=3)
    if keras.backend.backend() != "torch":
        assert len(calls) == once


def test_masks_are_united_where_it_mixes_and_nowhere_else():
    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 0, 0], [5, 6, 7]])
    layers = places(ManifoldMixUp(8.0, pairing="reverse", seed=0), 2)
    valid, seen = tokens != 0, set()
    for _ in range(20):
        x = ops.convert_to_tensor(CODES[tokens % 6])
        masks = []
        for layer in layers:
            layer(x, training=True)
            masks.append(to_numpy(layer.compute_mask(x, ops.convert_to_tensor(valid))))
        assert layers[0].plan is not None
        united = [np.array_equal(mask, valid | valid[::-1]) for mask in masks]
        plain = [np.array_equal(mask, valid) for mask in masks]
        assert united != plain
        assert sum(united) == 1
        seen.add(united.index(True))
    assert seen == {0, 1}


def test_a_loaded_model_goes_on(tmp_path):
    x, y = models.data()
    model = models.compiled(linear(mix := ManifoldMixUp(seed=3)), mix)
    models.fit(model, x, y, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].sites == 3
    histories = [models.fit(each, x, y) for each in (model, loaded)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-5)


def test_evaluation_and_a_bare_call_mix_nothing():
    layers = places(ManifoldMixUp())
    for layer in layers:
        np.testing.assert_array_equal(to_numpy(layer(CODES)), CODES)
        np.testing.assert_array_equal(to_numpy(layer(CODES, training=False)), CODES)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision(dtype):
    layers = places(ManifoldMixUp(8.0, pairing="derangement", seed=0, dtype=dtype), 1)
    layers.append(layers[0].site(dtype=dtype))
    mixed, plan = through(layers, CODES)
    share = plan.share[:, None]
    expected = (1 - share) * CODES + share * CODES[plan.partners]
    assert [str(ops.dtype(x)) for x in mixed] == [dtype] * 2
    active = [x for x in mixed if not np.array_equal(np.float32(x), CODES)]
    assert len(active) == 1
    np.testing.assert_allclose(np.float32(active[0]), expected, atol=1e-2)


def test_several_samples():
    layers = places(ManifoldMixUp(1.0, num_samples=3, seed=0), 2)
    mixed, plan = through(layers, CODES)
    expected = plan.lam[:, None] * CODES
    for rows, share in zip(plan.partners.T, plan.share.T):
        expected = expected + share[:, None] * CODES[rows]
    active = [x for x in mixed if not np.array_equal(x, CODES)]
    np.testing.assert_allclose(active, [expected], rtol=1e-5, atol=1e-6)


def test_a_site_without_a_plan_is_an_error():
    mix = ManifoldMixUp()
    site = mix.site()
    with pytest.raises(ValueError, match="must be called before its sites"):
        site(CODES, training=True)
    # Nor may it take the plan of the step before.
    site(mix(CODES, training=True), training=True)
    MixupLoss("mean_squared_error", mix)(CODES, ops.convert_to_tensor(CODES))
    assert mix.metrics == []  # Of which Keras asks when a step is over.
    with pytest.raises(ValueError, match="must be called before its sites"):
        site(CODES, training=True)


def test_a_place_that_is_not_in_the_model_is_an_error():
    mix = ManifoldMixUp(name="mix")
    sites = [mix.site(), mix.site()]
    loss = MixupLoss("mean_squared_error", mix)
    sites[0](mix(CODES, training=True), training=True)
    with pytest.raises(ValueError, match=r"'mix' has places.*Missing: \[2\]"):
        loss(CODES, ops.convert_to_tensor(CODES))


def test_sites_may_be_counted_before_they_are_made():
    mix = ManifoldMixUp(sites=3)
    assert [mix.site().index for _ in range(3)] == [1, 2, 3]
    assert mix.sites == 4
    loaded = ManifoldMixUp.from_config(mix.get_config())
    assert (loaded.sites, loaded.site().index) == (4, 4)


@pytest.mark.parametrize("interleaved", [False, True])
def test_one_group_of_places_before_the_other(interleaved):
    first, second = ManifoldMixUp(1.0, seed=1), ManifoldMixUp(1.0, seed=2)
    stack = [first, first.site(), second, second.site()]
    if interleaved:
        stack[1], stack[2] = stack[2], stack[1]
    loss = MixupLoss("categorical_crossentropy", [first, second])
    for _ in range(5):
        x = ops.convert_to_tensor(CODES)
        for layer in stack:
            x = layer(x, training=True)
        if interleaved:
            with pytest.raises(ValueError, match="all places of one before"):
                loss(CODES, x)
            continue
        # Samples of labels are their own mixture: what is left is their entropy.
        p = np.float64(to_numpy(x))
        entropy = -(p * np.log(np.maximum(p, 1e-7))).sum(axis=1).mean()
        assert float(loss(CODES, x)) == pytest.approx(entropy, abs=1e-4)


@pytest.mark.parametrize("name", ["alpha", "prob"])
def test_a_site_has_no_numbers_of_its_own(name):
    site = ManifoldMixUp(sites=2).site()
    with pytest.raises(
        AttributeError, match="Read or assign that of its ManifoldMixUp"
    ):
        setattr(site, name, 0.0)
    assert not hasattr(site, name)


def test_labels_are_for_the_loss():
    with pytest.raises(ValueError, match="mixes inside a model"):
        ManifoldMixUp()(CODES, CODES)


@pytest.mark.parametrize("sites", [0, 1.5])
def test_bad_numbers_of_sites(sites):
    with pytest.raises((TypeError, ValueError), match="`sites` must be"):
        ManifoldMixUp(sites=sites)


@pytest.mark.parametrize("way", ["loss", "file"])
def test_a_site_stands_for_its_layer_in_a_loss(way, tmp_path):
    mix = ManifoldMixUp(1.0, seed=1)
    site = mix.site()
    dense = keras.layers.Dense(models.CLASSES, "softmax")
    model = keras.Sequential([mix, site, dense])
    loss = MixupLoss("sparse_categorical_crossentropy", site)
    assert loss.get_config()["mixup"] == mix.name
    model.compile("sgd", loss)
    x, y = models.data()
    if way == "file":
        model.fit(x, y, verbose=0)
        model.save(tmp_path / "model.keras")
        model = keras.saving.load_model(tmp_path / "model.keras")
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
