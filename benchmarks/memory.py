"""Memory that stays after many steps, with mixup and without."""

import gc
import pathlib

import keras
import numpy as np

import keras_mixup
from benchmarks.results import emit
from benchmarks.results import emit_skipped
from benchmarks.results import run

MB = 2**20
WINDOWS = 10
# Between two runs of the same, resident memory differs by so much, in MB.
NOISE = 2.0


def resident(entry="VmRSS"):
    """Resident memory of this process, in bytes; its peak with "VmHWM"."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(entry):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {entry} in /proc/self/status")


def unknown():
    """Why resident memory is not known here, or `None`."""
    try:
        resident("VmHWM")
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return None


def growth(window):
    """Growth of resident memory, in MB, over ten calls after the first."""
    sizes = []
    for _ in range(1 + WINDOWS):
        window()
        gc.collect()
        sizes.append(resident() / MB)
    return sizes[-1] - sizes[0]


def steps(mixes, count):
    """A function that takes `count` training steps of a small model."""
    x = np.random.default_rng(0).random((4 * count, 8), dtype="float32")
    y = np.arange(4 * count) % 3
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input((8,))])
    if mixes:
        mix = keras_mixup.MixUp()
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
    model.add(keras.layers.Dense(3, activation="softmax"))
    model.compile("sgd", loss)
    return lambda: model.fit(x, y, 4, shuffle=False, verbose=0)


def draws(mix, count):
    """A function that draws `count` small batches from a stage."""
    from benchmarks.stages import endless  # No other backend needs TensorFlow.

    x = np.random.default_rng(0).random((8, 8), dtype="float32")
    iterator = endless((x, np.eye(8, dtype="float32")), mix)

    def window():
        for _ in range(count):
            next(iterator)

    return window


def emit_growth(name, control, mixed, count):
    """Hands over how much more memory grows with mixup than without."""
    without, growing = growth(control), growth(mixed)
    detail = f"{growing:.1f} MB, {without:.1f} MB without mixup"
    name = f"growth of memory over {WINDOWS * count} {name}, with mixup less without"
    emit(name, [growing - without], NOISE, detail, unit=" MB")


def measure(quick):
    """Hands over the growth on one backend, and that of `tf.data` with TensorFlow."""
    reason = unknown()
    if reason:
        emit_skipped("growth of memory", reason)
        return
    count = 30 if quick else 1000
    emit_growth("small training steps", steps(False, count), steps(True, count), count)
    if keras.backend.backend() != "tensorflow":
        return
    mix, same = keras_mixup.MixUp(), lambda x, y: (x + 1.0, y)
    emit_growth("tf.data batches", draws(same, count), draws(mix, count), count)


if __name__ == "__main__":
    run(measure)
