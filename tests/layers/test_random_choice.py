"""The choice between MixUp and CutMix: one plan, and each method's distribution."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops
from scipy import stats

from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import ManifoldMixUp
from keras_mixup import MixUp
from keras_mixup import MixupDataset
from keras_mixup import MixupLoss
from keras_mixup import MixupScheduler
from keras_mixup import RandomChoice
from keras_mixup.pairing import LabelKernel
from keras_mixup.plans.noise import Noise
from keras_mixup.regions import Box
from tests.data.test_batches import Once
from tests.data.test_batches import through_stage
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import SPARSE
from tests.layers.test_cutmix import check_loss_of_both_labels
from tests.layers.test_cutmix import classifier
from tests.layers.test_cutmix import counted
from tests.layers.test_cutmix import numbered
from tests.models import WAYS as FITS
from tests.modes import to_numpy
from tests.modes import train_call

SIZE = 8


def both(*probabilities, **kwargs):
    members = [MixUp(0.8, pairing="roll"), CutMix(1.0, pairing="roll")]
    return RandomChoice(members, probabilities or None, seed=3, **kwargs)


def methods(plan):
    """Which samples are pasted, and which blended."""
    region = plan.region
    return (plan.share > 0) & (region.share >= 1), (
        (plan.share > 0) & (region.share < 1)
    )


def check_follows(mixed, x, plan):
    """Each sample is the blend, or the paste, that the plan says."""
    inside = plan.region.share[:, None, None, None] * np.asarray(
        plan.region.inside(x.shape[1:3])
    ).reshape(len(x), *x.shape[1:3], 1)
    inside = np.where(plan.share[:, None, None, None] > 0, inside, 0)
    expected = (1 - inside) * x + inside * x[plan.partners]
    np.testing.assert_allclose(mixed, expected, atol=1e-5)
    np.testing.assert_allclose(inside.mean((1, 2, 3)), plan.share, atol=1e-6)


def test_a_batch_holds_both_kinds(mode):
    x = np.random.default_rng(0).normal(size=(32, 9, 7, 3)).astype("float32")
    mixed, plan = train_call(both(), x, mode)
    pasted, blended = methods(plan)
    assert pasted.sum() > 5
    assert blended.sum() > 5
    check_follows(mixed, x, plan)
    # What is blended is folded, and what is pasted is not.
    assert plan.share[blended].max() <= 0.5
    # Pasted values are those of the one or the other, to the last bit.
    own = mixed[pasted] == x[pasted]
    assert (own | (mixed[pasted] == x[plan.partners][pasted])).all()


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_low_precision(dtype):
    x = np.random.default_rng(0).normal(size=(32, 9, 7, 3)).astype("float32")
    mixed, plan = train_call(both(dtype=dtype), x, "eager")
    mixed = to_numpy(ops.cast(mixed, "float32"))
    full, same = train_call(both(), x, "eager")
    np.testing.assert_array_equal(plan.share, same.share)
    np.testing.assert_allclose(mixed, full, atol=0.04)


@pytest.mark.parametrize("lost", [np.nan, np.inf])
def test_what_is_not_taken_goes_nowhere(lost):
    x = numbered((9, 7, 1), 32)
    x[3] = lost
    for seed in range(3):
        layer = RandomChoice([MixUp(pairing="roll"), CutMix(pairing="roll")], seed=seed)
        mixed, plan = train_call(layer, x, "eager")
        (to,) = np.flatnonzero((plan.partners == 3) & (np.arange(32) != 3))
        assert np.isfinite(np.delete(mixed, [3, to], axis=0)).all()
        pasted, _ = methods(plan)
        part = (~np.isfinite(mixed[to])).mean()
        assert part == pytest.approx(plan.share[to] if pasted[to] else 1, abs=1e-6)


def shares(layer, count=20_000):
    x = np.zeros((count, 32, 32, 1), "bool")
    noise = np.random.default_rng(5).random(
        (Noise.count(2, layer.extra_noise(x)), count), dtype="float32"
    )
    noise = Noise.of(noise, 2, layer.extra_noise(x))
    return layer.draw(x, noise, **layer.parameters_in_pipeline(x)), noise


@pytest.mark.parametrize("probabilities", [(0.5, 0.5), (0.2, 0.8), (0.9, 0.1)])
def test_methods_come_as_often_as_they_should(probabilities):
    layer = both(*probabilities, prob=0.75)
    plan, _ = shares(layer)
    # What a box covers may be nothing: of the plan, the region tells.
    whole = (plan.region.edges == [0, 1]).all((1, 2))
    nothing = plan.region.share == 0
    seen = [(whole & ~nothing).sum(), (~whole).sum(), (whole & nothing).sum()]
    expected = np.array([*(0.75 * each for each in probabilities), 0.25])
    assert stats.chisquare(seen, expected * len(whole)).pvalue > 1e-3


def test_each_method_has_the_distribution_that_it_has_alone():
    plan, _ = shares(both())
    pasted, blended = methods(plan)
    of_mixup = stats.beta(0.8, 0.8).rvs(20_000, random_state=1)
    of_mixup = np.minimum(of_mixup, 1 - of_mixup)
    assert stats.ks_2samp(plan.share[blended], of_mixup).pvalue > 1e-3
    alone = shares(CutMix(1.0))[0].share
    found = stats.ks_2samp(plan.share[pasted], alone[alone > 0])
    assert found.pvalue > 1e-3
    # And both are those of timm, whose boxes are clipped in whole pixels.
    assert stats.ks_2samp(plan.share[pasted], timm_cutmix(20_000)).pvalue > 1e-3


def timm_cutmix(count, size=224):
    """The partner's share under timm's CutMix with α = 1, where it is above 0."""
    rng = np.random.default_rng(7)
    cut = (size * np.sqrt(1 - rng.beta(1, 1, count))).astype(int) // 2
    areas = 1
    for _ in range(2):
        centre = rng.integers(0, size, count)
        areas = areas * (np.minimum(centre + cut, size) - np.maximum(centre - cut, 0))
    found = areas / size**2
    return found[found > 0]


@pytest.mark.parametrize("index", [0, 1])
def test_of_a_certain_method_it_is_that_method_alone(index):
    x = np.random.default_rng(1).normal(size=(16, 9, 7, 2)).astype("float32")
    choice = both(*np.eye(2)[index])
    extra = choice.extra_noise(x)
    uniforms = np.random.default_rng(2).random((Noise.count(2, extra), 16), "float32")
    noise = Noise.of(uniforms, 2, extra)
    alone = choice.layers[index]
    plans = [
        layer.draw(x, noise, **layer.parameters_in_pipeline(x))
        for layer in (choice, alone)
    ]
    mixed = [layer.mix_inputs(plan, x) for layer, plan in zip((choice, alone), plans)]
    np.testing.assert_allclose(*mixed, atol=1e-6)
    np.testing.assert_array_equal(*(plan.share for plan in plans))
    np.testing.assert_array_equal(*(plan.partners for plan in plans))


def test_a_batch_draws_one_method_where_it_should():
    layer = RandomChoice(
        [MixUp(0.8, per_sample=False), CutMix(per_sample=False)],
        per_sample=False,
        seed=1,
    )
    x, seen = numbered((9, 7, 1), 16), set()
    for _ in range(20):
        _, plan = train_call(layer, x, "eager")
        there = plan.share > 0
        assert len(np.unique(plan.share[there])) <= 1
        assert len(np.unique(plan.region.share[there])) <= 1
        seen |= {each.any() for each in methods(plan)[:1] if there.any()}
    assert seen == {True, False}


@pytest.mark.parametrize("way", WAYS)
def test_pipelines(way):
    x, y = numbered((9, 7, 3), 16), np.arange(16)
    layer = RandomChoice(
        [MixUp(0.8, num_classes=16), CutMix(1.0, num_classes=16)], seed=1
    )
    mixed, labels = (np.asarray(each) for each in way(layer, x, y))
    # Of samples numbered through, the mean of a mixed one is that of its label.
    means = mixed.mean((1, 2, 3))
    np.testing.assert_allclose(labels @ np.arange(16), means, atol=1e-4)
    np.testing.assert_allclose(labels.sum(1), 1, atol=1e-6)
    is_pasted = np.array([len(np.unique(each)) == 2 for each in mixed])
    is_blended = np.array([(each != each.round()).any() for each in mixed])
    assert is_pasted.any()
    assert is_blended.any()
    np.testing.assert_allclose(
        labels[is_pasted], counted(mixed.round(), 16)[is_pasted], atol=1e-6
    )


def test_bytes_a_stage_and_a_data_set():
    x, y = numbered((9, 7, 3), dtype="uint8"), np.arange(SIZE)
    for mixed, labels in (
        through_stage(both(num_classes=SIZE), (x, y)),
        MixupDataset(Once((x, y)), both(num_classes=SIZE))[0],
    ):
        means = np.asarray(mixed).mean((1, 2, 3))
        np.testing.assert_allclose(labels @ np.arange(SIZE), means, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_labels_of_pixels_are_blended_here_and_pasted_there(way):
    x = numbered((9, 7, 1))
    masks = numbered((9, 7), dtype="int32")
    mixed, labels = way(both(num_classes=SIZE), x, masks)
    assert np.asarray(labels).shape == (SIZE, 9, 7, SIZE)
    found = np.asarray(labels) @ np.arange(SIZE)
    np.testing.assert_allclose(found, np.asarray(mixed)[..., 0], atol=1e-5)
    only = RandomChoice([CutMix(), CutMix(0.2, region=Box("inside"))], seed=2)
    mixed, labels = way(only, x, masks)
    np.testing.assert_array_equal(labels, np.asarray(mixed)[..., 0])
    assert np.asarray(labels).dtype == "int32"


def test_series_and_tables():
    for shape in ((11, 2), (13,), (3, 5, 4, 2)):
        x = numbered(shape, 16)
        mixed, plan = train_call(both(), x, "eager")
        means = mixed.reshape(16, -1).mean(1)
        own = np.arange(16)
        expected = (1 - plan.share) * own + plan.share * plan.partners
        np.testing.assert_allclose(means, expected, atol=1e-5)


def test_the_loss_is_that_of_both_labels(mode):
    check_loss_of_both_labels(both(), mode)


@pytest.mark.parametrize("way", FITS)
def test_a_schedule_of_its_numbers_traces_nothing_anew(way):
    traces = []

    class Counted(RandomChoice):
        def draw_plan(self, *args, **kwargs):
            traces.append(None)
            return super().draw_plan(*args, **kwargs)

    x, y = numbered((9, 7, 1)), np.arange(SIZE)
    mix = Counted([MixUp(1.0), CutMix(1.0)], seed=1)
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix, track=True), **FITS[way])
    callbacks = [
        MixupScheduler(mix, lambda e: [1 - e / 4, e / 4], "probabilities"),
        MixupScheduler(mix.layers[1], lambda epoch: float(epoch < 3)),
    ]
    model.fit(x, y, epochs=1, verbose=0, callbacks=callbacks)
    before = len(traces)
    logs = model.fit(
        x, y, initial_epoch=1, epochs=5, verbose=0, callbacks=callbacks
    ).history
    assert mix.probabilities != (1.0, 0.0)
    # With α = 0, CutMix alone mixes nothing.
    assert logs["mixup_lam"][3] == 1.0
    assert logs["mixup_lam"][0] < 1.0
    if way != "eager" and keras.backend.backend() != "torch":
        assert len(traces) == before


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="it shows its program")
def test_a_batch_is_gone_through_once():
    import jax

    x = np.zeros((16, 9, 7, 3), "float32")

    def gathers(layer):
        state = [
            [variable.value for variable in group]
            for group in (layer.trainable_variables, layer.non_trainable_variables)
        ]

        def call(x):
            return layer.stateless_call(*state, x, training=True)[0]

        program = jax.jit(call).lower(x).as_text()
        found = re.findall(r"stablehlo.gather.* -> tensor<([\dx]+)xf32>", program)
        sizes = [np.prod([int(size) for size in each.split("x")]) for each in found]
        return sum(size == x.size for size in sizes)

    assert gathers(MixUp(0.8)) == 1
    assert gathers(both()) == 1
    assert gathers(RandomChoice([MixUp(), CutMix(), CutMix(0.2)])) == 1


def test_a_saved_model_goes_on(tmp_path):
    x, y = numbered((9, 7, 1)), np.arange(SIZE)
    members = [MixUp(0.7), CutMix(0.9, region=Box("inside"))]
    mix = RandomChoice(members, [0.25, 0.75], prob=0.9, seed=5, name="mix")
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix))
    model.fit(x, y, verbose=0)
    mix.layers[0].alpha, mix.probabilities = 0.4, (0.5, 0.5)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.get_layer("mix")
    assert again.probabilities == (0.5, 0.5)
    assert again.prob == 0.9
    assert [layer.alpha for layer in again.layers] == [0.4, 0.9]
    assert again.layers[1].region.placement == "inside"
    found = [train_call(layer, x, "eager")[1] for layer in (mix, again)]
    np.testing.assert_array_equal(found[0].share, found[1].share)
    np.testing.assert_array_equal(found[0].region.edges, found[1].region.edges)
    assert np.isfinite(loaded.fit(x, y, verbose=0).history["loss"]).all()
    clone = keras.models.clone_model(model).get_layer("mix")
    assert clone.get_config() == mix.get_config()
    # A pipeline follows what was loaded.
    assert again.parameters_in_pipeline(x)["members"][0]["alpha"] == 0.4


def test_adaptive_members():
    x = np.random.default_rng(3).normal(size=(16, 9, 7, 1)).astype("float32")
    mix = RandomChoice(
        [AdaptiveMixUp("similarity"), AdaptiveMixUp("similarity", region="box")],
        seed=1,
    )
    mixed, plan = train_call(mix, x, "eager")
    check_follows(mixed, x, plan)
    assert all(each.any() for each in methods(plan))
    # A policy that looks at the loss is fed by that of the choice.
    mix = RandomChoice([AdaptiveMixUp("inverse_loss"), CutMix()], seed=1)
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix))
    model.fit(x, np.arange(16) % SIZE, verbose=0)
    running = mix.layers[0]._channel.running_loss
    assert float(ops.convert_to_numpy(running.value)) > 0


def test_partners_by_labels():
    x, y = numbered((9, 7, 1), 16), np.float32(np.arange(16) // 8 * 100)
    members = [MixUp(pairing=LabelKernel(1.0)), CutMix()]
    mix = RandomChoice(members, (1.0, 0.0), seed=1)
    _, labels = mix(x, y)
    np.testing.assert_allclose(labels, y, rtol=1e-6)
    with pytest.raises(ValueError, match="needs labels"):
        mix(ops.convert_to_tensor(x), training=True)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomChoice([]), TypeError, "a list of layers"),
        (lambda: RandomChoice(MixUp()), TypeError, "a list of layers"),
        (lambda: RandomChoice([ManifoldMixUp()]), TypeError, "must hold MixUp"),
        (lambda: RandomChoice([layers.Dense(1)]), TypeError, "must hold MixUp"),
        (
            lambda: RandomChoice([MixUp(num_samples=3), CutMix()]),
            ValueError,
            "cannot share a plan",
        ),
        (
            lambda: RandomChoice([MixUp(views=(layers.ReLU(),) * 2)]),
            ValueError,
            "cannot share a plan",
        ),
        (lambda: both(0.5, 0.6), ValueError, "that sum to 1"),
        (lambda: both(1.0), ValueError, "for 2 layers"),
        (lambda: both(1.5, -0.5), ValueError, "numbers ≥ 0"),
        (
            lambda: RandomChoice([MixUp(num_classes=3), CutMix(num_classes=4)]),
            ValueError,
            "different `num_classes`",
        ),
        (
            lambda: RandomChoice([AdaptiveMixUp("inverse_loss")] * 2),
            ValueError,
            "may look at the training loss",
        ),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_each_member_has_an_alpha_and_the_choice_has_none():
    mix = both()
    with pytest.raises(AttributeError, match=r"that of a member, as `mix.layers\[0\]"):
        mix.alpha = 0.0
    assert not hasattr(mix, "alpha")
    mix.layers[0].alpha = mix.layers[1].alpha = 0.0
    x = np.random.default_rng(0).random((8, 4, 4, 1), dtype="float32")
    np.testing.assert_array_equal(to_numpy(mix(x, training=True)), x)


def test_bad_values_later():
    mix = both()
    with pytest.raises(ValueError, match="for 2 layers"):
        mix.probabilities = [1.0]
    with pytest.raises(TypeError, match="`probabilities` must be numbers"):
        mix.probabilities = 0.5
