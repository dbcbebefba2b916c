"""What a function of the user's must return, and its errors in a pipeline."""

import contextlib
import numbers

import keras

from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_integer
from keras_mixup._backend.ops import is_dense
from keras_mixup._backend.ops import is_foreign
from keras_mixup._backend.ops import is_tensorflow
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.ops import values


@contextlib.contextmanager
def explained(name, x):
    """Says what a function gets in a pipeline, if it fails on tensors of one.

    Args:
        name: The argument that the function was passed as.
        x: A tensor that stands for those that the function gets.
    """
    try:
        yield
    except (AttributeError, NotImplementedError, RuntimeError, TypeError) as error:
        if not is_foreign(x):
            raise
        raise TypeError(
            f"`{name}` failed on what it gets in a `tf.data` pipeline: TensorFlow "
            "tensors, which `keras.ops` cannot compute on with the backend "
            f"{keras.backend.backend()}, and no loss. Use the operations of "
            "`keras_mixup.ops_for(x)`, or put the layer in the model."
        ) from error


def is_of_package(thing):
    """Whether the very class of an object is of this package, and none of a user's.

    Args:
        thing: The object.
    """
    return type(thing).__module__.startswith("keras_mixup.")


def check_distances(distance, samples):
    """Raises unless a distance gave a number for each of `samples`."""
    expected = (
        f"`distance` must return one number per pair, of shape {tuple(samples.shape)}"
    )
    if not is_dense(distance):
        raise TypeError(f"{expected}. Received: {distance!r}")
    shape = tuple(distance.shape)
    if len(shape) != 1 or (
        None not in (*shape, *samples.shape) and shape != samples.shape
    ):
        raise ValueError(f"{expected}. Received: a tensor of shape {shape}")
    seen = values(distance)
    if seen is not None and (seen < 0).any():
        raise ValueError(f"`distance` must be ≥ 0. Received: {seen.min()}")


def check_lam(lam, samples):
    """Raises unless a policy gave a λ in [0, 1], one for all or each of `samples`."""
    expected = "`policy` must return λ in [0, 1], a number or one per sample"
    if not is_dense(lam) and not isinstance(lam, numbers.Real):
        raise TypeError(f"{expected}. Received: {lam!r}")
    shape = tuple(getattr(lam, "shape", ()))
    if len(shape) > 1 or (
        shape and None not in (*shape, *samples.shape) and shape != tuple(samples.shape)
    ):
        raise ValueError(
            f"{expected}, of shape () or {tuple(samples.shape)}. "
            f"Received: a tensor of shape {shape}"
        )
    seen = values(lam)
    if seen is not None and not ((seen >= 0) & (seen <= 1)).all():
        wrong = seen[~((seen >= 0) & (seen <= 1))].flat[0]
        raise ValueError(f"{expected}. Received: λ = {wrong}")


def check_partners(partners, samples):
    """Raises unless a pairing gave a sample of the batch for each of `samples`.

    Where values cannot be seen, TensorFlow looks at them as the graph runs. XLA
    leaves that out, and JAX has nothing like it.
    """
    if not is_dense(partners):
        raise TypeError(
            "`pairing` must return the partner of every sample, as a tensor of "
            f"integers of shape {tuple(samples.shape)}. Received: {partners!r} "
            f"(of type {type(partners).__name__})"
        )
    dtype = dtype_name(partners.dtype)
    fits = may_be_equal(partners.shape, samples.shape)
    if not fits or not is_integer(dtype):
        raise ValueError(
            "`pairing` must return the partner of every sample, integers of shape "
            f"{tuple(samples.shape)}. Received: {dtype} of shape "
            f"{tuple(partners.shape)}"
        )
    expected = "`pairing` must return samples of the batch, counted from 0."
    ops = ops_for(samples)
    size = ops.shape(samples)[-1]
    seen = values(partners)
    if seen is not None:
        wrong = seen[(seen < 0) | (seen >= size)]
        if wrong.size:
            raise ValueError(
                f"{expected} Received: sample {wrong.flat[0]} of a batch of {size}"
            )
    elif is_tensorflow(partners):
        ops.check_range(partners, size, expected)
