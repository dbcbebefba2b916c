"""Kernels for batches on the host that no compiler sees.

Operation by operation PyTorch goes through a batch as often as there are operations,
each time into memory that the system hands out anew. On the host the numbers of a plan
can be looked at: a blend is one pass of weighted sums, and of a box only what is inside
has to be gone through.
"""

import sys

import numpy as np

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import has_gradient
from keras_mixup._backend.host import is_on_host
from keras_mixup._backend.sample_sums import Sums


def may_blend(x, partners, shares):
    """Whether `blend_on_host` knows what to do.

    It does not where a step is compiled, for other devices and backends, and where
    shares have a gradient.

    Args:
        x: Tensor of samples.
        partners: List of the partners of every sample.
        shares: List of the shares of a blend, of which some may be `None`.
    """
    shares = [share for share in shares if share is not None]
    return is_on_host(x, *partners, *shares) and not any(map(has_gradient, shares))


def blend_on_host(x, partners, shares, dtype):
    """The samples of `x`, blended with their partners on PyTorch in one pass.

    Args:
        x: Tensor of samples, of those that `may_blend`.
        partners: List of the partners of every sample.
        shares: List of arrays of what a sample keeps of itself, and then of the share
            of each partner, `(batch_size,)`.
        dtype: Dtype of the result.
    """
    dtype, shape = _of_torch(dtype), (len(x), len(shares))
    samples, weights = np.empty(shape, "int64"), np.empty(shape, shares[0].dtype)
    samples[:, 0] = np.arange(len(x))
    for index, each in enumerate(partners, start=1):
        samples[:, index] = as_arrays(each)
    for index, each in enumerate(shares):
        weights[:, index] = each
    sums = Sums.of_terms(samples, weights, dtype)
    if len(sums.samples) == len(x):
        return x.index_select(0, as_tensors(sums.samples)).to(dtype)
    return sums.of(x.to(dtype))


def mix_boxes_on_host(x, partners, share, bounds, axes, dtype):
    """Samples with their partners' values in boxes.

    Args:
        x: Tensor or array of samples, of those that `may_mix_boxes`.
        partners: Array of the partner of every sample.
        share: Array of what of the inside of a box is the partner's, `(batch_size,)`.
        bounds: For each spatial axis two integer arrays `(batch_size,)`: where a box
            begins, and the first element behind it.
        axes: The spatial axes.
        dtype: Dtype of the result.
    """
    mixed, left = _blended(x, partners, share, bounds, axes, dtype)
    target, source = _arrays(mixed), _arrays(x)
    left = np.flatnonzero(left)
    inside = (map(slice, *(end[left].tolist() for end in ends)) for ends in bounds)
    whole = [[slice(None)] * len(left)] * (axes[0] - 1)
    places = zip(*whole, *inside)
    # As everywhere else, no word on infinity less infinity.
    with np.errstate(invalid="ignore", over="ignore"):
        for sample, partner, part, place in zip(
            left.tolist(), partners[left].tolist(), share[left].tolist(), places
        ):
            theirs, own = source[(partner, *place)], (sample, *place)
            if part >= 1:
                target[own] = theirs
            else:
                target[own] *= 1 - part
                target[own] += part * theirs
    return mixed


def may_mix_boxes(x, partners, shares, dtype, pastes):
    """Whether `mix_boxes_on_host` knows what to do.

    Where gradients flow it does not, nor to blend numbers that NumPy does not have.

    Args:
        x: Tensor or array of samples.
        partners: The partner of every sample.
        shares: List of tensors of shares, which must have no gradient.
        dtype: Dtype of the result.
        pastes: Whether all that is inside of a box is the partner's.
    """
    if isinstance(x, np.ndarray):
        return isinstance(partners, np.ndarray)
    if not is_on_host(x, partners, *shares) or any(map(has_gradient, [x, *shares])):
        return False
    brain = sys.modules["torch"].bfloat16
    return brain not in (x.dtype, _of_torch(dtype)) or (
        pastes and x.dtype == _of_torch(dtype)
    )


def _blended(x, partners, share, bounds, axes, dtype):
    """A copy in which boxes that are whole samples are blended, and which are left."""
    mixes = (share > 0) & (partners != np.arange(len(x)))
    if isinstance(x, np.ndarray):
        return x.astype(dtype_name(dtype)), mixes
    blended = mixes & (share < 1)
    if blended.any():
        for axis, (begin, end) in zip(axes, bounds):
            blended &= (begin <= 0) & (end >= x.shape[axis])
    if not blended.any():
        return x.to(_of_torch(dtype), copy=True), mixes
    part = np.where(blended, share, 0)
    mixed = blend_on_host(x, [partners], [1 - part, part], dtype)
    return mixed, mixes & ~blended


def _of_torch(dtype):
    return getattr(sys.modules["torch"], dtype_name(dtype))


def _arrays(x):
    if not isinstance(x, np.ndarray) and x.dtype == sys.modules["torch"].bfloat16:
        # The bits are enough for what is copied and not computed with.
        x = x.view(sys.modules["torch"].int16)
    return as_arrays(x)
