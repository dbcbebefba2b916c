"""Numbers of a layer that change while it is in use."""

import keras
import numpy as np

from keras_mixup._backend.ops import values


class Parameter:
    """A number of a layer, read and assigned like an attribute.

    It lives in a variable of the layer, so that a callback changes it without a
    retrace and it is saved with the weights; the layer's pipelines follow.

    Args:
        check: Function that returns a valid value as a float, or as a tuple of them,
            or raises. For a tuple it is given its size, once that is known.
        doc: What the number means.
    """

    def __init__(self, check, doc):
        self._check = check
        self.__doc__ = doc

    def __set_name__(self, owner, name):
        self._name = name
        self._variable = f"_{name}"

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        value = values(getattr(layer, self._variable).value)
        if value is None:  # In a trace, or not on the host.
            value = layer._pipeline.get(self._name)
        # The shortest number with this float32: 0.2, not 0.20000000298.
        if np.ndim(value):
            return tuple(float(str(each)) for each in value)
        return float(str(value))

    def __set__(self, layer, value):
        size = getattr(getattr(layer, self._variable, None), "shape", ())
        value = self._check(value, *size)
        layer._pipeline.set(self._name, value)
        if hasattr(layer, self._variable):
            getattr(layer, self._variable).assign(value)
            return
        variable = layer.add_weight(
            shape=np.shape(value),
            initializer=keras.initializers.Constant(value),
            # In float32 under every dtype policy: bfloat16 has three digits.
            dtype="float32",
            autocast=False,
            trainable=False,
            name=self._name,
        )
        setattr(layer, self._variable, variable)


class ParameterElsewhere:
    """A number that a layer has not, and that others have for it.

    Whoever reads or assigns it is told so. Assigned, it would change nothing.

    Args:
        where: The layers that have it.
    """

    def __init__(self, where):
        self._where = where

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, layer, owner=None):
        if layer is None:
            return self
        raise AttributeError(self._message(layer))

    def __set__(self, layer, value):
        raise AttributeError(self._message(layer))

    def _message(self, layer):
        return (
            f"The {type(layer).__name__} {layer.name!r} has no `{self._name}`. "
            f"Read or assign that of {self._where}."
        )
