"""Tensors of PyTorch on the host, and the arrays of NumPy that share their memory.

An operation on a few hundred numbers takes NumPy a microsecond, and PyTorch several.
Where no compiler and no other device is at work, plans are drawn as arrays.
"""

import sys

import keras
import numpy as np

from keras_mixup._backend.structures import map_tensors

_ZERO = np.zeros((), "float32")


def is_on_host(*tensors):
    """Whether tensors are of PyTorch on the host, in a step that nobody compiles."""
    torch = sys.modules.get("torch")
    if torch is None or torch.compiler.is_compiling():
        return False
    for x in tensors:
        if type(x) is not torch.Tensor or x.device.type != "cpu":
            return False
    return all(map(_has_memory, tensors))


def _has_memory(x):
    # Those of a function that `torch.func` transforms have none.
    try:
        x.data_ptr()
    except RuntimeError:
        return False
    return True


def may_be_arrays(*tensors):
    """Whether tensors, of which some may be `None`, have no more to them than values.

    NumPy has no gradients, and no numbers of the kind bfloat16.
    """
    tensors = [x for x in tensors if x is not None]
    if not is_on_host(*tensors):
        return False
    brain = sys.modules["torch"].bfloat16
    return not any(has_gradient(x) or x.dtype == brain for x in tensors)


def has_gradient(x):
    """Whether derivatives are taken with respect to a tensor of PyTorch."""
    autograd = sys.modules["torch"].autograd
    if x.requires_grad and sys.modules["torch"].is_grad_enabled():
        return True
    return autograd.forward_ad.unpack_dual(x).tangent is not None


def stand_ins(structure):
    """Arrays of the shapes of tensors, which take no memory and have no values."""

    def stand_in(x):
        if x is None:
            return None
        return np.ndarray(x.shape, "float32", _ZERO, strides=(0,) * x.dim())

    return map_tensors(stand_in, structure)


def as_arrays(structure):
    """The tensors and variables of a structure as arrays, and all else as it is."""
    if structure is None or isinstance(structure, (np.ndarray, int)):
        return structure
    if isinstance(structure, keras.Variable):
        structure = structure.value
    if hasattr(structure, "detach"):
        return (structure.detach() if structure.requires_grad else structure).numpy()
    return _mapped(as_arrays, structure)


def as_tensors(structure):
    """The arrays of a structure as tensors of PyTorch, and all else as it is."""
    if isinstance(structure, np.ndarray):
        # Torch takes neither negative strides nor what must not be written to.
        if not (structure.flags.c_contiguous and structure.flags.writeable):
            structure = np.require(structure, requirements=["C", "W"])
        return sys.modules["torch"].from_numpy(structure)
    return _mapped(as_tensors, structure)


def _mapped(function, structure):
    if isinstance(structure, dict):
        return {name: function(each) for name, each in structure.items()}
    if hasattr(structure, "_fields"):
        return type(structure)(*map(function, structure))
    if isinstance(structure, (list, tuple)):
        return type(structure)(map(function, structure))
    return structure
