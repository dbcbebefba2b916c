"""Drawing λ, against the sampler that the backend brings."""

import keras
import numpy as np

from benchmarks.results import emit_ratio
from benchmarks.results import run
from benchmarks.timing import in_turn
from benchmarks.timing import timed
from keras_mixup.random import beta

ALPHA, DRAWS = 0.2, 1024
IN_GRAPH = 100


def check(name, lam):
    """Raises unless these are draws of Beta(α, α), as far as their moments tell."""
    lam = keras.ops.convert_to_numpy(lam)
    variance = 1 / (4 * (2 * ALPHA + 1))
    if lam.shape != (DRAWS,) or abs(lam.mean() - 0.5) > 0.1:
        raise AssertionError(f"{name} draws λ with a mean of {np.mean(lam)}")
    if abs(lam.var() / variance - 1) > 0.2:
        raise AssertionError(f"{name} draws λ with a variance of {np.var(lam)}")


def samplers():
    """This package's and Keras's, each a function of a seed generator."""
    return {
        "keras_mixup": lambda seed: beta((DRAWS,), ALPHA, seed),
        "keras": lambda seed: keras.random.beta((DRAWS,), ALPHA, ALPHA, seed=seed),
    }


def on_tensorflow(draw):
    """Many draws in one call: a call takes longer than a draw."""
    import tensorflow as tf

    seed = keras.random.SeedGenerator(0)

    @tf.function
    def draws():
        total = tf.zeros(DRAWS)
        for _ in tf.range(IN_GRAPH):
            total += draw(seed)
        return total

    many = timed(draws)
    return lambda: many() / IN_GRAPH


def jitted(draw):
    """One jitted draw a call, which hands on the state of its seeds."""
    import jax

    seed = keras.random.SeedGenerator(0)

    @jax.jit
    def step(state):
        with keras.StatelessScope([(seed.state, state)]) as scope:
            lam = draw(seed)
        return lam, scope.get_current_value(seed.state)

    return _carried(step, seed.state.value)


def jax_itself():
    """`jax.random.beta`, which hands on its key likewise."""
    import jax

    @jax.jit
    def step(key):
        key, now = jax.random.split(key)
        return jax.random.beta(now, ALPHA, ALPHA, (DRAWS,)), key

    return _carried(step, jax.random.key(0))


def _carried(step, state):
    def draw():
        nonlocal state
        lam, state = step(state)
        return lam

    return draw


def on_jax(draw):
    """Draws that are waited for."""
    step = jitted(draw)
    return timed(lambda: step().block_until_ready(), IN_GRAPH)


def on_torch(draw):
    """One draw a call."""
    seed = keras.random.SeedGenerator(0)
    return timed(lambda: draw(seed), IN_GRAPH)


def measure(quick):
    """Hands over the ratio of one backend."""
    backend = keras.backend.backend()
    prepare, against, called, limit = {
        "tensorflow": (on_tensorflow, "keras", "keras.random.beta, in a graph", 1 / 3),
        "jax": (on_jax, "jax", "jax.random.beta, both jitted", 1 / 5),
        "torch": (on_torch, "keras", "keras.random.beta, eager", 1 / 2),
    }[backend]
    functions = {}
    for name, draw in samplers().items():
        check(name, draw(keras.random.SeedGenerator(0)))
        functions[name] = prepare(draw)
    if backend == "jax":
        itself = jax_itself()
        check("jax", itself())
        functions["jax"] = timed(lambda: itself().block_until_ready(), IN_GRAPH)
    times = in_turn(functions, 3 if quick else 60)
    name = f"1024 draws of Beta(0.2, 0.2), over {called}"
    emit_ratio(name, times, "keras_mixup", against, limit)


if __name__ == "__main__":
    run(measure)
