"""CutMix: what is pasted, and labels by what was pasted."""

import re

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import CutMix
from keras_mixup import MixUp
from keras_mixup import MixupDataset
from keras_mixup import MixupLoss
from keras_mixup import MixupScheduler
from keras_mixup import RandomChoice
from keras_mixup import ops_for
from keras_mixup.regions import Box
from tests.data.test_batches import Once
from tests.data.test_batches import through_stage
from tests.data.test_pipeline import WAYS
from tests.models import WAYS as FITS
from tests.modes import run
from tests.modes import to_numpy
from tests.modes import train_call

SPARSE = "sparse_categorical_crossentropy"
SHAPES = {
    "image": (9, 7, 3),
    "small": (2, 3, 1),
    "series": (11, 2),
    "table": (13,),
    "video": (3, 5, 4, 2),
}
SIZE = 8


def numbered(shape, size=SIZE, dtype="float32"):
    """Samples that carry their number in every element."""
    own = np.arange(size).reshape(-1, *[1] * len(shape))
    return np.broadcast_to(own, (size, *shape)).astype(dtype)


def counted(mixed, size=SIZE):
    """For each sample, what part of its elements is of which sample."""
    flat = np.asarray(mixed, "float32").reshape(len(mixed), -1)
    assert (flat == flat.round()).all()
    return np.stack([(flat == i).mean(1) for i in range(size)], axis=1)


def check_share(placement, shape, mode):
    layer = CutMix(1.0, region=Box(placement), pairing="derangement", seed=3)
    mixed, plan = train_call(layer, numbered(shape, 24), mode)
    found, own = counted(mixed, 24), np.arange(24)
    np.testing.assert_allclose(found[own, own], 1 - plan.share, atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    pasted = plan.share > 0
    assert pasted.any()
    np.testing.assert_allclose(
        found[own, plan.partners][pasted], plan.share[pasted], atol=1e-6
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_share_is_what_was_pasted(shape, mode):
    check_share("clip", shape, mode)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("placement", ["inside", "uniform"])
def test_the_share_of_other_placements(placement, shape):
    check_share(placement, shape, "eager")


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_low_precision_pastes_the_same(dtype):
    layer = CutMix(1.0, pairing="roll", dtype=dtype, seed=3)
    mixed, plan = train_call(layer, numbered((9, 7, 3)), "eager")
    mixed = to_numpy(ops.cast(mixed, "float32"))
    found = counted(mixed)[np.arange(SIZE), np.arange(SIZE)]
    np.testing.assert_allclose(found, 1 - plan.share, atol=1e-6)


def test_channels_first():
    x = numbered((3, 9, 7))
    layer = CutMix(1.0, pairing="roll", data_format="channels_first", seed=3)
    mixed, plan = train_call(layer, x, "eager")
    # All channels of a pixel are of one sample.
    assert (mixed == mixed[:, :1]).all()
    found = counted(mixed)[np.arange(SIZE), np.arange(SIZE)]
    np.testing.assert_allclose(found, 1 - plan.share, atol=1e-6)
    assert len(np.unique(plan.share)) > 4
    layer = CutMix(1.0, pairing="roll", data_format="channels_last", seed=3)
    last, _ = train_call(layer, x, "eager")
    assert (last != last[:, :1]).any()


def test_a_box_has_sides_along_height_and_width():
    # A wide image: heights and widths swapped would not be proportional to it.
    x = numbered((4, 64, 1))
    mixed, plan = train_call(
        CutMix(region=Box("inside"), pairing="roll", seed=3), x, "eager"
    )
    pasted = (mixed != x)[..., 0]
    height, width = pasted.any(2).sum(1), pasted.any(1).sum(1)
    assert (abs(height / 4 - width / 64) <= 1 / 4).all()
    np.testing.assert_allclose(height * width / 256, plan.share, atol=1e-6)
    # One box.
    assert (pasted.sum((1, 2)) == height * width).all()


@pytest.mark.parametrize("way", WAYS)
def test_pipelines(way):
    x, y = numbered((9, 7, 3)), np.arange(SIZE)
    mixed, labels = way(CutMix(1.0, num_classes=SIZE, seed=1), x, y)
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)
    assert ((labels > 0).sum(1) == 2).sum() > 3
    mixed, _ = way(CutMix(1.0, seed=1), x, x[:, 0, 0, 0], training=False)
    np.testing.assert_array_equal(mixed, x)


def test_bytes_a_stage_and_a_data_set():
    x, y = numbered((9, 7, 3), dtype="uint8"), np.arange(SIZE)
    mixed, labels = through_stage(CutMix(1.0, num_classes=SIZE, seed=1), (x, y))
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)


def test_a_py_dataset():
    x, y = numbered((9, 7, 3)), np.arange(SIZE)
    mixed, labels = MixupDataset(Once((x, y)), CutMix(num_classes=SIZE, seed=1))[0]
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)


class LeftHalf:
    """A region of a user's: the first half of the last axis, in NumPy's operations."""

    def num_uniforms(self, axes):
        return axes

    def __call__(self, noise, lam, grid):
        ops = ops_for(noise)
        edges = [[[0.0, 1.0]] * (len(grid) - 1) + [[0.0, 0.5]]]
        nothing = ops.zeros_like(lam)
        edges = ops.convert_to_tensor(np.float32(edges)) + nothing[:, None, None]
        return edges


@pytest.mark.parametrize("way", WAYS)
def test_a_region_of_the_users(way):
    x, y = numbered((4, 6, 1)), np.arange(SIZE)
    layer = CutMix(region=LeftHalf(), pairing="roll", num_classes=SIZE)
    mixed, labels = way(layer, x, y)
    expected = np.where(np.arange(6)[:, None] < 3, np.roll(x, 1, axis=0), x)
    np.testing.assert_array_equal(mixed, expected)
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)


def test_weights_count_by_what_was_pasted():
    x, y = numbered((9, 7, 3)), np.arange(SIZE)
    weight = np.float32(1 + np.arange(SIZE))
    mixed, labels, weights = CutMix(num_classes=SIZE, seed=1)(x, y, weight)
    by_hand = counted(mixed) * weight
    np.testing.assert_allclose(labels * weights[:, None], by_hand, atol=1e-5)


def test_every_sample_has_a_box_of_its_own_unless_the_batch_has_one():
    x = numbered((32, 32, 1), 16)
    kinds = {}
    for per_sample in (True, False):
        layer = CutMix(1.0, per_sample=per_sample, pairing="roll", seed=2)
        mixed, plan = train_call(layer, x, "eager")
        kinds[per_sample] = {each.tobytes() for each in (mixed != x)}
        assert (len(np.unique(plan.share)) == 1) is not per_sample
    assert len(kinds[True]) > 12
    assert len(kinds[False]) == 1


def test_nested_inputs_of_other_resolutions_get_the_same_box():
    x = {"large": numbered((32, 32, 3)), "small": numbered((8, 8, 1))}
    mixed, plan = train_call(CutMix(pairing="roll", seed=4), x, "eager")
    edges = plan.region.edges
    for key, size in (("large", 32), ("small", 8)):
        at = (np.arange(size) + 0.5) / size
        rows, columns = (
            (at >= edges[:, axis, :1]) & (at < edges[:, axis, 1:]) for axis in (0, 1)
        )
        inside = (rows[:, :, None] & columns[:, None, :])[..., None]
        np.testing.assert_array_equal(
            mixed[key], np.where(inside, x[key][plan.partners], x[key])
        )


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_what_is_outside_of_the_box_goes_nowhere(lost):
    x = numbered((9, 7, 1))
    x[3] = lost
    for layer, mode in ((CutMix(pairing="roll", seed=s), "eager") for s in range(4)):
        mixed, plan = train_call(layer, x, mode)
        (to,) = np.flatnonzero(plan.partners == 3)
        others = np.delete(np.arange(SIZE), [3, to])
        assert np.isfinite(mixed[others]).all()
        # An infinite partner comes in as it is, and an infinite sample stays.
        part = (~np.isfinite(mixed[to])).mean()
        assert part == pytest.approx(plan.share[to], abs=1e-6)
        assert (~np.isfinite(mixed[3])).mean() == pytest.approx(1 - plan.share[3])


def test_a_batch_of_one_stays_as_it_is(mode):
    x = numbered((5, 5, 1), 1) + 7
    mixed, plan = train_call(CutMix(1.0), x, mode)
    np.testing.assert_array_equal(mixed, x)
    assert plan.partners.tolist() == [0]


@pytest.mark.parametrize("off", [{"alpha": 0.0}, {"prob": 0.0}])
def test_nothing_is_pasted_where_nothing_is_to_be(off):
    x = numbered((9, 7, 3))
    for region in ("box", Box("inside", (0.2, 0.5))):
        layer = CutMix(**{"alpha": 1.0, **off}, region=region, pairing="roll")
        mixed, plan = train_call(layer, x, "eager")
        np.testing.assert_array_equal(mixed, x)
        assert (plan.share == 0).all()
    setattr(layer, next(iter(off)), 1.0)
    assert (train_call(layer, x, "eager")[0] != x).any()


def check_loss_of_both_labels(mix, mode):
    """The loss of a step of `mix`, beside that of both labels by their shares."""
    if keras.backend.backend() == "jax" and mode == "jit":
        pytest.skip("a layer keeps no state there; `fit` covers it")
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1.0] * 3, SIZE).astype("float32")
    y = np.arange(SIZE) % 3
    loss = MixupLoss(SPARSE, mix)

    def step(x, y, p):
        mix(x, training=True)
        return loss(y, p), mix.plan.partners, mix.plan.share

    value, partners, share = run(step, mode, numbered((9, 7, 3)), y, p)
    each = [-np.log(p[np.arange(SIZE), ids]) for ids in (y, y[partners])]
    expected = ((1 - share) * each[0] + share * each[1]).mean()
    np.testing.assert_allclose(value, expected, rtol=1e-5)


def test_the_loss_is_that_of_both_labels(mode):
    check_loss_of_both_labels(CutMix(seed=3), mode)


def classifier(*first):
    model = keras.Sequential([*first, layers.Flatten(), layers.Dense(SIZE, "softmax")])
    model.build((None, 9, 7, 1))
    return model


@pytest.mark.parametrize("way", FITS)
def test_fit_trains_on_what_a_pipeline_would_hand_over(way):
    # Of linear softmax, the gradient tells which inputs and labels were mixed.
    x, y = numbered((9, 7, 1), 16) / 16, np.arange(16) % SIZE
    mix = CutMix(1.0, seed=5)
    model = classifier(mix)
    loss = MixupLoss(SPARSE, mix, track=True)
    model.compile("sgd", loss, metrics=["accuracy"], **FITS[way])
    logs = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    assert set(logs) == {"accuracy", "loss", "mixup_lam", "mixup_accuracy"}
    assert np.isfinite(logs["loss"]).all()
    # The dominant label's share: at least ½, and not always 1.
    assert all(0.5 < each < 1 for each in logs["mixup_lam"])
    assert np.isfinite(model.evaluate(x, y, verbose=0)).all()
    np.testing.assert_allclose(
        model.predict(x, verbose=0), to_numpy(model(x, training=False)), rtol=1e-5
    )


def test_alpha_follows_a_schedule():
    x, y = numbered((9, 7, 1)), np.arange(SIZE)
    mix = CutMix(1.0, seed=5)
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix, track=True))
    schedule = MixupScheduler(mix, lambda epoch: float(epoch))
    logs = model.fit(x, y, epochs=2, verbose=0, callbacks=[schedule]).history
    assert logs["mixup_lam"][0] == 1.0
    assert logs["mixup_lam"][1] < 1.0


def test_behind_mixup_all_four_labels_count():
    x, y = numbered((9, 7, 1)) / 16, np.arange(SIZE)
    mixers = MixUp(8.0, seed=1), CutMix(1.0, seed=2)
    model = classifier(*mixers)
    model.compile("sgd", MixupLoss(SPARSE, mixers), run_eagerly=True)
    kernel, bias = (weight.copy() for weight in model.layers[-1].get_weights())
    loss = model.train_on_batch(x, y)
    if keras.backend.backend() == "jax":
        return  # Traced in any case; the plans are symbols.
    soft, mixed = np.eye(SIZE), x
    for mix in mixers:
        plan = mix.plan
        mixed = to_numpy(plan.mix(ops.convert_to_tensor(mixed)))
        partners, share = (to_numpy(part) for part in plan[:2])
        soft = (1 - share)[:, None] * soft + share[:, None] * soft[partners]
    scores = mixed.reshape(SIZE, -1) @ kernel + bias
    log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    assert loss == pytest.approx(-(soft * log_p).sum(1).mean(), rel=1e-3)


def test_a_saved_model_goes_on(tmp_path):
    x, y = numbered((9, 7, 1)), np.arange(SIZE)
    mix = CutMix(0.7, region=Box("inside"), prob=0.9, seed=5, name="cut")
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    again = loaded.get_layer("cut")
    assert (again.alpha, again.prob, again.region.placement) == (0.7, 0.9, "inside")
    shares = [
        to_numpy(train_call(layer, x, "eager")[1].share) for layer in (mix, again)
    ]
    np.testing.assert_array_equal(*shares)
    assert np.isfinite(loaded.fit(x, y, verbose=0).history["loss"]).all()
    clone = keras.models.clone_model(model).get_layer("cut")
    assert clone.get_config() == mix.get_config()


def test_padding_is_of_the_sample_that_it_is_from():
    tokens = np.array([[1, 2, 3, 0, 0], [4, 5, 0, 0, 0], [6, 6, 6, 6, 6]])
    mix, seen = CutMix(region=LastTwo(), pairing="roll"), []

    class Seen(layers.Layer):
        supports_masking = True

        def call(self, x, mask=None):
            seen.append((x, mask))
            return x

    embed = layers.Embedding(8, 2, mask_zero=True)
    embed.build()
    embed.set_weights([np.stack([np.arange(8), np.arange(8)], 1)])

    def step(tokens):
        mixed = Seen()(mix(embed(tokens), training=True))
        return mixed, seen[-1][1], mix.plan.share

    mixed, mask, share = run(step, "eager", tokens)
    expected = [[1, 2, 3, 6, 6], [4, 5, 0, 0, 0], [6, 6, 6, 0, 0]]
    np.testing.assert_array_equal(mixed[..., 0], expected)
    np.testing.assert_array_equal(mask, np.array(expected) > 0)
    # Of five valid steps two are pasted; where all of them are padding, none.
    np.testing.assert_allclose(share, [2 / 5, 0, 0], atol=1e-6)


class LastTwo:
    """The last two of five steps."""

    def __call__(self, noise, lam, grid):
        ops = ops_for(noise)
        edges = ops.convert_to_tensor(np.float32([[[0.6, 1.0]]]))
        return edges + ops.zeros_like(lam)[:, None, None]


@pytest.mark.parametrize("functional", [False, True])
def test_a_network_of_padded_sequences_trains(functional):
    tokens = np.array([[1, 2, 3, 0], [4, 5, 0, 0]] * 4)
    mix = CutMix(seed=1)
    parts = [
        layers.Embedding(6, 4, mask_zero=True),
        mix,
        layers.GlobalAveragePooling1D(),
        layers.Dense(2, "softmax"),
    ]
    model = keras.Sequential(([keras.Input((4,))] if functional else []) + parts)
    model.compile("sgd", MixupLoss(SPARSE, mix, track=True))
    logs = model.fit(tokens, np.array([0, 1] * 4), verbose=0, epochs=3).history
    assert np.isfinite(logs["loss"]).all()
    assert min(logs["mixup_lam"]) < 1


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros(4, "float32"), "from one to three spatial axes"),
        (np.zeros((4, 2, 2, 2, 2, 2), "float32"), "from one to three spatial axes"),
        ({"a": np.zeros((4, 9, 7, 1)), "b": np.zeros((4, 5))}, "as many axes"),
    ],
)
def test_inputs_without_a_place_for_a_box(x, message):
    x = keras.tree.map_structure(lambda each: ops.convert_to_tensor(each), x)
    with pytest.raises(ValueError, match=message):
        CutMix(1.0)(x, training=True)


def test_bad_arguments():
    with pytest.raises(ValueError, match="`region` must be one of"):
        CutMix(region="circle")
    with pytest.raises(ValueError, match="`data_format` must be"):
        CutMix(data_format="channels")
    with pytest.raises(ValueError, match="takes the values of one partner"):
        CutMix(fold=True)
    with pytest.raises(ValueError, match="`alpha` must be"):
        CutMix(-1.0)


@pytest.mark.parametrize("through", ["call", "numpy"])
@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ((3, 8, 8), "with the channels first"),
        ((1, 8, 8), "with the channels first"),
        ((8, 8), r"without an axis of channels, pass `x\[..., None\]`"),
    ],
)
def test_a_default_that_takes_the_width_for_channels_is_named_once(
    through, shape, remedy
):
    def mix(layer):
        x = numbered(shape)
        if through == "numpy":
            return layer(x, np.arange(SIZE))
        return train_call(layer, x, "eager")

    layer = CutMix(1.0, num_classes=SIZE, name="cut")
    received = re.escape(str((8, *shape)))
    message = f"The layer 'cut' pastes regions of inputs of shape {received}.*{remedy}"
    with pytest.warns(UserWarning, match=message):
        mix(layer)
    mix(layer)
    for data_format in ("channels_first", "channels_last"):
        mix(CutMix(1.0, num_classes=SIZE, data_format=data_format))


def test_a_choice_says_once_for_its_members_which_axis_they_take():
    x, given = numbered((3, 8, 8)), {"data_format": "channels_first"}
    members = [MixUp(1.0), CutMix(1.0)]
    choice = RandomChoice(members, num_classes=SIZE, name="choice")
    with pytest.warns(UserWarning, match="The layer 'choice' pastes") as warned:
        choice(x, np.arange(SIZE))
    choice(x, np.arange(SIZE))
    assert len(warned) == 1
    RandomChoice(members, num_classes=SIZE, **given)(x, np.arange(SIZE))
    own = [MixUp(1.0), CutMix(1.0, **given)]
    RandomChoice(own, num_classes=SIZE)(x, np.arange(SIZE))
    RandomChoice([MixUp(1.0)], num_classes=SIZE)(x, np.arange(SIZE))


@pytest.mark.parametrize(
    "shape",
    [(8, 3, 8), (3, 3, 8), (3, 8, 3), (3, 8), (8, 8, 3), (1, 8, 9), (4, 4)],
)
def test_other_shapes_are_taken_as_they_are(shape):
    CutMix(1.0)(ops.convert_to_tensor(numbered(shape)), training=True)
