"""The operations of `ops_for` on NumPy arrays."""

import numpy as np


class Namespace(type):
    """The type of classes whose attributes are operations."""

    def __getattr__(cls, name):
        known = sorted(each for each in vars(cls) if not each.startswith("_"))
        raise AttributeError(
            f"`keras_mixup.ops_for` has no operation {name!r} for arrays of NumPy and "
            f"tensors of a `tf.data` pipeline. It has {', '.join(known)}."
        )


class NumpyOps(metaclass=Namespace):
    """The names of `keras.ops` that `ops_for` promises, on NumPy arrays."""

    abs = np.abs
    all = np.all
    any = np.any
    arange = np.arange
    argmax = np.argmax
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
    floor = np.floor
    isfinite = np.isfinite
    log = np.log
    log1p = np.log1p
    logical_and = np.logical_and
    logical_not = np.logical_not
    logical_or = np.logical_or
    max = np.max
    maximum = np.maximum
    mean = np.mean
    min = np.min
    minimum = np.minimum
    not_equal = np.not_equal
    ones_like = np.ones_like
    power = np.power
    reshape = np.reshape
    roll = np.roll
    shape = np.shape
    sign = np.sign
    sin = np.sin
    sqrt = np.sqrt
    square = np.square
    squeeze = np.squeeze
    stack = np.stack
    sum = np.sum
    take = np.take
    take_along_axis = np.take_along_axis
    tanh = np.tanh
    transpose = np.transpose
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
        # Of no number the exponential overflows, and near 0 no digit is lost.
        small = np.exp(-np.abs(x))
        return np.where(x >= 0, 1, small) / (1 + small)
