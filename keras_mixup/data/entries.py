"""What the entries of a dict batch are: labels, inputs, or neither."""

import re

from keras_mixup._backend.structures import flatten_with_path
from keras_mixup._backend.structures import leaves
from keras_mixup._backend.structures import pack_as
from keras_mixup._backend.tensor_checks import is_numeric
from keras_mixup._backend.tensor_checks import is_one_a_sample
from keras_mixup._backend.tensor_checks import is_signal

BOXES = "bounding_boxes"
WEIGHT = "sample_weight"
MASKS = ("segmentation_masks", "segmentation_mask")

_LABELS = {"label", "labels"}
_TARGETS = {"target", "targets"}
_Y = (["y"], ["y", "true"])
_IDS = {"id", "ids", "idx", "index", "indices", "uid", "uuid"}
_NAMES = {"name", "names", "filename", "filenames", "path", "paths"}
_CLASSES = {"class", "classes", "category", "categories"}


def label_keys_in(batch, label_keys=None):
    """The keys of the labels of a dict, masks and boxes among them.

    Args:
        batch: A dict.
        label_keys: The keys that the user says are labels beside masks and boxes,
            none if it is empty, or `None` to tell by their names.
    """
    given = [key for key, entry in batch.items() if entry is not None]
    if label_keys is not None:
        keys = (*label_keys, *MASKS, BOXES) if label_keys else ()
        return [key for key in given if key in keys]
    found = [key for key in given if key in (*MASKS, BOXES) or _is_label(key)]
    # Text of a label beside its number is no label of its own.
    numbers = [key for key in found if not _is_text(batch[key])]
    return numbers or found or [key for key in given if _words(key) in _Y]


def is_named_label(key):
    """Whether a key says "label", and not that it may be a number to predict."""
    return bool(_LABELS & set(_words(key)[-2:]))


def inputs_of(key, entry, is_labelled):
    """An entry that is no label, with `None` for each leaf that stays as it is.

    Args:
        key: Its key.
        entry: A tensor, or anything else.
        is_labelled: Whether the batch has labels, or is known to have none.

    Returns:
        The entry, and whether some of it are integers that may be a further label.
    """
    found = [((key, *path), leaf) for path, leaf in flatten_with_path(entry)]
    kinds = [_kind(path, leaf, is_labelled) for path, leaf in found]
    inputs = [
        leaf if kind == "input" else None for (_, leaf), kind in zip(found, kinds)
    ]
    return pack_as(entry, inputs), "category" in kinds


def check_entry(key, inputs, may_be_labels):
    """Raises of an entry that is no label, of what would be wrong to leave or blend.

    Args:
        key: Its key.
        inputs: What `inputs_of` returned.
        may_be_labels: Whether it may have the labels that the batch lacks.
    """
    words = _words(key)
    if words == ["sample", "weights"]:
        raise ValueError(f"Weights go under the key {WEIGHT!r}. Received: key {key!r}")
    if may_be_labels:
        raise ValueError(
            f"The entry {key!r} of a dict has an integer for each sample, and no "
            "entry has labels. Labels go under keys such as 'label', 'targets' or "
            f"'y', or are named, as `MixUp(label_keys=[{key!r}])`. If there are "
            "none, say `label_keys=()`."
        )
    is_mask = bool(words) and words[-1] in ("mask", "masks")
    dtypes = [str(getattr(leaf, "dtype", "")) for leaf in leaves(inputs)]
    if is_mask and any("int" in dtype for dtype in dtypes):
        raise ValueError(
            f"The integers {key!r} of a dict batch are a mask by their name, "
            "and cannot be blended as an image. A mask of class ids goes under "
            f"{MASKS[0]!r} or among `label_keys`; cast any other to "
            "float, or take it out."
        )


def _kind(path, leaf, is_labelled):
    if leaf is None or isinstance(leaf, (str, bytes)):
        return "kept"
    if not hasattr(leaf, "dtype") or not hasattr(leaf, "shape"):
        # A number of the batch; in a list it should have been an array.
        is_number = isinstance(leaf, (bool, int, float))
        return "kept" if is_number and len(path) == 1 else "input"
    if not is_numeric(leaf.dtype):
        return "input" if "complex" in str(leaf.dtype) else "kept"
    if getattr(leaf.shape, "rank", 0) is None:
        return "input"
    if len(leaf.shape) == 0:
        return "kept"
    if is_one_a_sample(leaf):
        if any(_is_identifier(key, is_labelled) for key in path):
            return "kept"
        is_boolean = "bool" in str(leaf.dtype)
        return "category" if is_boolean or not is_signal(leaf) else "input"
    return "input"


def _is_label(key):
    words = _words(key)
    if words and words[-1] in _IDS:
        words.pop()
    return bool(words) and words[-1] in _LABELS | _TARGETS


def _is_identifier(key, is_labelled):
    words = _words(key)
    if not words or words[-1] not in _IDS | _NAMES:
        return False
    if not is_labelled:
        # A "species_id" may be the label that the batch lacks.
        return len(words) == 1
    return not set(words) & (_CLASSES | _LABELS | _TARGETS)


def _is_text(entry):
    return all(
        isinstance(leaf, str) or not is_numeric(getattr(leaf, "dtype", "int32"))
        for leaf in leaves(entry)
    )


def _words(key):
    return [word for word in re.split(r"[\W\d_]+", str(key).lower()) if word]
