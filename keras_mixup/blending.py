"""Weighted sums of the rows of a batch."""

import keras
import numpy as np

from keras_mixup.namespaces import NumpyOps
from keras_mixup.namespaces import namespace
from keras_mixup.shards import take_rows
from keras_mixup.shards import whole_batch

# The numbers that are blended at a time on NumPy.
_BLOCK = 65536


def blend(terms, shares, dtype):
    """The first term moved towards each other one by that one's share."""
    ops = namespace(terms, shares)
    own, *others = (ops.cast(term, dtype) for term in terms)
    mixed = own
    for share, other in zip(shares, others):
        share = align(ops.cast(share, dtype), own)
        # Where nothing is taken, inf − inf must not turn a row into NaN.
        mixed = ops.where(share > 0, mixed + share * (other - own), mixed)
    return mixed


def blend_partners(x, rows, shares, dtype):
    """The rows of `x`, moved towards their partners `rows`."""
    if namespace(x, rows) is NumpyOps:
        return _blend_arrays(x, [whole_batch(each) for each in rows], shares, dtype)
    return blend([x, *(take_rows(x, each) for each in rows)], shares, dtype)


def _blend_arrays(x, rows, shares, dtype):
    # A few rows at a time: they stay in the cache of the processor, and nothing
    # but the mixed batch is as large as the batch.
    mixed = np.empty(x.shape, dtype)
    shares = [align(share.astype(dtype, copy=False), x) for share in shares]
    step = max(1, _BLOCK * len(x) // max(x.size, 1))
    for start in range(0, len(x), step):
        block = slice(start, start + step)
        own = sums = x[block].astype(dtype, copy=False)
        for partners, share in zip(rows, shares):
            share = share[block]
            taken = x[partners[block]].astype(dtype, copy=False)
            with np.errstate(invalid="ignore"):
                taken -= own
                taken *= share
            if not share.all():
                np.copyto(taken, 0, where=share == 0)  # Also of inf − inf.
            sums = np.add(sums, taken, out=mixed[block])
    return mixed


def align(weight, values):
    """`weight` with trailing axes of size 1 added or dropped to fit `values`."""
    ops = namespace(weight)
    missing = len(values.shape) - len(weight.shape)
    shape = tuple(ops.shape(weight))
    leading = list(zip(weight.shape, values.shape))
    fits = all(a == b or {a, b} & {1, None} for a, b in leading)
    if missing >= 0 and fits:
        return ops.reshape(weight, shape + (1,) * missing)
    if not fits or any(size != 1 for size in shape[missing:]):
        raise ValueError(
            "`sample_weight` must have the leading axes of what it weighs. "
            f"Received: weights of shape {tuple(weight.shape)} for values of "
            f"shape {tuple(values.shape)}"
        )
    return ops.reshape(weight, shape[:missing])


def float_dtype(x):
    """The dtype of a floating tensor, and floatx for any other."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return dtype if keras.backend.is_float_dtype(dtype) else keras.config.floatx()
