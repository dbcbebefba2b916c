"""The operations of `ops_for` on TensorFlow tensors, safe in any TensorFlow graph."""

import functools
import sys

from keras_mixup._backend.numpy_ops import Namespace


@functools.cache
def tensorflow_ops():
    """The class of these operations, made once TensorFlow is there."""
    tf = sys.modules["tensorflow"]

    class TensorFlowOps(metaclass=Namespace):
        """The same names on public TensorFlow, safe in any TensorFlow graph."""

        abs = staticmethod(tf.abs)
        all = staticmethod(tf.reduce_all)
        any = staticmethod(tf.reduce_any)
        arange = staticmethod(tf.range)
        argmax = staticmethod(tf.argmax)
        cast = staticmethod(tf.cast)
        clip = staticmethod(tf.clip_by_value)
        convert_to_tensor = staticmethod(tf.convert_to_tensor)
        cos = staticmethod(tf.cos)
        cumsum = staticmethod(tf.cumsum)
        equal = staticmethod(tf.equal)
        exp = staticmethod(tf.exp)
        expand_dims = staticmethod(tf.expand_dims)
        expm1 = staticmethod(tf.math.expm1)
        floor = staticmethod(tf.floor)
        isfinite = staticmethod(tf.math.is_finite)
        log = staticmethod(tf.math.log)
        log1p = staticmethod(tf.math.log1p)
        logical_and = staticmethod(tf.logical_and)
        logical_not = staticmethod(tf.logical_not)
        logical_or = staticmethod(tf.logical_or)
        maximum = staticmethod(tf.maximum)
        minimum = staticmethod(tf.minimum)
        not_equal = staticmethod(tf.not_equal)
        ones_like = staticmethod(tf.ones_like)
        power = staticmethod(tf.pow)
        reshape = staticmethod(tf.reshape)
        roll = staticmethod(tf.roll)
        sigmoid = staticmethod(tf.sigmoid)
        sign = staticmethod(tf.sign)
        sin = staticmethod(tf.sin)
        sqrt = staticmethod(tf.sqrt)
        square = staticmethod(tf.square)
        squeeze = staticmethod(tf.squeeze)
        stack = staticmethod(tf.stack)
        stop_gradient = staticmethod(tf.stop_gradient)
        take = staticmethod(tf.gather)
        tanh = staticmethod(tf.tanh)
        where = staticmethod(tf.where)
        zeros_like = staticmethod(tf.zeros_like)

        @staticmethod
        def argsort(x):
            return tf.argsort(x, axis=-1, stable=True)

        @staticmethod
        def concatenate(xs, axis=0):
            return tf.concat(xs, axis=axis)

        @staticmethod
        def flip(x, axis):
            return tf.reverse(x, axis=[axis])

        @staticmethod
        def check_range(x, size, message):
            within = tf.reduce_all((x >= 0) & (x < tf.cast(size, x.dtype)))
            # Of `tf.debugging`, a check costs a branch of the graph.
            tf.raw_ops.Assert(condition=within, data=[message])

        @staticmethod
        def one_hot(x, num_classes):
            # Out of range it would be a label of zeros, without a warning.
            message = (
                f"Integer labels must be in [0, {num_classes}), as num_classes says."
            )
            TensorFlowOps.check_range(x, num_classes, message)
            return tf.one_hot(x, num_classes, dtype="float32")

        @staticmethod
        def shape(x):
            dynamic = tf.shape(x)
            return tuple(
                dynamic[axis] if size is None else size
                for axis, size in enumerate(x.shape)
            )

        @staticmethod
        def max(x, axis=None, keepdims=False):
            return tf.reduce_max(x, axis=axis, keepdims=keepdims)

        @staticmethod
        def min(x, axis=None, keepdims=False):
            return tf.reduce_min(x, axis=axis, keepdims=keepdims)

        @staticmethod
        def mean(x, axis=None):
            return tf.reduce_mean(x, axis=axis)

        @staticmethod
        def take_along_axis(x, indices, axis):
            return tf.gather(x, indices, axis=axis, batch_dims=len(x.shape) - 1)

        @staticmethod
        def transpose(x, axes=None):
            return tf.transpose(x, perm=axes)

        @staticmethod
        def sum(x, axis=None, keepdims=False):
            return tf.reduce_sum(x, axis=axis, keepdims=keepdims)

    return TensorFlowOps
