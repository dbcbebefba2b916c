"""What holds of `MixUp` in a model holds of `AdaptiveMixUp`, whatever the policy."""

import functools
import os

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixupLoss
from keras_mixup import policies
from tests.layers.test_distribute import on_jax
from tests.layers.test_distribute import on_tensorflow
from tests.layers.test_distribute import results_of
from tests.layers.test_fit import check_drawn_plans
from tests.models import CLASSES
from tests.models import COMPILED
from tests.models import FEATURES
from tests.models import QUICK
from tests.models import classifier
from tests.models import compiled
from tests.models import data
from tests.models import fit
from tests.models import mixed
from tests.models import pair_loss
from tests.models import softmax

close = functools.partial(np.testing.assert_allclose, rtol=1e-5)


@keras.saving.register_keras_serializable(package="tests")
def nearer_and_surer(distance, loss):
    return 1 / (1 + distance + loss)


POLICIES = {
    "similarity": "similarity",
    "exponential": "exponential",
    "linear": "linear",
    "literal": policies.ExponentialDistance(0.1, literal=True),
    "inverse_loss": "inverse_loss",
    "fixed": policies.Fixed(0.7),
    "shuffled": policies.Shuffled("similarity"),
    "function": nearer_and_surer,
}


@pytest.fixture(params=POLICIES)
def mix(request):
    return AdaptiveMixUp(POLICIES[request.param], seed=1)


@pytest.mark.parametrize("way", [{"run_eagerly": True}, COMPILED], ids=["eager", "jit"])
def test_training_follows_the_plans_that_are_drawn(mix, way):
    shares = check_drawn_plans(mix, *data(), **way)
    assert shares.max() > 0.05


@pytest.mark.parametrize(
    ("policy", "rtol"), [("mixed_float16", 2e-3), ("mixed_bfloat16", 1e-2)]
)
@pytest.mark.parametrize("name", POLICIES)
def test_mixed_precision_follows_plans_of_full_precision(name, policy, rtol):
    keras.config.set_dtype_policy(policy)
    try:
        mix = AdaptiveMixUp(POLICIES[name], seed=1)
        shares = check_drawn_plans(mix, *data(), rtol, **QUICK)
    finally:
        keras.config.set_dtype_policy("float32")
    # Neither half type has the last 13 bits of a float32.
    bits = np.float32(shares[shares > 0]).view("int32") % 2**13
    assert (bits > 0).mean() > 0.5


def test_training_goes_on_after_loading_as_if_nothing_had_happened(mix, tmp_path):
    x, y = data()
    model = compiled(classifier(mix), mix, **QUICK)
    fit(model, x, y, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    whole = fit(model, x, y, epochs=2)["loss"]
    assert fit(loaded, x, y, epochs=2)["loss"] == whole


def test_outside_training_a_model_is_the_one_without_the_layer(mix):
    x, y = data()
    model = compiled(classifier(mix), mix, **QUICK)
    fit(model, x, y, epochs=1)
    plain = classifier(None)
    plain.set_weights([keras.ops.convert_to_numpy(model.layers[-1].kernel)])
    plain.compile("sgd", "sparse_categorical_crossentropy", **QUICK)
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), plain.predict(x, verbose=0)
    )
    assert model.evaluate(x, y, verbose=0) == plain.evaluate(x, y, verbose=0)


def side_by_side(mixes, track=(), rate=0.5, **way):
    """A model of one classifier behind each layer: they all train in one step."""
    inputs = keras.Input((FEATURES,))
    head = functools.partial(keras.layers.Dense, CLASSES, "softmax", use_bias=False)
    outputs = {mix.name: head(name=f"of_{mix.name}")(mix(inputs)) for mix in mixes}
    model = keras.Model(inputs, outputs)
    plain = "sparse_categorical_crossentropy"
    losses = {m.name: MixupLoss(plain, m, track=m.name in track) for m in mixes}
    model.compile(keras.optimizers.SGD(rate), losses, **way)
    return model


def losses_of(model, names, x, y, **kwargs):
    """The history of a training on labels that are those of every classifier."""
    history = fit(model, x, dict.fromkeys(names, y), **kwargs)
    return history, {name: history[f"{name}_loss"] for name in names}


MIRRORED = """
import json

import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)

import keras

from keras_mixup import AdaptiveMixUp
from tests.models import data
from tests.layers.test_adaptive_fit import POLICIES, losses_of, side_by_side

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


class Recorded(AdaptiveMixUp):
    def draw_plan(self, *args, **kwargs):
        plan = super().draw_plan(*args, **kwargs)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        parts = [part.numpy().tolist() for part in plan[:2]]
        self.plans.append([len(self.plans) // 2, int(replica), *parts])
        return plan


x, y = data(16)


def steps(mixes, **way):
    model = side_by_side(mixes, track=["inverse_loss"], rate=0.0, **way)
    names = [mix.name for mix in mixes]
    halves = [
        losses_of(model, names, x[i : i + 8], y[i : i + 8], batch_size=8, epochs=1)
        for i in (0, 8)
    ]
    kernels = {name: model.get_layer(f"of_{name}").kernel for name in names}
    means = {mix.name: mix._channel.running_loss for mix in mixes}
    return {
        "lam": [history["mixup_lam"][0] for history, _ in halves],
        "loss": {name: [of[name][0] for _, of in halves] for name in names},
        "kernel": {n: kernel.numpy().tolist() for n, kernel in kernels.items()},
        "running": {n: float(m.value) for n, m in means.items() if m is not None},
    }


with strategy.scope():
    mixes = [Recorded(p, pairing="roll", name=name) for name, p in POLICIES.items()]
    for mix in mixes:
        mix.plans = []
    results = {"eager": steps(mixes, run_eagerly=True)}
    results["plans"] = {mix.name: mix.plans for mix in mixes}
    learning = [
        AdaptiveMixUp(POLICIES[name], pairing="roll", name=name)
        for name in results["eager"]["running"]
    ]
    results["graph"] = steps(learning, jit_compile=False)
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def mirrored():
    """Two steps on two replicas of half a batch of 8 each, at a rate of 0."""
    return results_of(MIRRORED)


@on_tensorflow
@pytest.mark.parametrize("name", POLICIES)
def test_replicas_follow_their_plans_and_share_one_running_loss(name, mirrored):
    x, y = data(16)
    kernel = np.array(mirrored["eager"]["kernel"][name])
    losses = np.zeros((2, 2))
    for step, replica, rows, share in mirrored["plans"][name]:
        half = slice(8 * step + 4 * replica, 8 * step + 4 * replica + 4)
        rows, share = np.array(rows), np.array(share)
        p = softmax(mixed(x[half], rows, share) @ kernel)
        losses[step, replica] = pair_loss(y[half], p, rows, share)
        if name == "inverse_loss":
            lam = 1 / (1 + losses[0].mean()) if step else 1
            np.testing.assert_allclose(share, min(lam, 1 - lam), rtol=1e-5, atol=1e-7)
    close(mirrored["eager"]["loss"][name], losses.mean(axis=1))
    learns = name in ("inverse_loss", "function")
    for way in ("eager", "graph"):
        result = mirrored[way]
        assert (name in result["running"]) == learns
        if learns:
            first, second = result["loss"][name]
            close(result["running"][name], (second + 0.9 * first) / 1.9)
        if name == "inverse_loss":
            lam = 1 / (1 + first)
            close(result["lam"], [1, max(lam, 1 - lam)])


DATA_PARALLEL = """
import json

import jax
import keras

from keras_mixup import AdaptiveMixUp
from tests.models import data
from tests.layers.test_adaptive_fit import POLICIES, losses_of, side_by_side

assert len(jax.devices()) == 2
x, y = data(24)


def trainings(shards):
    keras.utils.set_random_seed(4)
    mixes = [
        AdaptiveMixUp(policy, shards=shards, seed=1, name=name)
        for name, policy in POLICIES.items()
    ]
    return losses_of(side_by_side(mixes), POLICIES, x, y, batch_size=8)[1]


# Two devices make two shards by themselves.
results = {"whole": trainings(1), "shards": trainings(2)}
keras.distribution.set_distribution(keras.distribution.DataParallel())
results |= {"two_whole": trainings(1), "two_shards": trainings(None)}
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def data_parallel():
    """The same trainings on one device and on two, in one shard and in two."""
    flags = os.environ.get("XLA_FLAGS", "")
    flags += " --xla_force_host_platform_device_count=2"
    return results_of(DATA_PARALLEL, XLA_FLAGS=flags)


@on_jax
@pytest.mark.parametrize("how", ["whole", "shards"])
@pytest.mark.parametrize("name", POLICIES)
def test_two_devices_train_as_one_would(name, how, data_parallel):
    one, two = (data_parallel[count][name] for count in (how, f"two_{how}"))
    np.testing.assert_allclose(two, one, rtol=1e-4)
    assert len(set(one)) == 3
