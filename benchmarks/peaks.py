"""Memory that a batch takes while it is mixed, over what it takes in the end.

Run with TF_ENABLE_ONEDNN_OPTS=0, or TensorFlow keeps the memory that it frees.
"""

import gc
import pathlib

import numpy as np

import keras_mixup
from benchmarks.memory import MB
from benchmarks.memory import resident
from benchmarks.memory import unknown
from benchmarks.results import emit
from benchmarks.results import emit_skipped
from benchmarks.results import run
from benchmarks.stages import endless
from benchmarks.timing import check_mixed

SHAPE = (128, 224, 224, 3)


def peak_over_output(draw):
    """How far memory rises in a call of `draw`, over the size of what it returns."""
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # Resets the peak.
    before = resident()
    size = sum(np.asarray(part).nbytes for part in draw())
    ratio = (resident("VmHWM") - before) / size
    if ratio < 0.9:
        raise AssertionError("an output was put in memory that was there already")
    return ratio


def measure(quick):
    """Hands over the peaks in `tf.data` and on NumPy arrays."""
    reason = unknown()
    if reason:
        emit_skipped("peak of memory", reason)
        return
    mix = keras_mixup.MixUp(num_classes=10)
    labels = np.arange(SHAPE[0]) % 10
    pixels = np.random.default_rng(0).integers(0, 256, SHAPE, "uint8")
    size = np.prod(SHAPE) * 4 / MB
    for dtype in ("float32", "uint8"):
        images = pixels.astype(dtype)
        iterator = endless((images, labels), mix)
        draws = {
            "tf.data": lambda iterator=iterator: next(iterator),
            "NumPy": lambda images=images: mix(images, labels),
        }
        for where, draw in draws.items():
            check_mixed(where, draw, images)
            ratios = [peak_over_output(draw) for _ in range(3 if quick else 10)]
            name = f"{where}, {' × '.join(map(str, SHAPE))} {dtype}"
            detail = f"{size * np.median(ratios):.0f} MB / {size:.0f} MB"
            emit(f"{name}, peak of memory over output", ratios, 1.1, detail)


if __name__ == "__main__":
    run(measure)
