"""Kernels launched, and waits of the host for the device, in a call and in a step.

Those of a training step are of a small network, with a layer and without: what the
layer and its loss add does not depend on the network.
"""

import functools

import keras

from benchmarks.gpu import calls
from benchmarks.gpu import device
from benchmarks.gpu.part import run
from benchmarks.gpu.steps import AUTO
from benchmarks.results import emit
from benchmarks.results import emit_skipped
from benchmarks.training import cnn

SHAPE = (8, 32, 32, 3)
CALLS = 10
NO_STREAM = "a trace of JAX shows no stream of a GPU here"


def emit_count(name, number, detail):
    """Hands over a number of things."""
    emit(name, [number], None, detail, unit="")


def of_program(name, compiled):
    """Hands over the kernels of a compiled program of JAX."""
    from benchmarks.gpu.programs import kernels

    kinds = kernels(compiled.as_text())
    detail = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    emit_count(f"kernels in the program of {name}", kinds.total(), detail)


def of_jax_call(name, maker, images):
    """Hands over the kernels of a jitted call, as listed and as run."""
    import jax

    from benchmarks.gpu.programs import traced

    step, state = calls.jax_step(maker(seed=1))
    step = step.lower(state, images).compile()
    of_program(name, step)

    def call():
        return step(state, images)

    device.wait(call())
    # Raises where a call brings a number to the host.
    with jax.transfer_guard_device_to_host("disallow_explicit"):
        call()
    emit_count(f"reads by the host in {name}", 0, "a transfer would have raised")
    events = traced(call, CALLS)
    title = f"kernels and copies run in {name}"
    if events is None:
        emit_skipped(title, NO_STREAM)
    else:
        emit_count(title, events / CALLS, f"{CALLS} calls")


def built(layer, images, labels):
    """A small network that has trained one step, of arrays of the host."""
    model = cnn(layer, AUTO)
    x, y = map(keras.ops.convert_to_numpy, (images, labels))
    model.fit(x, y, len(x), verbose=0)
    return model


def of_jax_step(name, maker, images, labels):
    """Hands over the kernels of the program of a training step."""
    from benchmarks.collectives import program_of_step

    model = built(maker(), images, labels)
    of_program(name, program_of_step(model, (images, labels)))


def of_torch(name, call, on_cpu):
    """Hands over what PyTorch launches, and waits for, in a call."""
    from benchmarks.gpu.profiles import counts

    call()
    found = counts(call, CALLS)
    for what in found:
        if on_cpu and what != "reads by the host":
            continue
        emit_count(f"{what} in {name}", found[what] / CALLS, f"{CALLS} calls")
    if on_cpu:
        emit_skipped(f"launches, copies and waits in {name}", "a CPU has none")


def of_torch_step(name, maker, images, labels, on_cpu):
    """Hands over the same of a training step, without what `fit` does around it."""
    model = built(maker(), images, labels)
    of_torch(name, lambda: model.train_step((images, labels)), on_cpu)


def measure(part):
    """Hands over all counts of one backend."""
    images = device.batch(SHAPE, "float32")
    labels = keras.ops.arange(len(images)) % 10
    on_jax = device.BACKEND == "jax"
    for mode, prepare in calls.MODES.items():
        for layer, maker in calls.LAYERS.items():
            name = f"a call of {layer}, {mode}"
            if on_jax:
                part.attempt(name, of_jax_call, name, maker, images)
                continue

            def call(name, prepare=prepare, maker=maker):
                of_torch(name, prepare(maker(seed=1), images), part.on_cpu)

            part.attempt(name, call, name)
    step = (
        of_jax_step if on_jax else functools.partial(of_torch_step, on_cpu=part.on_cpu)
    )
    for layer, maker in {"none": lambda: None, **calls.LAYERS}.items():
        name = f"a training step with {layer}"
        part.attempt(name, step, name, maker, images, labels)


if __name__ == "__main__":
    run("launches", measure)
