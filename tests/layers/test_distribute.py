import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_mixup import MixUp
from tests.models import BACKEND
from tests.models import classifier
from tests.models import compiled
from tests.models import data
from tests.models import fit
from tests.models import fit_by_hand
from tests.models import fixed_plan
from tests.models import kernel_of
from tests.models import mixed
from tests.models import pair_loss
from tests.models import softmax

# Devices are simulated before a framework starts: hence the processes.


def results_of(script, **environment):
    """What a script prints as JSON, where the warning of the layer is an error."""
    finished = subprocess.run(
        [sys.executable, "-W", "error:The layer", "-c", script],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


MIRRORED = """
import json

import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)

import keras
from keras import layers

from keras_mixup import CutMix, MixUp, RandomChoice
from tests.models import CLASSES, FEATURES, FixedMixUp
from tests.models import classifier, compiled, data, fit, kernel_of

strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
assert strategy.num_replicas_in_sync == 2
x, y = data(24)
results = {}


def replica():
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def one_or_two():
    return 1 + replica()


class Recorded(MixUp):
    plans = []

    def draw_plan(self, *args, **kwargs):
        plan = super().draw_plan(*args, **kwargs)
        parts = [part.numpy().tolist() for part in plan[:2]]
        self.plans.append([int(replica()), *parts])
        return plan


with strategy.scope():
    mix = FixedMixUp(one_or_two)
    # TensorFlow's XLA refuses variables that are mirrored on CPUs.
    model = compiled(classifier(mix), mix, jit_compile=False)
start = kernel_of(model).tolist()
loss = fit(model, x, y, batch_size=8)["loss"]
results["fixed"] = {"start": start, "loss": loss, "end": kernel_of(model).tolist()}

with strategy.scope():
    mix = FixedMixUp(one_or_two)
    norm = layers.BatchNormalization(synchronized=True)
    head = layers.Dense(CLASSES, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((FEATURES,)), mix, norm, head])
    compiled(model, mix, jit_compile=False)
start = kernel_of(model).tolist()
loss = fit(model, x[:8], y[:8], batch_size=8, epochs=1)["loss"]
results["norm"] = {"start": start, "loss": loss}

with strategy.scope():
    mix = Recorded(alpha=1.0)
    model = compiled(classifier(mix), mix, run_eagerly=True)
start = kernel_of(model).tolist()
loss = fit(model, x[:8], y[:8], batch_size=8, epochs=1)["loss"]
results["random"] = {"start": start, "loss": loss, "plans": Recorded.plans}


class RecordedChoice(RandomChoice):
    steps = []

    def mix_inputs(self, plan, x):
        mixed = super().mix_inputs(plan, x)
        if plan is not None:
            parts = [*plan[:2], mixed]
            parts = [part.numpy().tolist() for part in parts]
            self.steps.append([int(replica()), *parts])
        return mixed


with strategy.scope():
    mix = RecordedChoice([MixUp(1.0), CutMix(1.0)])
    model = compiled(classifier(mix), mix, run_eagerly=True)
start = kernel_of(model).tolist()
loss = fit(model, x, y, batch_size=24, epochs=1)["loss"]
results["choice"] = {"start": start, "loss": loss, "steps": RecordedChoice.steps}
print(json.dumps(results))
"""


@pytest.fixture(scope="module")
def mirrored():
    """Trainings on two replicas of half a batch of 8 each."""
    return results_of(MIRRORED)


on_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="tf.distribute is TensorFlow's"
)


@on_tensorflow
def test_each_replica_follows_its_own_plan(mirrored):
    x, y = data(24)
    steps = itertools.cycle([1, 2])
    # Two half batches an update are what the replicas see.
    losses, kernel = fit_by_hand(
        np.array(mirrored["fixed"]["start"]),
        x,
        y,
        accumulate=2,
        plan=lambda size: fixed_plan(size, next(steps)),
    )
    np.testing.assert_allclose(mirrored["fixed"]["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(mirrored["fixed"]["end"], kernel, rtol=1e-4, atol=1e-6)


@on_tensorflow
def test_replicas_that_take_turns_in_a_step_keep_their_plans(mirrored):
    x, y = data(24)
    plans = [fixed_plan(4, 1), fixed_plan(4, 2)]
    features = np.concatenate([mixed(x[:4], *plans[0]), mixed(x[4:8], *plans[1])])
    features = (features - features.mean(0)) / np.sqrt(features.var(0) + 1e-3)
    p = softmax(features @ np.array(mirrored["norm"]["start"]))
    losses = [pair_loss(y[:4], p[:4], *plans[0]), pair_loss(y[4:8], p[4:], *plans[1])]
    np.testing.assert_allclose(mirrored["norm"]["loss"], np.mean(losses), rtol=1e-5)


@on_tensorflow
def test_random_plans_are_followed_on_each_replica(mirrored):
    x, y = data(24)
    kernel = np.array(mirrored["random"]["start"])
    losses, shares = [], []
    for replica, *plan in sorted(mirrored["random"]["plans"]):
        rows, share = (np.array(part) for part in plan)
        shares.append(share)
        half = slice(4 * replica, 4 * replica + 4)
        p = softmax(mixed(x[half], rows, share) @ kernel)
        losses.append(pair_loss(y[half], p, rows, share))
        assert share.max() > share.min()
    assert len(losses) == 2
    # From one random state, each replica draws a plan of its own.
    assert not np.isin(*shares).any()
    np.testing.assert_allclose(mirrored["random"]["loss"], np.mean(losses), rtol=1e-5)


@on_tensorflow
def test_replicas_choose_for_themselves_between_mixup_and_cutmix(mirrored):
    x, y = data(24)
    kernel, losses, kinds = np.array(mirrored["choice"]["start"]), [], set()
    assert len(mirrored["choice"]["steps"]) == 2
    for replica, *step in sorted(mirrored["choice"]["steps"]):
        partners, share, features = (np.array(part) for part in step)
        half = slice(12 * replica, 12 * replica + 12)
        # Of random numbers, what is pasted is the one or the other.
        own = np.isclose(features, x[half])
        other = np.isclose(features, x[half][partners])
        pasted = (own | other).all(1) & (partners != np.arange(12))
        np.testing.assert_allclose(other.mean(1)[pasted], share[pasted], atol=1e-6)
        blended = mixed(x[half], partners, share)[~pasted]
        np.testing.assert_allclose(features[~pasted], blended, atol=1e-5)
        kinds |= set(pasted[share > 0])
        losses.append(pair_loss(y[half], softmax(features @ kernel), partners, share))
    assert kinds == {True, False}
    np.testing.assert_allclose(mirrored["choice"]["loss"], np.mean(losses), rtol=1e-5)


TORCH = """
def train(rank, port, results):
    import os

    import keras
    import torch
    from torch import distributed

    from keras_mixup import MixUp, MixupLoss
    from tests.models import CLASSES, FEATURES, data

    address = f"tcp://localhost:{port}"
    distributed.init_process_group("gloo", address, rank=rank, world_size=2)
    keras.utils.set_random_seed(0)
    mix = MixUp(alpha=1.0)
    head = keras.layers.Dense(CLASSES, activation="softmax", use_bias=False)
    model = keras.Sequential([keras.Input((FEATURES,)), mix, head])
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    parallel = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(parallel.parameters(), lr=1.0)
    start = head.kernel.numpy().tolist()
    x, y = data(16)
    half = slice(8 * rank, 8 * rank + 8)
    steps = []
    for _ in range(2):
        optimizer.zero_grad()
        value = loss(y[half], parallel(x[half], training=True))
        value.backward()
        optimizer.step()
        samples, share = (part.tolist() for part in mix.plan[:2])
        end = head.kernel.numpy().tolist()
        steps.append({"loss": float(value), "samples": samples, "share": share, "end":
        end})
    results.put((rank, {"start": start, "steps": steps}))
    results.close()
    results.join_thread()
    distributed.barrier()
    # Torch takes its threads apart under Python's lock, and at times waits for ever.
    os._exit(0)


"""

# Runs `train` in two processes, and prints what each of them found.
TWO_PROCESSES = """
import json
import multiprocessing
import socket

with socket.socket() as listener:
    listener.bind(("localhost", 0))
    port = listener.getsockname()[1]
context = multiprocessing.get_context("fork")
results = context.Queue()
ranks = [context.Process(target=train, args=(r, port, results)) for r in range(2)]
for process in ranks:
    process.start()
found = dict(results.get(timeout=60) for _ in ranks)
for process in ranks:
    process.join()
print(json.dumps([found[0], found[1]]))
"""


@pytest.mark.skipif(BACKEND != "torch", reason="the processes are those of torch")
def test_processes_of_torch_follow_plans_of_their_own():
    ranks = results_of(TORCH + TWO_PROCESSES)
    x, y = data(16)
    kernel = np.array(ranks[0]["start"])
    np.testing.assert_array_equal(ranks[1]["start"], kernel)
    for step in range(2):
        gradients = []
        for rank, found in enumerate(ranks):
            plan = found["steps"][step]
            rows, share = np.array(plan["samples"]), np.array(plan["share"])
            half = slice(8 * rank, 8 * rank + 8)
            features = mixed(x[half], rows, share)
            p = softmax(features @ kernel)
            value = pair_loss(y[half], p, rows, share)
            assert plan["loss"] == pytest.approx(value, rel=1e-5)
            labels = mixed(np.eye(p.shape[1])[y[half]], rows, share)
            gradients.append(features.T @ (p - labels) / 8)
        kernel = kernel - np.mean(gradients, axis=0)
        for found in ranks:
            np.testing.assert_allclose(
                found["steps"][step]["end"], kernel, rtol=1e-4, atol=1e-6
            )
    # Four plans, of two ranks with one seed in two steps, have no draw in common.
    shares = [plan["share"] for found in ranks for plan in found["steps"]]
    assert len(set(np.ravel(shares).tolist())) == 32


DATA_PARALLEL = """
import json

import jax
import keras

from keras_mixup import CutMix, MixUp, RandomChoice
from tests.models import FixedMixUp, classifier, compiled, data, fit, kernel_of

assert len(jax.devices()) == 2
x, y = data(24)


def trainings():
    keras.utils.set_random_seed(4)
    results = {}
    for mix in (
        FixedMixUp(name="fixed"),
        MixUp(alpha=1.0, shards=1, seed=1, name="random"),
        RandomChoice([MixUp(1.0), CutMix(1.0)], shards=1, seed=1, name="choice"),
    ):
        model = compiled(classifier(mix), mix)
        start = kernel_of(model).tolist()
        loss = fit(model, x, y, batch_size=8)["loss"]
        results[mix.name] = {"start": start, "loss": loss}
        results[mix.name]["end"] = kernel_of(model).tolist()
    return results


one = trainings()
keras.distribution.set_distribution(keras.distribution.DataParallel())
print(json.dumps({"one": one, "two": trainings()}))
"""


@pytest.fixture(scope="module")
def data_parallel():
    """The same trainings on one device and on two."""
    flags = os.environ.get("XLA_FLAGS", "")
    flags += " --xla_force_host_platform_device_count=2"
    return results_of(DATA_PARALLEL, XLA_FLAGS=flags)


on_jax = pytest.mark.skipif(BACKEND != "jax", reason="keras.distribution is JAX's")


@on_jax
def test_a_plan_spans_the_devices_of_a_batch(data_parallel):
    x, y = data(24)
    result = data_parallel["two"]["fixed"]
    losses, kernel = fit_by_hand(np.array(result["start"]), x, y, batch_size=8)
    np.testing.assert_allclose(result["loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(result["end"], kernel, rtol=1e-4, atol=1e-6)


@on_jax
@pytest.mark.parametrize("name", ["random", "choice"])
def test_two_devices_draw_what_one_would(data_parallel, name):
    one, two = (data_parallel[count][name] for count in ("one", "two"))
    np.testing.assert_array_equal(two["start"], one["start"])
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-5)
    np.testing.assert_allclose(two["end"], one["end"], rtol=1e-4, atol=1e-6)


JAX = """
def train(rank, port, results):
    import jax

    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    import keras

    address = f"localhost:{port}"
    keras.distribution.initialize(address, num_processes=2, process_id=rank)
    assert (jax.device_count(), jax.local_device_count()) == (2, 1)

    from keras_mixup import MixUp
    from tests.models import classifier, compiled, data, fit, kernel_of

    spread = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(spread)
    keras.utils.set_random_seed(4)
    mix = MixUp(alpha=1.0, seed=1)
    model = compiled(classifier(mix), mix)
    x, y = (part.reshape(2, 2, 6, -1)[:, rank].reshape(12, -1) for part in data(24))
    loss = fit(model, x, y[:, 0], batch_size=6)["loss"]
    end = model.layers[-1].kernel.value.addressable_shards[0].data.tolist()
    results.put((rank, {"loss": loss, "end": end}))
"""


@on_jax
def test_processes_of_jax_train_as_the_shards_of_one_do():
    environment = {"XLA_FLAGS": "--xla_force_host_platform_device_count=1"}
    first, second = results_of(JAX + TWO_PROCESSES, **environment)
    assert first == second
    keras.utils.set_random_seed(4)
    mix = MixUp(alpha=1.0, shards=2, seed=1)
    model = compiled(classifier(mix), mix)
    loss = fit(model, *data(24), batch_size=12)["loss"]
    np.testing.assert_allclose(first["loss"], loss, rtol=1e-5)
    np.testing.assert_allclose(first["end"], kernel_of(model), rtol=1e-4, atol=1e-6)
