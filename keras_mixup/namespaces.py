"""The few tensor operations of the package, under one set of names.

A layer may meet tensors of its own Keras backend, TensorFlow tensors inside a
`tf.data` graph (whatever the backend is) or plain NumPy arrays. The numerics
are written once; `namespace` picks the operations from what the tensors are.
"""

import sys
import weakref

import keras
import numpy as np
from keras import tree


class NumpyOps:
    """The names of `keras.ops` that the package uses, on NumPy arrays."""

    abs = np.abs
    arange = np.arange
    clip = np.clip
    concatenate = np.concatenate
    convert_to_tensor = np.asarray
    cos = np.cos
    cumsum = np.cumsum
    equal = np.equal
    exp = np.exp
    expand_dims = np.expand_dims
    expm1 = np.expm1
    flip = np.flip
    log = np.log
    log1p = np.log1p
    logical_and = np.logical_and
    logical_not = np.logical_not
    logical_or = np.logical_or
    max = np.max
    maximum = np.maximum
    mean = np.mean
    minimum = np.minimum
    reshape = np.reshape
    roll = np.roll
    shape = np.shape
    sqrt = np.sqrt
    square = np.square
    stack = np.stack
    sum = np.sum
    take = np.take
    take_along_axis = np.take_along_axis
    where = np.where
    zeros_like = np.zeros_like

    @staticmethod
    def argsort(x):
        return np.argsort(x, axis=-1, kind="stable")

    @staticmethod
    def cast(x, dtype):
        return np.asarray(x).astype(dtype, copy=False)

    @staticmethod
    def one_hot(x, num_classes):
        return np.equal(x[..., None], np.arange(num_classes)).astype("float32")

    @staticmethod
    def stop_gradient(x):
        return x

    @staticmethod
    def sigmoid(x):
        with np.errstate(over="ignore"):  # exp(inf) gives the right limit, 0.
            return np.reciprocal(1 + np.exp(-x))


def _tensorflow_ops():
    tf = sys.modules["tensorflow"]

    class TensorFlowOps:
        """The same names on public TensorFlow, safe in any TensorFlow graph."""

        abs = staticmethod(tf.abs)
        arange = staticmethod(tf.range)
        cast = staticmethod(tf.cast)
        clip = staticmethod(tf.clip_by_value)
        convert_to_tensor = staticmethod(tf.convert_to_tensor)
        cos = staticmethod(tf.cos)
        cumsum = staticmethod(tf.cumsum)
        equal = staticmethod(tf.equal)
        exp = staticmethod(tf.exp)
        expand_dims = staticmethod(tf.expand_dims)
        expm1 = staticmethod(tf.math.expm1)
        log = staticmethod(tf.math.log)
        log1p = staticmethod(tf.math.log1p)
        logical_and = staticmethod(tf.logical_and)
        logical_not = staticmethod(tf.logical_not)
        logical_or = staticmethod(tf.logical_or)
        maximum = staticmethod(tf.maximum)
        minimum = staticmethod(tf.minimum)
        reshape = staticmethod(tf.reshape)
        roll = staticmethod(tf.roll)
        sigmoid = staticmethod(tf.sigmoid)
        sqrt = staticmethod(tf.sqrt)
        square = staticmethod(tf.square)
        stack = staticmethod(tf.stack)
        stop_gradient = staticmethod(tf.stop_gradient)
        take = staticmethod(tf.gather)
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
            # Out of range it would be a row of zeros, without a word.
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
        def mean(x, axis=None):
            return tf.reduce_mean(x, axis=axis)

        @staticmethod
        def take_along_axis(x, indices, axis):
            return tf.gather(x, indices, axis=axis, batch_dims=len(x.shape) - 1)

        @staticmethod
        def sum(x, axis=None, keepdims=False):
            return tf.reduce_sum(x, axis=axis, keepdims=keepdims)

    return TensorFlowOps


_ARE_TENSORFLOW = weakref.WeakKeyDictionary()


def is_compiled_by_torch():
    """Whether torch compiles what runs, which every look at TensorFlow breaks off."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()


def is_tensorflow(x):
    """Whether `x` is a TensorFlow tensor, without ever importing TensorFlow."""
    tf = sys.modules.get("tensorflow")
    if tf is None or is_compiled_by_torch():
        return False
    # TensorFlow takes long to tell, and by the type alone.
    kind = type(x)
    if kind not in _ARE_TENSORFLOW:
        _ARE_TENSORFLOW[kind] = tf.is_tensor(x)
    return _ARE_TENSORFLOW[kind]


def is_foreign(x):
    """Whether `x` is a TensorFlow tensor that the Keras backend cannot compute on."""
    return is_tensorflow(x) and not keras.ops.is_tensor(x)


def call_as_is(function, *args):
    """Calls `function` without AutoGraph rewriting it inside a `tf.data` map."""
    tf = sys.modules.get("tensorflow")
    if tf is None:
        return function(*args)
    return tf.autograph.experimental.do_not_convert(function)(*args)


def is_dense(x):
    """Whether `x` is an array that mixup can blend, not a ragged or sparse one."""
    if is_tensorflow(x):
        tf = sys.modules["tensorflow"]
        return isinstance(x, (tf.Tensor, tf.Variable))
    return isinstance(x, np.ndarray) or keras.ops.is_tensor(x)


def values(x):
    """The values of a tensor as a NumPy array, or `None` where it has none yet.

    Symbolic tensors have no values, and those on an accelerator are not worth
    a transfer.
    """
    try:
        return np.asarray(x)
    except (NotImplementedError, RuntimeError, TypeError, ValueError):
        return None


_LOADED = {}


def namespace(*structures):
    """The operations for the tensors in `structures`.

    One TensorFlow tensor makes it TensorFlow; otherwise one tensor of the
    Keras backend makes it `keras.ops`; NumPy arrays alone stay NumPy.
    """
    leaves = [leaf for leaf in _leaves(structures) if leaf is not None]
    if any(is_tensorflow(leaf) for leaf in leaves):
        if "tensorflow" not in _LOADED:
            _LOADED["tensorflow"] = _tensorflow_ops()
        return _LOADED["tensorflow"]
    if all(isinstance(leaf, (np.ndarray, np.generic)) for leaf in leaves):
        return NumpyOps
    return keras.ops


def _leaves(structures):
    # Most are tensors, and a walk through each would be felt in an eager step.
    for structure in structures:
        if isinstance(structure, (dict, list, tuple)):
            yield from tree.flatten(structure)
        else:
            yield structure
