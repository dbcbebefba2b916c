"""A `tf.data` stage that mixes, against a copy of the batch and the Keras layer.

Both layers are called on the dict of images and one-hot labels that the Keras
layer takes, and on images and integer labels where only this one is timed.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

import keras_mixup
from benchmarks.results import emit_ratio
from benchmarks.results import run
from benchmarks.stages import endless
from benchmarks.stages import one_by_one
from benchmarks.stages import parallel
from benchmarks.stages import throughput
from benchmarks.timing import in_turn
from benchmarks.timing import timed

CLASSES = 10
OWN, KERAS = "keras_mixup", "keras.layers.MixUp"
CAST = "a cast to float32 alone"


def data(shape, dtype):
    """Images and integer labels, as images are before they are scaled."""
    images = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    return images.astype(dtype), np.arange(shape[0]) % CLASSES


def as_dict(images, labels):
    """The batch that `keras.layers.MixUp` takes."""
    return {"images": images, "labels": np.eye(CLASSES, dtype="float32")[labels]}


def cast(batch):
    """The least that a stage can do which gives floats."""
    return {**batch, "images": tf.cast(batch["images"], "float32")}


def against_copy(rounds):
    """Large batches, over a copy of them into memory that is there already."""
    shape = (128, 224, 224, 3)
    images, labels = data(shape, "float32")
    target = np.zeros_like(images)
    mix = keras_mixup.MixUp(num_classes=CLASSES)
    adaptive = keras_mixup.AdaptiveMixUp("similarity", num_classes=CLASSES)
    stages = {
        "copy": timed(lambda: np.copyto(target, images)),
        "float32": one_by_one((images, labels), mix),
        "uint8": one_by_one(data(shape, "uint8"), mix),
        "adaptive": one_by_one((images, labels), adaptive),
    }
    times = in_turn(stages, rounds)
    title = "tf.data, 128 × 224 × 224 × 3"
    for dtype, limit in (("float32", 1.5), ("uint8", 1.1)):
        over = "np.copyto of the float32 batch"
        emit_ratio(f"{title} {dtype}, over {over}", times, dtype, "copy", limit)
    name = f"{title} float32, AdaptiveMixUp over MixUp"
    emit_ratio(name, times, "adaptive", "float32", 1.8)


def against_keras(shape, limits, rounds, count):
    """The stage over that of the Keras layer, one by one and in parallel.

    Args:
        shape: Shape of the images.
        limits: Dict of dtypes to the limits of both ratios, `None` for neither.
        rounds: How often to time each.
        count: How many batches to mix in parallel at a time.
    """
    layers = {OWN: keras_mixup.MixUp(), KERAS: keras.layers.MixUp()}
    title = "tf.data, " + " × ".join(map(str, shape))
    for dtype, (sequential, autotune) in limits.items():
        batch = as_dict(*data(shape, dtype))
        stages = {name: one_by_one(batch, mix) for name, mix in layers.items()}
        if dtype == "uint8":
            stages[CAST] = timed(functools.partial(next, endless(batch, cast)))
        times = in_turn(stages, rounds)
        emit_ratio(f"{title} {dtype}, over {KERAS}", times, OWN, KERAS, sequential)
        if CAST in stages:
            name = f"{title} {dtype}, {CAST}, over {KERAS}"
            emit_ratio(name, times, CAST, KERAS, None)
        if autotune is None:
            continue
        stages = {
            name: throughput(batch, parallel(mix), count)
            for name, mix in layers.items()
        }
        times = in_turn(stages, max(3, rounds // 2), warm_up=1)
        name = f"{title} {dtype}, AUTOTUNE, {count} batches, over {KERAS}"
        emit_ratio(name, times, OWN, KERAS, autotune)


def seeded_stage(rounds, count):
    """The stage whose seeds travel with the batches, over a parallel map."""
    batch = data((128, 96, 96, 3), "uint8")
    mix = keras_mixup.MixUp(num_classes=CLASSES)
    seeded = mix.stage(num_parallel_calls=tf.data.AUTOTUNE)
    stages = {
        "stage": throughput(batch, lambda dataset: dataset.apply(seeded), count),
        "map": throughput(batch, parallel(mix), count),
    }
    times = in_turn(stages, rounds)
    name = f"tf.data, 128 × 96 × 96 × 3 uint8, AUTOTUNE, {count} batches"
    emit_ratio(f"{name}, stage over map", times, "stage", "map", 1.1)


def measure(quick):
    """Hands over all ratios."""
    rounds, count = (3, 4) if quick else (40, 20)
    against_copy(rounds)
    limits = {"float32": (0.45, 0.5), "uint8": (0.2, 0.25)}
    against_keras((128, 224, 224, 3), limits, rounds, count)
    against_keras((256, 32, 32, 3), {"uint8": (0.65, None)}, 5 * rounds, count)
    seeded_stage(rounds, 4 * count)


if __name__ == "__main__":
    run(measure)
