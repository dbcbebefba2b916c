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
import numpy as np
from keras import tree

from keras_mixup.namespaces import NumpyOps
from keras_mixup.namespaces import is_tensorflow
from keras_mixup.namespaces import namespace

_STAGES_APART = 1_000_003


class PipelineState:
    """Seeds for the batches of a pipeline, and α and `prob` as it needs them.

    Args:
        seed: Integer that the seeds of all batches derive from.
        seed_generator: The layer's `keras.random.SeedGenerator`, for batches of
            backend tensors.
    """

    def __init__(self, seed, seed_generator):
        self._seed = seed % 2**32
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
        """The seed of one more stage, which draws apart from those before."""
        return (self._seed + next(self._stages) * _STAGES_APART) % 2**32

    def draw_arguments(self, structure, seed=None):
        """A seed, and the parameters, as the tensors given need them.

        Args:
            structure: The batch, or a part of it.
            seed: The seed that came with the batch, or `None` to make one.
        """
        if any(is_tensorflow(leaf) for leaf in tree.flatten(structure)):
            self._enter_tensorflow()
            # It draws in one atomic operation: parallel calls never draw alike.
            seed = self._generator if seed is None else seed
            return {"seed": seed, **self._variables}
        if namespace(structure) is NumpyOps:
            if seed is None:
                words = [self._seed, next(self._batches), *_worker()]
                seed = np.array(words, "uint32")
            return {"seed": seed, **self._parameters}
        return {"seed": self._generator_of_process(), **self._parameters}

    def _generator_of_process(self):
        if not _worker():
            return self._seed_generator
        if self._workers_generator is None:
            words = np.array([self._seed, *_worker()], "uint32")
            seed = zlib.crc32(words.tobytes()) % 2**31
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
                    self._seed, [0, 0], "philox"
                )


def _worker():
    # Worker processes start from copies of one state and would all draw alike.
    # Their names are numbered through, from one epoch to the next as well.
    if multiprocessing.parent_process() is None:
        return []
    return [zlib.crc32(multiprocessing.current_process().name.encode())]
