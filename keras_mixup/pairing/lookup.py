"""Pairings by their names."""

import functools

import keras

from keras_mixup.pairing.builtin import derangement
from keras_mixup.pairing.builtin import itself
from keras_mixup.pairing.builtin import reverse
from keras_mixup.pairing.builtin import roll
from keras_mixup.pairing.builtin import shuffle
from keras_mixup.pairing.contract import says

_BY_NAME = {
    "derangement": derangement,
    "reverse": reverse,
    "roll": roll,
    "self": itself,
    "shuffle": shuffle,
}
_NAMES = {function: name for name, function in _BY_NAME.items()}


def get(identifier):
    """Resolves a pairing from its name, its saved config or itself.

    Args:
        identifier: `"shuffle"`, `"derangement"`, `"roll"`, `"reverse"`, `"self"`,
            a callable (as a `LabelKernel` is), or what `serialize` returned.

    Returns:
        A callable from noise to partners.

    Raises:
        ValueError: If a string names no pairing.
        TypeError: If `identifier` is none of these.

    Example:

    >>> keras_mixup.pairing.get("roll") is keras_mixup.pairing.roll
    True
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        if identifier not in _BY_NAME:
            raise ValueError(
                f"`pairing` must be one of {sorted(_BY_NAME)} or a callable. "
                f"Received: pairing={identifier!r}"
            )
        return _BY_NAME[identifier]
    if isinstance(identifier, type):
        return identifier()
    if not callable(identifier):
        raise TypeError(
            f"`pairing` must be one of {sorted(_BY_NAME)} or a callable. "
            f"Received: pairing={identifier!r} "
            f"(of type {type(identifier).__name__})"
        )
    return identifier


def get_for(num_samples, identifier, shards=None):
    """Resolves a pairing of several partners a sample, or within shards."""
    pairing = get(identifier)
    if num_samples > 2 and says(pairing, "draws_nothing"):
        raise ValueError(
            f"The pairing {identifier!r} knows one partner per sample, and would take "
            "it again. Use one that draws: 'shuffle' or 'derangement'. "
            f"Received: num_samples={num_samples} with pairing={identifier!r}"
        )
    if (shards or 1) > 1 and says(pairing, "needs_labels"):
        raise ValueError(
            "A pairing that looks at labels pairs samples across the whole batch. "
            f"Received: shards={shards} with pairing={identifier!r}"
        )
    return pairing


def with_labels(pairing, labels):
    """The pairing as a function of noise alone, whether it needs labels or not."""
    if says(pairing, "needs_labels"):
        return functools.partial(pairing, labels=labels)
    return pairing


def serialize(pairing):
    """The name of a built-in pairing, or the Keras config of any other.

    Args:
        pairing: A pairing, as `get` returns it.
    """
    if pairing in _BY_NAME.values():
        return _NAMES[pairing]
    return keras.saving.serialize_keras_object(pairing)
