"""Regions by their names."""

import keras

from keras_mixup.regions.box import Box
from keras_mixup.regions.fourier import Fourier

_BY_NAME = {"box": Box, "fourier": Fourier}


def get(identifier):
    """Resolves a region from its name, its saved config or itself.

    Args:
        identifier: `"box"`, `"fourier"`, a region, a function of your own that is
            called as one, or what `serialize` returned.

    Returns:
        A region.

    Raises:
        ValueError: If a string names no region.
        TypeError: If `identifier` is none of these.

    Example:

    >>> keras_mixup.regions.get("box")
    Box(placement='clip', minmax=None)
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier):
        return identifier
    error = ValueError if isinstance(identifier, str) else TypeError
    raise error(
        f"`region` must be one of {sorted(_BY_NAME)}, a region of "
        "`keras_mixup.regions`, or a function that is called as they are. Received: "
        f"region={identifier!r} (of type {type(identifier).__name__})"
    )


def get_for(num_samples, identifier):
    """Resolves a region of the one partner of each sample, `None` if there is none."""
    if identifier is None:
        return None
    if num_samples > 2:
        raise ValueError(
            "A region takes the values of one partner, so `num_samples` must be 2. "
            f"Received: num_samples={num_samples} with region={identifier!r}"
        )
    return get(identifier)


def num_uniforms(region, axes):
    """How many uniforms a region needs for a sample: what it says, or two an axis.

    Args:
        region: What `get` returned.
        axes: Number of spatial axes.
    """
    says = getattr(region, "num_uniforms", None)
    return 2 * axes if says is None else says(axes)


def can_compile(region):
    """Whether XLA knows the operations of a region."""
    return bool(getattr(region, "can_compile", False))


def serialize(region):
    """The Keras config of a region, which `get` takes.

    Args:
        region: A region, as `get` returns it.
    """
    return keras.saving.serialize_keras_object(region)
