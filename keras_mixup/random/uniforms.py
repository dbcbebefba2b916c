"""Uniforms from whichever generator a seed belongs to."""

import keras
import numpy as np

from keras_mixup._backend.ops import is_tensorflow
from keras_mixup._backend.traces import draws_wait_for_the_device
from keras_mixup._backend.traces import in_foreign_graph
from keras_mixup.random.hashed import counted_uniforms

Seed = int | keras.random.SeedGenerator | np.ndarray | np.random.Generator | None


def uniform(shape, seed=None):
    """Float32 uniforms in [0, 1) from whichever generator `seed` belongs to.

    A NumPy array of words seeds NumPy, a TensorFlow tensor of two integers
    seeds a stateless TensorFlow draw, and a `tf.random.Generator` draws itself.
    A `SeedGenerator` gives seeds to such a draw on TensorFlow, and to hash on torch.
    Anything else goes to `keras.random`, and without a seed to TensorFlow in a graph of
    its own.
    """
    if is_tensorflow(seed):
        return _stateless(shape, seed)
    is_numpy = isinstance(seed, (np.ndarray, np.random.Generator))
    if hasattr(seed, "uniform") and not is_numpy:
        return seed.uniform(shape)
    if _is_of_tensorflow(seed):
        return _stateless(shape, _in_32_bits(seed.next()))
    if in_foreign_graph():
        return _uniform_in_graph(shape, seed)
    if is_numpy:
        return np.random.default_rng(seed).random(shape, dtype="float32")
    if isinstance(seed, keras.random.SeedGenerator) and draws_wait_for_the_device():
        return counted_uniforms(shape, seed.next())
    return keras.random.uniform(shape, dtype="float32", seed=seed)


def _is_of_tensorflow(seed):
    is_generator = isinstance(seed, keras.random.SeedGenerator)
    return is_generator and is_tensorflow(seed.state.value)


def _in_32_bits(seed):
    """The seed that `keras.random` draws from."""
    import tensorflow as tf

    return tf.cast(tf.math.floormod(seed, tf.int32.max - 1), "int32")


def _stateless(shape, seed):
    import tensorflow as tf

    # The numbers are the same. Eagerly a named algorithm takes ten times as long; on
    # CPUs, what XLA makes of the one that it selects takes four times as long.
    alg = "auto_select" if tf.executing_eagerly() else "philox"
    return tf.random.stateless_uniform(shape, seed, alg=alg)


def _uniform_in_graph(shape, seed):
    import tensorflow as tf

    if seed is not None:
        raise ValueError(
            "In a graph of TensorFlow, as that of a `tf.data` map, this `seed` is read "
            "once, and every batch drawn alike. Pass `None`, a `tf.random.Generator`, "
            "or a tensor of two integers that comes with each batch. "
            f"Received: seed={seed!r}"
        )
    return tf.random.uniform(shape)
