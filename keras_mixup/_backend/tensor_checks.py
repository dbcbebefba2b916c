"""What the tensors of a batch must be, and the error that says so."""

import keras
import numpy as np

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_float
from keras_mixup._backend.dtypes import is_integer
from keras_mixup._backend.ops import is_dense
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.structures import flatten_with_path

# From how many axes on integers are a signal: pixels, or samples of sound.
_RANK_OF_A_SIGNAL = {"uint8": 2, "int16": 2, "uint16": 3}
_RANK_OF_AN_IMAGE = 4


def check_batch(**structures):
    """Raises unless all leaves of `structures` are tensors of as many samples."""
    size, found = None, False
    for name, structure in structures.items():
        for place, leaf in _places(name, structure):
            if leaf is not None:
                check_samples(place, leaf, size)
                size, found = size or leaf.shape[0], True
    if not found:
        raise ValueError("Received no tensor to mix.")


def check_samples(name, x, batch_size=None):
    """Raises unless `x` is a numeric tensor of `batch_size` ≥ 1 samples."""
    if not is_dense(x) or _is_sparse(x) or not is_numeric(x.dtype):
        kind = f" of dtype {x.dtype}" if hasattr(x, "dtype") else ""
        raise TypeError(
            f"`{name}` must hold NumPy arrays or dense tensors, of numbers or "
            f"booleans. Received: {type(x).__name__}{kind}. {_remedy(x)}"
        )
    check_no_mask(name, x)
    if getattr(x.shape, "rank", 0) is None:
        raise ValueError(
            f"`{name}` must have a known number of axes. Received a tensor of unknown "
            "rank. Say its shape with `x.set_shape([None, 32, 32, 3])`, or give "
            "`tf.data.Dataset.from_generator` an `output_signature` in place of "
            "`output_types`."
        )
    if len(x.shape) == 0:
        raise ValueError(
            f"`{name}` must have a batch axis: mixup blends samples of a batch. "
            "Received a scalar. Is the data set batched?"
        )
    if x.shape[0] == 0:
        raise ValueError(
            f"`{name}` must have at least one sample. "
            f"Received an empty batch of shape {tuple(x.shape)}"
        )
    if batch_size is not None and x.shape[0] not in (None, batch_size):
        raise ValueError(
            f"`{name}` must have {batch_size} samples, as the rest of the batch has. "
            f"Received shape {tuple(x.shape)}. Is the data set batched?"
        )


def check_no_mask(name, x):
    """Raises of a masked array, whose mask no blend would heed."""
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"`{name}` is a masked array, and mixing would forget its mask. Fill in a "
            f"value with `{name}.filled(0)`, or give masked samples a "
            "`sample_weight` of 0."
        )


def check_no_table(name, x):
    """Raises of what Keras would convert, columns of labels and masks forgotten."""
    if not is_dense(x) and hasattr(x, "to_numpy"):
        raise TypeError(
            f"`{name}` is a {type(x).__name__}, in which inputs and labels may be side "
            f"by side. Pass arrays, as `{name}.to_numpy()`."
        )
    check_no_mask(name, x)


def check_signals(**structures):
    """Raises of integers that are no signal: token ids or categories."""
    for name, structure in structures.items():
        for place, leaf in _places(name, structure):
            if leaf is not None and not is_signal(leaf):
                raise ValueError(
                    f"`{place}` holds integers that may be token ids, categories or a "
                    "mask, of which there is no mean. Put the layer after the "
                    "`Embedding` or the one-hot encoding, or cast quantities to float. "
                    "Images (uint8, or with an axis of channels) and int16 sound are "
                    f"blended. Received: {leaf.dtype} of shape {tuple(leaf.shape)}"
                )


def is_signal(x):
    """Whether the mean of two samples of `x` means anything."""
    dtype = dtype_name(x.dtype)
    if not is_integer(dtype):
        return True
    rank = _RANK_OF_A_SIGNAL.get(dtype, _RANK_OF_AN_IMAGE)
    return len(x.shape) >= rank and not is_one_a_sample(x)


def is_one_a_sample(x):
    """Whether `x` has one number for each sample."""
    return len(x.shape) > 0 and all(size == 1 for size in x.shape[1:])


def is_numeric(dtype):
    """Whether `dtype` is a floating, integer or boolean one, in any library."""
    try:
        dtype = dtype_name(dtype)
    except ValueError:
        return False
    return dtype == "bool" or is_float(dtype) or is_integer(dtype)


def _places(name, structure):
    if not isinstance(structure, (dict, list, tuple)):
        return [(name, structure)]
    return [
        (name + "".join(f"[{step!r}]" for step in path), leaf)
        for path, leaf in flatten_with_path(structure)
    ]


def _is_sparse(x):
    if hasattr(x, "is_sparse"):
        return x.is_sparse or x.is_sparse_csr
    return "sparse" in type(x).__module__.split(".")


def _remedy(x):
    if hasattr(x, "to_tensor"):
        return "`.to_tensor()` pads a ragged tensor."
    if _is_sparse(x) or "Sparse" in type(x).__name__:
        return "Make it dense, as `.toarray()`, `.to_dense()` or `tf.sparse.to_dense`."
    if is_dense(x):
        return "Encode it as numbers, or take it out of what is mixed."
    library = type(x).__module__.partition(".")[0]
    if library in ("torch", "jax", "jaxlib"):
        array = "`.numpy()`" if library == "torch" else "`np.asarray`"
        return (
            f"Keras computes on {keras.backend.backend()} here, and not on tensors of "
            f"{library.removesuffix('lib')}. {array} makes an array of it."
        )
    return "`np.asarray` makes an array of a list or a data frame."


def check_no_class_ids(y):
    """Raises of class ids that came in one argument with what they are labels of."""
    for leaf in flatten(y):
        dtype = getattr(leaf, "dtype", "float32")
        if is_integer(dtype) and is_one_a_sample(leaf):
            raise ValueError(
                "Tensors in one tuple are the several inputs of a model, and one of "
                "these has an integer for each sample. Call the layer on a batch with "
                "its labels as `mix(x, y)` or `mix(x, y, sample_weight)`. "
                f"Received: {dtype} of shape {tuple(leaf.shape)}"
            )
