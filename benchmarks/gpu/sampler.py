"""Drawing λ on the device, against the sampler that the backend brings."""

import keras

from benchmarks.gpu.device import BACKEND
from benchmarks.gpu.device import queued
from benchmarks.gpu.part import run
from benchmarks.results import emit_ratio
from benchmarks.sampling import ALPHA
from benchmarks.sampling import DRAWS
from benchmarks.sampling import check
from benchmarks.sampling import jax_itself
from benchmarks.sampling import jitted
from benchmarks.sampling import samplers
from benchmarks.timing import in_turn

QUEUED = 100


def on_torch(draw):
    """One eager draw a call."""
    seed = keras.random.SeedGenerator(0)
    return lambda: draw(seed)


def torch_itself():
    """`torch.distributions.Beta`, with its parameters on the device."""
    import torch

    alpha = keras.ops.convert_to_tensor(ALPHA, "float32")
    distribution = torch.distributions.Beta(alpha, alpha)
    return lambda: distribution.sample((DRAWS,))


def draws():
    """Dict of the samplers, each a function of nothing to `DRAWS` numbers."""
    prepare, itself = {
        "jax": (jitted, jax_itself),
        "torch": (on_torch, torch_itself),
    }[BACKEND]
    functions = {name: prepare(draw) for name, draw in samplers().items()}
    functions[BACKEND] = itself()
    for name, draw in functions.items():
        check(name, draw())
    return functions


def measure(part):
    """Hands over the ratios of one backend."""
    names = {
        "keras": "keras.random.beta",
        "jax": "jax.random.beta",
        "torch": "torch.distributions.Beta",
    }
    title = f"{DRAWS} draws of Beta({ALPHA}, {ALPHA})"
    functions = part.attempt(title, draws)
    if functions is None:
        return
    calls = 3 if part.quick else QUEUED
    functions = {name: queued(draw, calls) for name, draw in functions.items()}
    rounds = 3 if part.quick else 30
    times = part.attempt(title, in_turn, functions, rounds)
    for against in ("keras", BACKEND) if times else ():
        name = f"{title}, over {names[against]}"
        emit_ratio(name, times, "keras_mixup", against, None)


if __name__ == "__main__":
    run("sampler", measure)
