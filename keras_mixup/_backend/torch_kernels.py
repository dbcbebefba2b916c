"""Kernels of PyTorch for batches that no compiler sees.

Operation by operation a blend goes through the batch as often as it has operations,
each time into memory that the system hands out anew. On the host a plan's numbers can
be looked at, and in place two passes do after the partners are gathered.
"""

import sys

import keras


def blend_on_host(x, partners, own, share, dtype):
    """λ·x + (1 − λ)·x[partners] in as few passes as there are, or `None`.

    It is `None` of what is not a plain tensor of PyTorch on the host: where gradients
    flow, where a step is compiled, and for other devices and backends.

    Args:
        x: Tensor of samples.
        partners: The partner of every sample, a sample itself where its share is 0.
        own: What a sample keeps, `(batch_size,)`.
        share: The share of its partner.
        dtype: Dtype of the result.
    """
    torch = sys.modules.get("torch")
    if torch is None or not _is_plain(torch, x) or not _is_plain(torch, share):
        return None
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


def _is_plain(torch, x):
    return (
        type(x) is torch.Tensor
        and x.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and not (x.requires_grad and torch.is_grad_enabled())
    )
