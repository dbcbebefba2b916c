"""Bytes that devices exchange to mix, in the training step that JAX compiles.

Run with XLA_FLAGS=--xla_force_host_platform_device_count=8.
"""

import math
import re

import jax
import keras
import numpy as np
from keras import layers

import keras_mixup
from benchmarks.results import emit
from benchmarks.results import run

COLLECTIVES = "all-gather|all-reduce|all-to-all|collective-permute|reduce-scatter"
ROWS, SIDE = 64, 32


def compiled_step(mix):
    """The text of the program that one training step on all devices becomes."""
    x = np.random.default_rng(0).random((ROWS, SIDE, SIDE, 3), dtype="float32")
    y = np.arange(ROWS) % 10
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input(x.shape[1:])])
    if mix is not None:
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
    model.add(layers.Conv2D(8, 3, 2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("sgd", loss)
    model.fit(x, y, ROWS, verbose=0)
    distribution = keras.distribution.distribution()
    batch = tuple(
        jax.device_put(part, distribution.get_data_layout(part.shape).backend_layout)
        for part in (x, y)
    )
    return program_of_step(model, batch).as_text()


def program_of_step(model, batch):
    """The program that JAX makes of a training step of a model."""
    state = tuple(
        [variable.value for variable in variables]
        for variables in (
            model.trainable_variables,
            model.non_trainable_variables,
            model.optimizer.variables,
            model.metrics_variables,
        )
    )
    return jax.jit(model.train_step).lower(state, batch).compile()


def collectives(text):
    """The bytes of every collective in a compiled program."""
    found = re.findall(rf"= (.+?) (?:{COLLECTIVES})(?:-start)?\(", text)
    return [sum(map(size, re.findall(r"([a-z]+)(\d*)\[([\d,]*)\]", f))) for f in found]


def size(array):
    """The bytes of an array, from its kind, its bits and its shape as text."""
    _, bits, shape = array
    return math.prod(int(n) for n in shape.split(",") if n) * int(bits or 8) // 8


def measure(quick):
    """Hands over the bytes with mixup, less those without."""
    devices = jax.device_count()
    keras.distribution.set_distribution(keras.distribution.DataParallel())
    control = collectives(compiled_step(None))
    if not control:
        raise AssertionError("not even gradients are exchanged: nothing is distributed")
    whole = keras_mixup.MixUp(shards=1)
    if sum(collectives(compiled_step(whole))) <= sum(control):
        raise AssertionError("a mix of the whole batch should need to exchange it")
    # A policy that is relative to the mean distance needs two numbers to know it.
    adaptive = keras_mixup.AdaptiveMixUp("similarity")
    for mix, limit in ((keras_mixup.MixUp(), 0), (adaptive, 8)):
        mixed = collectives(compiled_step(mix))
        name = f"bytes exchanged by {devices} devices for {type(mix).__name__}"
        detail = f"{sum(mixed)} bytes, {sum(control)} without mixup"
        emit(name, [sum(mixed) - sum(control)], limit, detail, unit=" bytes")


if __name__ == "__main__":
    run(measure)
