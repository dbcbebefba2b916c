"""Regions by their names."""

import keras

from keras_mixup.regions.box import Box

_BY_NAME = {"box": Box}


def get(identifier):
    """Resolves a region from its name, its saved config or itself.

    Args:
        identifier: `"box"`, a `Box`, an object of your own with its methods, or what
            `serialize` returned.

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
    if isinstance(identifier, type) and hasattr(identifier, "num_uniforms"):
        return identifier()
    if callable(identifier) and hasattr(identifier, "num_uniforms"):
        return identifier
    error = ValueError if isinstance(identifier, str) else TypeError
    raise error(
        f"`region` must be one of {sorted(_BY_NAME)}, a region of "
        "`keras_mixup.regions`, or an object that is called as they are and has "
        f"`num_uniforms`. Received: region={identifier!r} "
        f"(of type {type(identifier).__name__})"
    )


def serialize(region):
    """The Keras config of a region, which `get` takes."""
    return keras.saving.serialize_keras_object(region)
