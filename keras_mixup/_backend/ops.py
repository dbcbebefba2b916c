"""The tensor operations of the package, under one set of names.

A layer may meet tensors of its own Keras backend, TensorFlow tensors inside a
`tf.data` graph (whatever the backend is) or plain NumPy arrays. The numerics
are written once; `ops_for` picks the operations from what the tensors are.
"""

import functools
import sys

import keras
import numpy as np

from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.structures import leaves
from keras_mixup._backend.tensorflow_ops import tensorflow_ops

_ARE_TENSORFLOW = {np.ndarray: False}


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
    found = _ARE_TENSORFLOW.get(type(x))
    if found is None:
        found = _ARE_TENSORFLOW[type(x)] = tf.is_tensor(x)
    return found


def is_foreign(x):
    """Whether `x` is a TensorFlow tensor that the Keras backend cannot compute on."""
    return is_tensorflow(x) and not keras.ops.is_tensor(x)


def call_as_is(function, *args):
    """Calls `function` without AutoGraph rewriting it inside a `tf.data` map."""
    tf = sys.modules.get("tensorflow")
    if tf is None or tf.executing_eagerly():
        return function(*args)
    return tf.autograph.experimental.do_not_convert(function)(*args)


def is_dense(x):
    """Whether `x` is an array that mixup can blend, not a ragged or sparse one."""
    if is_tensorflow(x):
        tf = sys.modules["tensorflow"]
        return isinstance(x, (tf.Tensor, tf.Variable))
    return isinstance(x, np.ndarray) or keras.ops.is_tensor(x)


def integers_below(end, ops):
    """The integers 0, 1, … below `end`, a size that a compiled step may not know.

    Args:
        end: An integer, or a symbol of one.
        ops: The operations that make a tensor of them.
    """
    if ops is NumpyOps:
        return np.arange(end)
    # Keras cannot tell the dtype of a size that `torch.compile` leaves open.
    return ops.arange(end, dtype="int32")


def largest(several):
    """The largest of several tensors, or of those along a first axis, each by itself.

    A step that torch compiles breaks off at the `max` of Keras.

    Args:
        several: A list of tensors, or a tensor whose first axis has a known size.
    """
    count = several.shape[0] if hasattr(several, "shape") else len(several)
    maximum = ops_for(several).maximum
    return functools.reduce(maximum, [several[index] for index in range(count)])


def values(x):
    """The values of a tensor as a NumPy array, or `None` where it has none yet.

    Symbolic tensors have no values, and those on an accelerator are not worth
    a transfer. A step that torch compiles would break off at a look at them.
    """
    if is_compiled_by_torch():
        return None
    try:
        return np.asarray(x)
    except (NotImplementedError, RuntimeError, TypeError, ValueError):
        return None


def ops_for(*structures):
    """The operations of `keras.ops` for the tensors at hand, wherever they are from.

    The layers hand a function of yours (a policy, a pairing, a distance, a view) what
    they are given: tensors of the Keras backend in a model, NumPy arrays, and
    TensorFlow tensors in a `tf.data` map under any backend. With these operations one
    function serves them all.

    Args:
        *structures: Tensors, or structures of them. One TensorFlow tensor makes it
            TensorFlow; otherwise one tensor of the Keras backend makes it `keras.ops`;
            NumPy arrays alone stay NumPy.

    Returns:
        `keras.ops`, or a class with operations of the same names and arguments: `abs`,
        `all`, `any`, `arange`, `argmax`, `argsort` (along the last axis), `cast`,
        `clip`, `concatenate`, `convert_to_tensor`, `cos`, `cumsum`, `equal`, `exp`,
        `expand_dims`, `expm1`, `flip`, `floor`, `isfinite`, `log`, `log1p`,
        `logical_and`, `logical_not`, `logical_or`, `max`, `maximum`, `mean`, `min`,
        `minimum`, `not_equal`, `one_hot`, `ones_like`, `power`, `reshape`, `roll`,
        `shape`, `sigmoid`, `sign`, `sin`, `sqrt`, `square`, `squeeze`, `stack`,
        `stop_gradient`, `sum`, `take`, `take_along_axis`, `tanh`, `transpose`,
        `where` and `zeros_like`.

    Raises:
        AttributeError: When another name is asked for.

    Example:

    A distance that works in a model, on NumPy and in `tf.data`:

    >>> def largest_difference(x, partners):
    ...     ops = keras_mixup.ops_for(x)
    ...     return ops.max(ops.abs(x - partners), axis=-1)
    >>> mix = keras_mixup.AdaptiveMixUp(distance=largest_difference)
    >>> x, y = mix(np.random.rand(8, 4), np.eye(8))
    """
    for structure in structures:
        if type(structure) is not np.ndarray:
            break
    else:
        return NumpyOps
    found = leaves(*structures)
    if all(isinstance(leaf, (np.ndarray, np.generic)) for leaf in found):
        return NumpyOps
    if any(is_tensorflow(leaf) for leaf in found):
        return tensorflow_ops()
    return keras.ops
