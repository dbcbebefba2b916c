"""Bytes a second that the layers move, beside those of a copy on the device.

Counted are the bytes of one perfect pass. A blend reads each sample twice, as itself
and as a partner, and writes it once: three times the batch. A box takes each number
from one of the two: twice the batch. A choice of both, half and half, is between. The
time is that of the whole call, with what it draws.
"""

import functools

import numpy as np

from benchmarks.gpu import calls
from benchmarks.gpu import device
from benchmarks.gpu.part import run
from benchmarks.results import emit
from benchmarks.timing import in_turn
from benchmarks.timing import quartiles

SHAPE, SMALL = (256, 224, 224, 3), (8, 32, 32, 3)
DTYPES = {"float32": 4, "bfloat16": 2}
# How often one pass goes through the batch.
PASSES = {"copy": 2, "MixUp": 3, "CutMix": 2, "RandomChoice": 2.5}


def prepared(prepare, name, images, dtype):
    """The call of a layer, compiled and looked at."""
    call = prepare(calls.LAYERS[name](dtype=dtype, seed=1), images)
    calls.check(name, call(), images)
    return call


def emit_rate(title, name, times, size):
    """Hands over gigabytes a second.

    Args:
        title: What was measured.
        name: Name among the times.
        times: What `in_turn` returned, those of the copy among them.
        size: Bytes of the batch.
    """
    rates = {key: PASSES[key] * size / times[key] / 1e9 for key in ("copy", name)}
    detail = f"{PASSES[name]} × {size / 1e6:.3g} MB in "
    detail += f"{1000 * np.median(times[name]):.3g} ms"
    if name != "copy":
        low, median, high = quartiles(rates[name] / rates["copy"])
        detail += f", {median:.2f} ({low:.2f} to {high:.2f}) of the copy's"
    emit(title, rates[name], None, detail, unit=" GB/s")


def measure_dtype(part, shape, dtype):
    """Hands over the copy and the layers on batches of one dtype."""
    rounds, repeats = (3, 2) if part.quick else (30, 20)
    images = device.batch(shape, dtype)
    size, what = np.prod(shape) * DTYPES[dtype], f"{' × '.join(map(str, shape))}"
    copy = device.queued(calls.copier(images), repeats)
    title = f"{what} {dtype}"
    times = in_turn({"copy": copy}, rounds)
    emit_rate(f"copy of {title}", "copy", times, size)
    for mode, prepare in calls.MODES.items():
        for name in calls.LAYERS:
            full = f"{name} of {title}, {mode}"
            call = part.attempt(full, prepared, prepare, name, images, dtype)
            if call is None:
                continue
            both = {"copy": copy, name: device.queued(call, repeats)}
            time_both = functools.partial(in_turn, both, rounds, most=part.left())
            times = part.attempt(full, time_both)
            if times is not None:
                emit_rate(full, name, times, size)


def measure(part):
    """Hands over all rates of one backend."""
    for dtype in DTYPES:
        shape = SMALL if part.quick else SHAPE
        part.attempt(f"bandwidth in {dtype}", measure_dtype, part, shape, dtype)


if __name__ == "__main__":
    run("bandwidth", measure)
