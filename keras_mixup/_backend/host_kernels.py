"""Kernels for batches on the host that no compiler sees.

Operation by operation PyTorch goes through a batch as often as there are operations,
each time into memory that the system hands out anew. On the host the numbers of a plan
can be looked at: for a blend two passes in place do, once the partners are gathered,
and of a box only what is inside has to be gone through.
"""

import sys

import numpy as np

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import has_gradient
from keras_mixup._backend.host import is_on_host


def may_blend(x, partners, shares):
    """Whether `blend_on_host` knows what to do.

    It does not where a step is compiled, for other devices and backends, and where
    shares have a gradient.

    Args:
        x: Tensor of samples.
        partners: The partner of every sample.
        shares: List of the shares of a blend, of which some may be `None`.
    """
    shares = [share for share in shares if share is not None]
    return is_on_host(x, partners, *shares) and not any(map(has_gradient, shares))


def blend_on_host(x, partners, own, share, dtype):
    """λ·x + (1 − λ)·x[partners] on PyTorch in as few passes as there are.

    Args:
        x: Tensor of samples, of those that `may_blend`.
        partners: The partner of every sample.
        own: Array of what a sample keeps, `(batch_size,)`.
        share: Array of the share of its partner.
        dtype: Dtype of the result.
    """
    dtype, partner = _of_torch(dtype), as_arrays(partners).astype("int64", copy=False)
    if partner.min() < 0:
        partner = np.where(partner < 0, partner + len(x), partner)
    both = np.stack([own, share])
    weights = as_tensors(both).to(dtype)
    # In 16 bits a share may be rounded to 0.
    nothing = (both if dtype.itemsize > 2 else as_arrays(weights.float())) <= 0
    whole = None
    if nothing.any():
        gone, alone = nothing
        if alone.all():
            return x.to(dtype, copy=True)
        # Whatever the partner of a sample without a share holds, it is not taken.
        partner = np.where(alone, np.arange(len(alone)), partner)
        whole = as_tensors(np.logical_or(gone, alone))
    own, share = weights.reshape((2, -1) + (1,) * (x.dim() - 1)).unbind()
    partner = x.index_select(0, as_tensors(partner)).to(dtype)
    if has_gradient(x):
        mixed = (partner * share).addcmul(x.to(dtype), own)
        if whole is None:
            return mixed
        selected = whole.reshape(own.shape)
        return sys.modules["torch"].where(selected, partner, mixed)
    taken = None if whole is None else partner[whole]
    mixed = partner.mul_(share).addcmul_(x.to(dtype), own)
    if whole is not None:
        # No number times 0: infinity would leave a NaN.
        mixed[whole] = taken
    return mixed


def mix_boxes_on_host(x, partners, share, bounds, axes, dtype):
    """Samples with their partners' values in boxes.

    Args:
        x: Tensor or array of samples, of those that `may_mix_boxes`.
        partners: The partner of every sample.
        share: What of the inside of a box is the partner's, `(batch_size,)`.
        bounds: For each spatial axis two integer tensors `(batch_size,)`: where a box
            begins, and the first element behind it.
        axes: The spatial axes.
        dtype: Dtype of the result.
    """
    mixed = _copy(x, dtype)
    target, source = _arrays(mixed), _arrays(x)
    partners, share = as_arrays((partners, share))
    inside = [map(slice, *(end.tolist() for end in ends)) for ends in bounds]
    whole = [slice(None)] * (axes[0] - 1)
    samples = zip(range(len(partners)), partners.tolist(), share.tolist(), *inside)
    # As everywhere else, no word on infinity less infinity.
    with np.errstate(invalid="ignore", over="ignore"):
        for sample, partner, part, *box in samples:
            if part <= 0 or sample == partner:
                continue
            theirs, own = source[(partner, *whole, *box)], (sample, *whole, *box)
            if part >= 1:
                target[own] = theirs
            else:
                target[own] *= 1 - part
                target[own] += part * theirs
    return mixed


def may_mix_boxes(x, partners, share, dtype, pastes):
    """Whether `mix_boxes_on_host` knows what to do.

    Where gradients flow it does not, nor to blend numbers that NumPy does not have.

    Args:
        x: Tensor or array of samples.
        partners: The partner of every sample.
        share: What of the inside of a box is the partner's.
        dtype: Dtype of the result.
        pastes: Whether all that is inside of a box is the partner's.
    """
    if isinstance(x, np.ndarray):
        return isinstance(partners, np.ndarray)
    if not is_on_host(x, partners, share) or has_gradient(x) or has_gradient(share):
        return False
    brain = sys.modules["torch"].bfloat16
    return brain not in (x.dtype, _of_torch(dtype)) or (
        pastes and x.dtype == _of_torch(dtype)
    )


def _of_torch(dtype):
    return getattr(sys.modules["torch"], dtype_name(dtype))


def _copy(x, dtype):
    if isinstance(x, np.ndarray):
        return x.astype(dtype_name(dtype))
    return x.to(_of_torch(dtype), copy=True)


def _arrays(x):
    if not isinstance(x, np.ndarray) and x.dtype == sys.modules["torch"].bfloat16:
        # The bits are enough for what is copied and not computed with.
        x = x.view(sys.modules["torch"].int16)
    return as_arrays(x)
