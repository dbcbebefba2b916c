"""Kernels for batches on the host that no compiler sees.

Operation by operation PyTorch goes through a batch as often as there are operations,
each time into memory that the system hands out anew. On the host the numbers of a plan
can be looked at: for a blend two passes in place do, once the partners are gathered,
and of a box only what is inside has to be gone through.
"""

import sys

import keras
import numpy as np


def blend_on_host(x, partners, own, share, dtype):
    """λ·x + (1 − λ)·x[partners] on PyTorch in as few passes as there are, or `None`.

    It is `None` where gradients flow, where a step is compiled, and for other devices
    and backends.

    Args:
        x: Tensor of samples.
        partners: The partner of every sample, a sample itself where its share is 0.
        own: What a sample keeps, `(batch_size,)`.
        share: The share of its partner.
        dtype: Dtype of the result.
    """
    if isinstance(x, np.ndarray) or not is_on_host(x, share):
        return None
    torch = sys.modules["torch"]
    dtype = getattr(torch, keras.backend.standardize_dtype(dtype))
    shape = (-1,) + (1,) * (x.dim() - 1)
    mixed = x.index_select(0, partners).to(dtype)
    mixed.mul_(share.to(dtype).reshape(shape))
    whole = ((own <= 0) | (share <= 0)).nonzero().flatten()
    mixed.addcmul_(x.to(dtype), own.to(dtype).reshape(shape))
    if len(whole):
        # No number times 0: infinity would leave a NaN.
        mixed[whole] = x[partners[whole]].to(dtype)
    return mixed


def mix_boxes_on_host(x, partners, share, bounds, axes, dtype):
    """Samples with their partners' values in boxes.

    Args:
        x: Tensor of samples that `is_on_host`.
        partners: The partner of every sample.
        share: What of the inside of a box is the partner's, `(batch_size,)`.
        bounds: For each spatial axis two integer tensors `(batch_size,)`: where a box
            begins, and the first element behind it.
        axes: The spatial axes.
        dtype: Dtype of the result.
    """
    dtype = keras.backend.standardize_dtype(dtype)
    if isinstance(x, np.ndarray):
        mixed = x.astype(dtype)
    else:
        mixed = x.to(getattr(sys.modules["torch"], dtype), copy=True)
    ends = [[end.tolist() for end in each] for each in bounds]
    for sample, (partner, part) in enumerate(zip(partners.tolist(), share.tolist())):
        if part <= 0 or sample == partner:
            continue
        box = [slice(None)] * (x.ndim - 1)
        for axis, (begins, behind) in zip(axes, ends):
            box[axis - 1] = slice(begins[sample], behind[sample])
        inside, theirs = mixed[(sample, *box)], x[(partner, *box)]
        if part >= 1:
            inside[...] = theirs
        else:
            inside *= 1 - part
            inside += part * theirs
    return mixed


def is_on_host(*tensors):
    """Whether tensors are arrays, or of PyTorch on the host, and no more than values.

    Not where gradients flow, and not where a step is compiled.
    """
    torch = sys.modules.get("torch")

    def is_plain(x):
        return isinstance(x, np.ndarray) or (
            torch is not None
            and type(x) is torch.Tensor
            and x.device.type == "cpu"
            and not torch.compiler.is_compiling()
            and not (x.requires_grad and torch.is_grad_enabled())
        )

    return all(map(is_plain, tensors))
