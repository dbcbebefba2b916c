"""Weighted sums of the samples of a batch."""

import keras
import numpy as np

from keras_mixup._backend.array_sums import blend_arrays
from keras_mixup._backend.array_sums import may_blend_arrays
from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_float
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.threads import share_out
from keras_mixup.pairing.shards import own_indices
from keras_mixup.pairing.shards import take_samples
from keras_mixup.pairing.shards import whole_batch

# The numbers that are blended at a time on NumPy.
_BLOCK = 131072


def blend(terms, shares, dtype):
    """The sum of `terms`, each times its share of the blend."""
    ops = ops_for(terms, shares)
    mixed, *others = (
        part(ops.cast(term, dtype), ops.cast(share, dtype))
        for term, share in zip(terms, shares)
    )
    for other in others:
        mixed = mixed + other
    return mixed


def part(term, share):
    """`share` times `term`, to be added: without a share, whatever stands there."""
    ops = ops_for(term, share)
    share = align(share, term)
    # Infinity times 0 is NaN. What is not selected has no gradient either. And
    # adding −0 changes no bit, where adding 0 would take the sign of a −0.
    nothing = ops.cast(-0.0, term.dtype)
    return share * ops.where(share > 0, term, nothing)


def all_shares(others, dtype, own=None):
    """What a sample keeps of itself, and then the shares of its partners.

    Args:
        others: Tensors, one a partner.
        dtype: Dtype of what is blended. What is left of 1 is computed in float32 or
            better: 16 bits would round it, and in float64 it would be rounded.
        own: Optional tensor, 0 where a sample keeps nothing of itself. Rounded shares
            of several partners would leave it a little.
    """
    ops = ops_for(others)
    wide = "float64" if dtype_name(dtype) == "float64" else "float32"
    others = [ops.cast(share, wide) for share in others]
    left = 1 - sum(others[1:], others[0])
    if own is not None:
        left = ops.where(own > 0, left, ops.zeros_like(left))
    return [left, *others]


def blend_partners(x, partners, shares, dtype):
    """The samples of `x`, blended with their partners by shares of each."""
    if ops_for(x, partners) is NumpyOps:
        partners = [whole_batch(each) for each in partners]
        if may_blend_arrays(x, shares, dtype):
            return blend_arrays(x, partners, shares)
        return _blend_arrays(x, partners, shares, dtype)
    if len(partners) == 1 and len(shares[1].shape) == 1:
        return _blend_pairs(x, partners[0], *shares, dtype)
    return blend([x, *(take_samples(x, each) for each in partners)], shares, dtype)


def _blend_pairs(x, partners, own, share, dtype):
    # `blend` with one selection of values, which on CPUs costs PyTorch more than all
    # else: a sample without a share for its partner is its own partner.
    ops = ops_for(x, partners)
    own, share = (ops.cast(each, dtype) for each in (own, share))
    alone = ops.reshape(share <= 0, ops.shape(partners))
    partners = ops.where(
        alone, ops.cast(own_indices(partners), partners.dtype), partners
    )
    partner = ops.cast(take_samples(x, partners), dtype)
    x = ops.cast(x, dtype)
    whole = align(ops.logical_or(own <= 0, share <= 0), x)
    return ops.where(whole, partner, align(own, x) * x + align(share, x) * partner)


def _blend_arrays(x, partners, shares, dtype):
    # A few samples at a time: they stay in the cache of the processor, and nothing
    # but the mixed batch is as large as the batch.
    mixed = np.empty(x.shape, dtype)
    shares = [align(share.astype(dtype, copy=False), x) for share in shares]
    nothing = [share <= 0 if (share <= 0).any() else None for share in shares]
    step = max(1, _BLOCK * len(x) // max(x.size, 1))

    def blend_samples(begin, end):
        # As everywhere else, no word on infinity times 0.
        with np.errstate(invalid="ignore"):
            for start in range(begin, end, step):
                blend_block(slice(start, min(start + step, end)))

    def blend_block(block):
        own, sums = x[block].astype(dtype, copy=False), mixed[block]
        np.multiply(own, shares[0][block], out=sums)
        _leave_out(sums, nothing[0], block)
        for each, share, none in zip(partners, shares[1:], nothing[1:]):
            taken = x[each[block]].astype(dtype, copy=False)
            taken *= share[block]
            _leave_out(taken, none, block)
            sums += taken

    share_out(blend_samples, len(x), mixed.nbytes)
    return mixed


def _leave_out(parts, none, block):
    # As `part` does.
    if none is None:
        return
    if none.size == len(none):
        parts[np.flatnonzero(none[block])] = -0.0
    else:
        np.copyto(parts, -0.0, where=none[block])


def above(labels, threshold):
    """Blended labels as 1 where a class has more than a share, and 0 elsewhere."""
    return ops_for(labels).cast(labels > threshold, labels.dtype)


def align(weight, values):
    """`weight` with trailing axes of size 1 added or dropped to fit `values`."""
    ops = ops_for(weight)
    missing = len(values.shape) - len(weight.shape)
    shape = tuple(ops.shape(weight))
    leading = list(zip(weight.shape, values.shape))
    fits = all(a == b or {a, b} & {1, None} for a, b in leading)
    if missing >= 0 and fits:
        return ops.reshape(weight, shape + (1,) * missing) if missing else weight
    if not fits or any(size != 1 for size in shape[missing:]):
        raise ValueError(
            "`sample_weight` must have the leading axes of what it weighs. "
            f"Received: weights of shape {tuple(weight.shape)} for values of "
            f"shape {tuple(values.shape)}"
        )
    return ops.reshape(weight, shape[:missing])


def float_dtype(x):
    """The dtype of a floating tensor, and floatx for any other."""
    dtype = dtype_name(x.dtype)
    return dtype if is_float(dtype) else keras.config.floatx()
