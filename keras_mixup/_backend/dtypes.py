"""The names of dtypes, whichever library they are of."""

import functools

import keras
import numpy as np


def dtype_name(dtype):
    """The name of a dtype, as Keras has it.

    Args:
        dtype: The dtype of a tensor, or its name.

    Raises:
        ValueError: If Keras has no such dtype.
    """
    # NumPy puts a name together at each call, which takes as long as a small blend.
    return _of_numpy(dtype) if isinstance(dtype, np.dtype) else _of_keras(dtype)


def is_float(dtype):
    """Whether a dtype, or what `dtype_name` returned, is a floating one."""
    return _name(dtype).startswith(("float", "bfloat"))


def is_integer(dtype):
    """Whether a dtype, or what `dtype_name` returned, is one of integers."""
    return _name(dtype).startswith(("int", "uint"))


def _name(dtype):
    return dtype if isinstance(dtype, str) else dtype_name(dtype)


def _of_keras(dtype):
    return keras.backend.standardize_dtype(dtype)


_of_numpy = functools.cache(_of_keras)
