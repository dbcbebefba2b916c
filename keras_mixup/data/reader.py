"""Tells inputs, labels and the rest of a batch apart, as a pipeline hands it over."""

import collections.abc
import warnings
from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import tree

from keras_mixup._backend.structures import flatten
from keras_mixup._backend.structures import flatten_with_path
from keras_mixup._backend.structures import leaves
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup._backend.tensor_checks import check_signals
from keras_mixup.data import entries
from keras_mixup.data.element import is_named
from keras_mixup.data.element import pack
from keras_mixup.data.element import unpack
from keras_mixup.data.labels import check_not_ids
from keras_mixup.data.labels import look_like_class_ids
from keras_mixup.data.labels import soft_labels
from keras_mixup.data.rules import AS_THEY_ARE


class Batch(NamedTuple):
    """The parts of a batch that one plan mixes.

    Args:
        parts: Dict of `"x"`, `"y"`, `"sample_weight"` and `"bounding_boxes"`, without
            those that are not there.
        restore: Function that gives parts that were mixed the form of the batch.
        is_dict: Whether it came as a dict of inputs beside their labels.
    """

    parts: dict
    restore: Callable
    is_dict: bool = False

    @property
    def labels(self):
        """The labels as they came, those that are `None` left out."""
        labels = self.parts.get("y")
        tensors = flatten(labels)
        found = [each for each in tensors if each is not None]
        return labels if len(found) == len(tensors) else found or None


class BatchReader:
    """Reads batches as a layer was told to.

    Args:
        name: Name of the layer, for its warnings.
        num_classes: Number of classes, `None`, or a nested structure of these.
        label_keys: The keys of labels in a dict, or `None` to tell by their names.
    """

    def __init__(self, name, num_classes, label_keys):
        self.name = name
        self.num_classes = num_classes
        self.label_keys = label_keys
        self._warned = set()

    def is_batch(self, x):
        """Whether a lone `x` is a dict of inputs beside their labels."""
        if isinstance(x, (list, tuple)) and len(x) == 1 and not is_named(x):
            return self.is_batch(x[0])
        x = _as_dict(x)
        if not isinstance(x, dict):
            return False
        labels = entries.label_keys_in(x, self.label_keys)
        others = [key for key in x if key not in (*labels, entries.WEIGHT)]
        return bool(labels) and any(
            leaves(entries.inputs_of(key, x[key], True)[0]) for key in others
        )

    def read(self, element, mixing=True):
        """The parts of a batch, checked to go together.

        Args:
            element: `x`, `(x, y)`, `(x, y, sample_weight)`, or a dict of inputs beside
                their labels.
            mixing: Whether it is to be mixed.
        """
        _check_not_symbolic(element)
        x = _as_dict(element)
        if isinstance(x, dict) and (not is_named(element) or self.is_batch(x)):
            batch = self._read_dict(x, mixing)
            if not is_named(element):
                return batch
            return batch._replace(
                restore=lambda mixed: type(element)(**batch.restore(mixed))
            )
        x, y, sample_weight = unpack(element)
        if y is None and sample_weight is not None:
            raise ValueError("`sample_weight` goes with labels `y`. Received: y=None")
        if y is None and isinstance(_as_dict(x), dict):
            batch = self.read(x, mixing)
            return batch._replace(
                restore=lambda mixed: pack({"x": batch.restore(mixed)}, element)
            )
        if y is not None and not leaves(y):
            raise ValueError(f"`y` must hold a label that is not None. Received: {y!r}")
        parts = {"x": x, "y": y, "sample_weight": sample_weight}
        parts = {key: part for key, part in parts.items() if part is not None}
        check_batch(**parts)
        if mixing:
            check_signals(x=x)
        return Batch(parts, lambda mixed: pack(mixed, element))

    def check_inputs(self, x):
        """Raises of a dict that may have labels, of which nothing says so."""
        if entries.label_keys_in(x, self.label_keys):
            raise ValueError(_no_inputs(x))
        for key, entry in x.items():
            self._inputs_of(key, entry, self.label_keys == ())

    def counts(self, batch):
        """`num_classes`, in the form of the labels of a batch."""
        labels, counts = batch.parts.get("y"), self.num_classes
        if batch.is_dict and isinstance(counts, (dict, list)) and len(labels) == 1:
            (only,) = labels
            if not isinstance(counts, dict) or only not in counts:
                return {only: counts}
        return counts

    def soft(self, batch, are_targets=False, rules=AS_THEY_ARE):
        """The parts of a batch with class ids as one-hot labels, to be blended.

        Args:
            batch: What `read` returned.
            are_targets: Whether the labels are known to be numbers and not classes.
            rules: The `Rules`.
        """
        labels = batch.parts.get("y")
        if labels is None:
            return batch.parts
        counts = self.counts(batch)
        if counts is None and not are_targets:
            self._look_at_floats(labels, batch.is_dict)
        alone = len(flatten(labels)) == 1
        # Floats beside other labels that share a number of classes are no classes.
        may_be_ids = batch.is_dict or alone or not isinstance(counts, int)
        soft = soft_labels(
            labels,
            batch.parts.get("sample_weight"),
            counts,
            float_ids=may_be_ids and not are_targets,
            rules=rules,
        )
        return {**batch.parts, "y": soft}

    def _read_dict(self, batch, mixing):
        labels = entries.label_keys_in(batch, self.label_keys)
        is_labelled = bool(labels) or self.label_keys == ()
        special = [key for key in (entries.BOXES,) if key in labels]
        labels = [key for key in labels if key not in special]
        if batch.get(entries.WEIGHT) is not None:
            special.append(entries.WEIGHT)
            if not labels:
                raise ValueError(
                    f"{entries.WEIGHT!r} goes with labels or masks. "
                    f"Received: keys {sorted(map(str, batch))}"
                )
        inputs = {
            key: self._inputs_of(key, entry, is_labelled)
            for key, entry in batch.items()
            if key not in (*labels, *special)
        }
        inputs = {key: entry for key, entry in inputs.items() if leaves(entry)}
        named = {key: batch[key] for key in (*labels, *special)}
        check_batch(**{str(key): entry for key, entry in (inputs | named).items()})
        if not inputs:
            raise ValueError(_no_inputs(batch))
        if mixing:
            check_signals(**{str(key): entry for key, entry in inputs.items()})
        parts = {"x": inputs if len(inputs) > 1 else next(iter(inputs.values()))}
        if labels:
            parts["y"] = {key: batch[key] for key in labels}
        parts |= {key: batch[key] for key in special}

        def restore(mixed):
            x = mixed["x"] if len(inputs) > 1 else dict.fromkeys(inputs, mixed["x"])
            x = {key: _filled(entry, batch[key]) for key, entry in x.items()}
            rest = {key: mixed[key] for key in special}
            return {**batch, **x, **mixed.get("y", {}), **rest}

        return Batch(parts, restore, is_dict=True)

    def _inputs_of(self, key, entry, is_labelled):
        inputs, unclear = entries.inputs_of(key, entry, is_labelled)
        entries.check_entry(key, inputs, unclear and not is_labelled)
        if unclear:
            self._warn_once(
                f"The layer {self.name!r} left the integers or booleans {key!r} of a "
                "dict batch as they are. If they are labels, name them beside the "
                f"others, as `label_keys=[..., {key!r}]`. If they are quantities, cast "
                "them to float, and if they are neither, end their key in '_id'."
            )
        return inputs

    def _look_at_floats(self, labels, is_dict):
        for path, label in flatten_with_path(labels):
            if label is None:
                continue
            if is_dict and entries.is_named_label(path[0]):
                check_not_ids(path[0], label)
            if look_like_class_ids(label):
                self._warn_once(
                    f"The layer {self.name!r} blends labels of whole numbers, as "
                    "in a regression. If they are class ids, pass `num_classes` or "
                    "cast them to integers. If they are counts, filter this warning: "
                    "`warnings.filterwarnings('ignore', '.*labels of whole numbers')`."
                )

    def _warn_once(self, message):
        if message not in self._warned:
            self._warned.add(message)
            warnings.warn(message, stacklevel=2)


def _as_dict(x):
    """A batch in any kind of mapping, or in a named tuple, as a dict."""
    if isinstance(x, dict):
        return x
    if isinstance(x, collections.abc.Mapping):
        return dict(x)
    return x._asdict() if is_named(x) else x


def _no_inputs(batch):
    return (
        "A dict batch must have an input beside its labels. "
        f"Received: keys {sorted(map(str, batch))}"
    )


def _filled(mixed, came):
    return tree.map_structure(lambda new, old: old if new is None else new, mixed, came)


def _check_not_symbolic(element):
    if any(isinstance(leaf, keras.KerasTensor) for leaf in leaves(element)):
        raise TypeError(
            "MixUp was called with symbolic labels. In a model, call it on the "
            "inputs alone and compile the model with `MixupLoss(loss, mixup=layer)`, "
            "which mixes the labels. If a dict holds inputs alone, with keys that "
            "labels could have, say `MixUp(label_keys=())`."
        )
