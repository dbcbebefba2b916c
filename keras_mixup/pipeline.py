"""The state of a layer that mixes outside a model: in `tf.data` and on NumPy.

A `tf.data` graph cannot read the variables of another backend, nor those that
TensorFlow put on a GPU. It gets its own copies, on the CPU.
"""

import threading

import keras
import numpy as np
from keras import tree

from keras_mixup.namespaces import NumpyOps
from keras_mixup.namespaces import is_tensorflow
from keras_mixup.namespaces import namespace


class PipelineState:
    """Seeds for the batches of a pipeline, and α and `prob` for its graph.

    Args:
        seed_generator: The `keras.random.SeedGenerator` of the layer.
        *parameters: The layer's Keras variables that a draw depends on.
    """

    def __init__(self, seed_generator, *parameters):
        self._seed_generator = seed_generator
        self._parameters = parameters
        self._lock = threading.Lock()
        self._generator = None
        self._copies = None

    def draw_arguments(self, structure):
        """A fresh seed, and the parameters, as the tensors given need them."""
        if any(is_tensorflow(leaf) for leaf in tree.flatten(structure)):
            self._enter_tensorflow()
            # One atomic operation: parallel calls never share a seed.
            return self._generator.make_seeds()[:, 0], *self._copies
        parameters = [float(keras.ops.convert_to_numpy(p)) for p in self._parameters]
        if namespace(structure) is NumpyOps:
            with self._lock:
                seed = keras.ops.convert_to_numpy(self._seed_generator.next())
            return seed.astype("uint32"), *parameters
        return self._seed_generator, *parameters

    def sync(self):
        """Brings the copies up to date, for pipelines that are built already."""
        if self._copies is not None:
            for copy, parameter in zip(self._copies, self._parameters):
                copy.assign(keras.ops.convert_to_numpy(parameter))

    def _enter_tensorflow(self):
        import tensorflow as tf

        with self._lock:
            if self._generator is not None:
                return
            # Outside whatever graph is being traced, so that the state lives on
            # from one trace, and one epoch, to the next.
            with tf.init_scope(), tf.device("CPU"):
                key, step = np.uint32(
                    keras.ops.convert_to_numpy(self._seed_generator.state)
                )
                self._copies = [
                    tf.Variable(keras.ops.convert_to_numpy(p), trainable=False)
                    for p in self._parameters
                ]
                self._generator = tf.random.Generator.from_key_counter(
                    int(key), [int(step), 0], "philox"
                )
