"""The state of a layer that mixes outside a model: in `tf.data` and on NumPy.

A `tf.data` graph cannot read the variables of another backend, nor those that
TensorFlow put on a GPU, and a worker process must not touch a backend that was
forked under it. Both get copies of their own.
"""

import itertools
import multiprocessing
import threading
import zlib

import keras

from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import is_tensorflow
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.traces import in_dataset
from keras_mixup.random.seeds import check_given_seed
from keras_mixup.random.seeds import scrambled
from keras_mixup.random.seeds import words


class PipelineState:
    """Seeds for the batches of a pipeline, and α and `prob` as it needs them.

    Args:
        seed: Integer that the seeds of all batches derive from.
        seed_generator: The layer's `keras.random.SeedGenerator`, for batches of
            backend tensors.
        is_given: Whether the seed is one that the user gave.
    """

    def __init__(self, seed, seed_generator, is_given):
        self._seed = seed
        self._given = [seed] if is_given else []
        self._seed_generator = seed_generator
        self._batches = itertools.count()
        self._stages = itertools.count()
        self._parameters = {}
        self._lock = threading.Lock()
        self._generator = None
        self._workers_generator = None
        self._variables = None

    def get(self, name):
        """A parameter, as it was last set."""
        return self._parameters[name]

    def names(self):
        """The names of all parameters."""
        return list(self._parameters)

    def set(self, name, value):
        """Sets a parameter, also for pipelines that are built already."""
        self._parameters[name] = value
        if self._variables is not None:
            self._variables[name].assign(value)

    def follow(self, layer):
        """Takes over the parameters of `layer`, which were loaded from a file."""
        for name in self._parameters:
            self.set(name, getattr(layer, name))

    def stage_seed(self):
        """Two integers for one more stage, which draws apart from those before."""
        return self._seed, next(self._stages)

    def given_seed(self, seed, structure):
        """The seed of a batch, of what came with the call: `None` if nothing did.

        Args:
            seed: An integer ≥ 0, several of them, or a TensorFlow tensor of these.
            structure: The batch, or a part of it.
        """
        if seed is None:
            return None
        if any(is_tensorflow(leaf) for leaf in flatten(structure)):
            if is_tensorflow(seed):
                return _folded(scrambled("call in a graph", *self._given), seed)
            if in_dataset():
                raise ValueError(
                    "A `seed` that is the same for all batches of a `tf.data` map "
                    "draws them all alike. Pass a tensor that comes with each batch, "
                    "as the number that `dataset.enumerate()` gives it, or use "
                    f"`dataset.apply(layer.stage())`. Received: seed={seed!r}"
                )
        return words("call", len(self._given), *self._given, *check_given_seed(seed))

    def parameters(self, structure):
        """The parameters, as the tensors given need them.

        Args:
            structure: The batch, or a part of it.
        """
        if any(is_tensorflow(leaf) for leaf in flatten(structure)):
            self._enter_tensorflow()
            return dict(self._variables)
        return dict(self._parameters)

    def next_seed(self, structure):
        """What the uniforms of a batch are drawn by, where no seed came with it.

        Args:
            structure: The batch, or a part of it.
        """
        if any(is_tensorflow(leaf) for leaf in flatten(structure)):
            self._enter_tensorflow()
            # It draws in one atomic operation: parallel calls never draw alike.
            return self._generator
        if ops_for(structure) is NumpyOps:
            return words("batch", self._seed, next(self._batches), *_worker())
        return self._generator_of_process()

    def _generator_of_process(self):
        if not _worker():
            return self._seed_generator
        if self._workers_generator is None:
            seed = scrambled("worker", self._seed, *_worker())
            self._workers_generator = keras.random.SeedGenerator(seed)
        return self._workers_generator

    def _enter_tensorflow(self):
        import tensorflow as tf

        with self._lock:
            if self._generator is not None:
                return
            # Outside whatever graph is being traced, so that the state lives on
            # from one trace, and one epoch, to the next.
            with tf.init_scope(), tf.device("CPU"):
                self._variables = {
                    name: tf.Variable(value, dtype="float32", trainable=False)
                    for name, value in self._parameters.items()
                }
                self._generator = tf.random.Generator.from_key_counter(
                    scrambled("map", self._seed), [0, 0], "philox"
                )


def _folded(key, seed):
    import tensorflow as tf

    if not seed.dtype.is_integer or seed.shape.rank not in (0, 1) or None in seed.shape:
        raise TypeError(
            "`seed` must be a tensor of one integer, or of as many as its shape says. "
            f"Received: {seed.dtype.name} of shape {seed.shape}"
        )
    folded = tf.constant([key, 0], "int32")
    for number in tf.unstack(tf.reshape(tf.cast(seed, "int64"), [-1])):
        folded = tf.random.experimental.stateless_fold_in(folded, number)
    return folded


def _worker():
    # Worker processes start from copies of one state and would all draw alike.
    # Their names are numbered through, from one epoch to the next as well.
    if multiprocessing.parent_process() is None:
        return []
    return [zlib.crc32(multiprocessing.current_process().name.encode())]
