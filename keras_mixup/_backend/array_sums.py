"""Blends of NumPy arrays by the kernel of PyTorch, where Keras computes with it.

NumPy goes through a batch four times for a blend, and PyTorch once.
"""

import sys

from keras_mixup._backend.host_kernels import blend_on_host
from keras_mixup._backend.threads import is_fork
from keras_mixup._backend.threads import is_worker
from keras_mixup._backend.traces import runs_one_by_one

# Smaller batches take longer to hand over. The memory of larger ones is the system's
# at every call, of which NumPy asks for huge pages, and PyTorch does not.
_LEAST, _MOST = 2**18, 2**25


def may_blend_arrays(x, shares, dtype):
    """Whether `blend_arrays` knows what to do.

    Args:
        x: Array of samples.
        shares: List of arrays of what a sample keeps of itself, and then of the share
            of each partner.
        dtype: Name of the dtype of the result.
    """
    if not runs_one_by_one():
        return False
    if x.dtype != dtype or dtype != "float32" or not _LEAST <= x.nbytes <= _MOST:
        return False
    if not (x.flags.c_contiguous and x.flags.writeable):
        return False
    if any(share.ndim != 1 or (share <= 0).any() for share in shares):
        # What is not blended keeps all of its bits, the sign of 0 too.
        return False
    # OpenMP waits for threads that a fork has not. Workers would be in the way of each
    # other: those of a `DataLoader` have one thread each.
    several = sys.modules["torch"].get_num_threads() > 1
    return not (several and (is_worker() or is_fork()))


def blend_arrays(x, partners, shares):
    """The samples of `x`, blended with their partners in one pass.

    Args:
        x: Array of samples, of those that `may_blend_arrays`.
        partners: List of arrays of the partner of every sample.
        shares: As for `may_blend_arrays`.
    """
    x = sys.modules["torch"].from_numpy(x)
    return blend_on_host(x, partners, shares, "float32").numpy()
