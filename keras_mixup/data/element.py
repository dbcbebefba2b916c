"""An element of a pipeline: `x`, `(x, y)` or `(x, y, sample_weight)`."""

import keras

from keras_mixup._backend.ops import is_foreign
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.traces import in_dataset


def as_element(x, y, sample_weight):
    """The arguments of a call as an element of a pipeline."""
    if sample_weight is not None:
        return x, y, sample_weight
    return x if y is None else (x, y)


def is_pair(element):
    """Whether an element is inputs with their labels, in a tuple or list."""
    return (
        isinstance(element, (tuple, list))
        and len(element) in (2, 3)
        and element[1] is not None
    )


def is_handed_over(element):
    """Whether an element comes from a pipeline, and is not a model's several inputs.

    Those are tensors of the backend.
    """
    leaves = flatten(element)
    return (
        in_dataset()
        or any(is_foreign(leaf) for leaf in leaves)
        or not any(
            keras.ops.is_tensor(leaf) or isinstance(leaf, keras.KerasTensor)
            for leaf in leaves
        )
    )


def unpack(element):
    """The inputs, labels and weights of an element, `None` for what is not there."""
    if not isinstance(element, (tuple, list)):
        return element, None, None
    if not 1 <= len(element) <= 3:
        raise ValueError(
            "A batch must be `x`, `(x, y)`, `(x, y, sample_weight)` or a dict. "
            f"Received: a {type(element).__name__} of {len(element)}"
        )
    return (*element, None, None)[:3]


def pack(parts, element):
    """What was mixed of an element, in its form."""
    x, y, sample_weight = (parts.get(key) for key in ("x", "y", "sample_weight"))
    if not isinstance(element, (tuple, list)):
        return x
    mixed = (x, y, sample_weight)[: len(element)]
    return type(element)(*mixed) if is_named(element) else type(element)(mixed)


def is_named(element):
    """Whether an element is a named tuple."""
    return isinstance(element, tuple) and hasattr(element, "_fields")
