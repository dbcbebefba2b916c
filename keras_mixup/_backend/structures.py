"""Nested structures of tensors, most of which are a lone tensor or a tuple.

For these `keras.tree` takes as long as some operations on a batch, which an eager step
and a pipeline of NumPy would feel.
"""

from keras import tree


def flatten(structure):
    """List of the tensors of a structure, and of `None` where there is none.

    Args:
        structure: A tensor, `None`, or a nested structure of them.
    """
    if _is_leaf(structure):
        return [structure]
    if type(structure) is tuple:
        return [leaf for each in structure for leaf in flatten(each)]
    return tree.flatten(structure)


def flatten_with_path(structure):
    """List of pairs of the path to a tensor, a tuple, and the tensor.

    Args:
        structure: As for `flatten`.
    """
    if _is_leaf(structure):
        return [((), structure)]
    return tree.flatten_with_path(structure)


def pack_as(structure, flat):
    """The structure of as many other tensors.

    Args:
        structure: As for `flatten`.
        flat: List of the tensors, in the order of `flatten`.
    """
    if _is_leaf(structure) and len(flat) == 1:
        return flat[0]
    return tree.pack_sequence_as(structure, flat)


def map_tensors(function, structure):
    """A structure of what `function` makes of each tensor, of `None` as well.

    Args:
        function: Function of a tensor.
        structure: As for `flatten`.
    """
    if hasattr(structure, "shape"):
        return function(structure)
    return tree.map_structure(function, structure)


def leaves(*structures):
    """List of the tensors of structures, of those that are not `None`, in any order."""
    found = []
    for structure in structures:
        if isinstance(structure, dict):
            found += leaves(*structure.values())
        elif isinstance(structure, (list, tuple)):
            found += leaves(*structure)
        elif structure is not None:
            found.append(structure)
    return found


def first_leaf(structure):
    """The first tensor of a structure, of those that are not `None`, or an error."""
    for leaf in flatten(structure):
        if leaf is not None:
            return leaf
    raise ValueError("Received no tensor to mix.")


def _is_leaf(structure):
    return structure is None or hasattr(structure, "shape")
