import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import pairing
from keras_mixup.pairing import shards
from keras_mixup.plans.sample_weight import weigh
from tests.layers.test_distribute import on_jax
from tests.layers.test_distribute import results_of
from tests.modes import run
from tests.modes import to_numpy
from tests.modes import train_call

PAIRINGS = ["shuffle", "derangement", "roll", "reverse"]
BATCH = 12


def rows_of(size=BATCH):
    return np.random.default_rng(0).normal(size=(size, 3)).astype("float32")


@pytest.mark.parametrize("name", PAIRINGS)
def test_partners_are_of_the_same_shard(name, mode):
    x = rows_of()
    mixed, plan = train_call(MixUp(8.0, pairing=name, shards=3, seed=0), x, mode)
    assert plan.shard_partners.shape == (3, 4, 1)
    for shard in plan.shard_partners[..., 0]:
        assert sorted(shard) == [0, 1, 2, 3]
    partners = (plan.shard_partners[..., 0] + 4 * np.arange(3)[:, None]).ravel()
    np.testing.assert_array_equal(plan.partners, partners)
    share = plan.share[:, None]
    np.testing.assert_allclose(
        mixed, (1 - share) * x + share * x[partners], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", PAIRINGS)
def test_each_shard_pairs_as_a_batch_of_its_own(name, mode):
    noise = np.random.default_rng(0).random((3, 4), dtype="float32")
    rows = run(pairing.get(name), mode, noise)
    np.testing.assert_array_equal(rows, [pairing.get(name)(part) for part in noise])


def test_a_batch_that_does_not_divide_is_one_shard(mode):
    x = rows_of(7)
    layer = MixUp(8.0, pairing="roll", shards=3)
    mixed, plan = train_call(layer, x, mode)
    partners, share = np.roll(np.arange(7), 1), plan.share[:, None]
    np.testing.assert_allclose(
        mixed, (1 - share) * x + share * x[partners], rtol=1e-5, atol=1e-6
    )


def test_one_shard_is_what_there_was(mode):
    x = rows_of()
    one, _ = train_call(MixUp(8.0, shards=1, seed=0), x, mode)
    none, _ = train_call(MixUp(8.0, seed=0), x, mode)
    np.testing.assert_array_equal(one, none)


def test_pipelines_have_shards_when_asked():
    x = rows_of()
    mixed, moved = MixUp(8.0, pairing="roll", shards=3, seed=0)(x, x)
    partners = np.roll(np.arange(BATCH).reshape(3, 4), 1, axis=1).ravel()
    share = ((mixed - x) / (x[partners] - x))[:, :1]
    np.testing.assert_allclose(
        mixed, (1 - share) * x + share * x[partners], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(mixed, moved)
    whole = MixUp(8.0, pairing="roll", seed=0)(x, x)[0]
    assert (whole[0] != mixed[0]).any()


def sharded(rows, share):
    whole = (np.int32(rows) + 3 * np.arange(2, dtype="int32")[:, None]).ravel()
    tensors = whole, np.float32(share), np.int32(rows)[..., None]
    return MixPlan(*map(keras.ops.convert_to_tensor, tensors))


def test_a_plan_in_shards_is_one_of_the_batch_in_all_it_does():
    rows = np.array([[1, 2, 0], [2, 0, 1]])
    whole = (rows + 3 * np.arange(2)[:, None]).ravel()
    share = np.float32([0.1, 0.2, 0.3, 0.4, 0.5, 0.0])
    plan = sharded(rows, share)
    flat = MixPlan(*map(keras.ops.convert_to_tensor, (np.int32(whole), share)))
    x = keras.ops.convert_to_tensor(rows_of(6))
    later = sharded([[0, 2, 1], [1, 2, 0]], share[::-1].copy())
    for function in (
        lambda p: p.mix(x),
        lambda p: p.partner(x),
        lambda p: p.lam,
        lambda p: weigh(p, x)[0][0],
        lambda p: p.union(x > 0),
        lambda p: p.then(later).mix(x),
        lambda p: later.then(p).mix(x),
    ):
        np.testing.assert_allclose(
            to_numpy(function(plan)), to_numpy(function(flat)), rtol=1e-5, atol=1e-6
        )
    twice = plan.then(later)
    assert twice.shard_partners.shape == (2, 3, 3)
    np.testing.assert_allclose(
        to_numpy(twice.mix(x)), to_numpy(later.mix(plan.mix(x))), rtol=1e-5, atol=1e-6
    )


def test_the_loss_and_a_policy_follow_a_plan_in_shards():
    x = rows_of()
    y = np.arange(BATCH) % 3
    mix = AdaptiveMixUp("exponential", pairing="roll", shards=3)
    model = keras.Sequential([mix, keras.layers.Activation("softmax")])
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    p = model(x, training=True)
    value = float(loss(y, p))
    partners = np.roll(np.arange(BATCH).reshape(3, 4), 1, axis=1).ravel()
    squared = ((x - x[partners]).astype("float64") ** 2).sum(1)
    share = np.exp(-squared / squared.mean()) / 2
    mixed = (1 - share[:, None]) * x + share[:, None] * x[partners]
    p = np.exp(mixed) / np.exp(mixed).sum(1, keepdims=True)
    log = -np.log(p)
    own, other = (log[np.arange(BATCH), labels] for labels in (y, y[partners]))
    assert value == pytest.approx(((1 - share) * own + share * other).mean(), rel=1e-5)


def test_shards_are_saved():
    layer = MixUp.from_config(MixUp(shards=3).get_config())
    assert layer.shards == 3


@pytest.mark.parametrize("wrong", [0, -1])
def test_shards_must_be_positive(wrong):
    with pytest.raises(ValueError, match=f"`shards` must be ≥ 1.*shards={wrong}"):
        MixUp(shards=wrong)


def test_a_pairing_of_whole_batches_says_what_came():
    layer = MixUp(
        pairing=lambda noise: keras.ops.arange(keras.ops.shape(noise)[0]), shards=3
    )
    with pytest.raises(ValueError, match=r"integers of shape \(3, 4\)"):
        layer(rows_of(), training=True)


def test_a_pairing_by_label_knows_no_shards():
    with pytest.raises(ValueError, match=r"across the whole batch.*shards=2"):
        MixUp(pairing=pairing.LabelKernel(), shards=2)


def test_without_a_distribution_there_is_one_shard():
    assert shards.shards_in_use() == 1


COLLECTIVES = r"""
import json
import re

import jax
import keras
import numpy as np
from keras import distribution, layers

from keras_mixup import AdaptiveMixUp, MixUp, MixupLoss

assert len(jax.devices()) == 8
x = np.random.default_rng(0).random((64, 8), dtype="float32")
y = np.arange(64) % 4
SIZES = {"f32": 4, "s32": 4, "u32": 4, "pred": 1}


# Compiles the step that `fit` would run, and keeps its program.
class Compiled(keras.Sequential):
    def make_train_function(self, force=False):
        def compile_step(state, batches):
            step = jax.jit(self.train_step).lower(state, next(batches))
            self.program = step.compile().as_text()
            return {}, state

        self.train_function = compile_step


def bytes_moved(mix):
    model = Compiled([keras.Input((8,))])
    loss = "sparse_categorical_crossentropy"
    if mix is not None:
        model.add(mix)
        loss = MixupLoss(loss, mix)
    model.add(layers.Dense(4, activation="softmax"))
    model.compile("sgd", loss)
    model.fit(x, y, batch_size=64, verbose=0)
    kinds = "all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter"
    moving = re.findall(rf"= (.+?) (?:{kinds})(?:-start)?\(", model.program)
    return sum(
        SIZES[dtype] * int(np.prod([int(n) for n in size.split(",") if n]))
        for dtype, size in re.findall(r"(\w+)\[([\d,]*)\]", " ".join(moving))
    )


mesh = distribution.DeviceMesh((4, 2), ["batch", "model"])
layout = distribution.LayoutMap(mesh)
moved = {}
for name, spread in {
    "data": distribution.DataParallel(),
    "model": distribution.ModelParallel(layout_map=layout, batch_dim_name="batch"),
}.items():
    distribution.set_distribution(spread)
    moved[name] = {
        "none": bytes_moved(None),
        "shuffle": bytes_moved(MixUp(1.0, seed=0)),
        "derangement": bytes_moved(MixUp(1.0, pairing="derangement", seed=0)),
        "similarity": bytes_moved(AdaptiveMixUp(seed=0)),
        "whole": bytes_moved(MixUp(1.0, shards=1, seed=0)),
    }
    mix = MixUp(8.0, seed=0)
    mix(x, training=True)
    moved[name]["samples"] = list(mix.plan.shard_partners.shape)
    # A pairing of the user's gets whole batches unless it is asked for shards.
    mix = MixUp(8.0, pairing=lambda noise: jax.numpy.argsort(noise))
    mix(x, training=True)
    moved[name]["custom"] = list(mix.plan.partners.shape)
    # In a pipeline, shards are those that were asked for.
    mixed, y_mixed = MixUp(8.0, pairing="roll", shards=4, seed=0)(x, x)
    assert (mixed == y_mixed).all()
    moved[name]["pipeline"] = mixed.tolist()
print(json.dumps(moved))
"""


@on_jax
def test_shards_of_a_distribution_move_nothing_for_mixing():
    flags = "--xla_force_host_platform_device_count=8"
    moved = results_of(COLLECTIVES, XLA_FLAGS=flags)
    for name, count in ("data", 8), ("model", 4):
        of = moved[name]
        assert of["none"] > 0  # The gradients of every step.
        assert of["shuffle"] == of["derangement"] == of["none"]
        # The mean distance of a batch is a sum and a count, over all its shards.
        assert of["similarity"] == of["none"] + 8
        assert of["whole"] >= of["none"] + 64 * 8 * 4
        assert of["samples"] == [count, 64 // count, 1]
        assert of["custom"] == [64]
    x = np.random.default_rng(0).random((64, 8), dtype="float32")
    here, _ = MixUp(8.0, pairing="roll", shards=4, seed=0)(x, x)
    np.testing.assert_array_equal(moved["data"]["pipeline"], here)
