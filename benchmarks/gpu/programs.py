"""Kernels of what JAX compiles, as a program lists them and as a trace shows them."""

import collections
import pathlib
import re
import tempfile

import jax

from benchmarks.gpu.device import wait

# Instructions that name or place values, and start no kernel.
FREE = {
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all"),
    *("partition-id", "replica-id", "opt-barrier"),
}
COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.-]+) .*\{$")
INSTRUCTION = re.compile(r"^\s+(?:ROOT )?%?[\w.-]+ = .+? ([a-z][\w-]*)\(")
CALLED = re.compile(r"(?:to_apply|body|condition)=%?([\w.-]+)")


def kernels(text):
    """How many instructions of a compiled program do work, by their kinds.

    A fusion is one, and so is each in the body of a loop, however often it runs.

    Args:
        text: The program, as `jax.stages.Compiled.as_text` gives it.
    """
    bodies, entry, current = {}, None, None
    for line in text.splitlines():
        begins, instruction = COMPUTATION.match(line), INSTRUCTION.match(line)
        if begins:
            current = begins[2]
            bodies[current] = []
            entry = current if begins[1] else entry
        elif instruction:
            bodies[current].append((instruction[1], CALLED.findall(line)))
    if entry is None:
        raise ValueError("the text of the program has no ENTRY")
    return _count(bodies, entry)


def _count(bodies, name):
    found = collections.Counter()
    for kind, called in bodies[name]:
        if kind in FREE or kind.endswith("-done"):
            continue
        if kind in ("call", "while"):
            # Calls hold what is launched together, as a graph.
            for other in called:
                found += _count(bodies, other)
            continue
        found[kind] += 1
    return found


def traced(call, count):
    """The events on the streams of a device while `call` is called.

    Args:
        call: Function of nothing to tensors, compiled.
        count: How often to call it.

    Returns:
        How many there were, or `None` where no device was traced.
    """
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            for _ in range(count):
                result = call()
            wait(result)
        (file,) = pathlib.Path(folder).rglob("*.xplane.pb")
        data = jax.profiler.ProfileData.from_file(str(file))
        # Of the file, which is gone after this.
        streams = [
            sum(1 for _ in line.events)
            for plane in data.planes
            if plane.name.startswith("/device:GPU")
            for line in plane.lines
            if line.name.startswith("Stream")
        ]
    return sum(streams) if streams else None
