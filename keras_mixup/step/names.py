"""Which layer a name stands for, where a loss or a site knows its layer by name."""

import gc
import itertools
import weakref

_AGES = itertools.count()
_LAYERS = weakref.WeakKeyDictionary()
_WAITING = weakref.WeakSet()


def register(layer):
    """Makes `layer` one that its name may stand for."""
    _LAYERS[layer] = next(_AGES)
    for loss in list(_WAITING):
        loss.find_layers()


def wait_for_layers(loss):
    """Has `loss.find_layers()` called whenever a layer is made."""
    _WAITING.add(loss)


def newest(name):
    """The newest living layer of that name, or `None`.

    Keras loads the layers of a model right before its losses.
    """
    named = _named(name)
    return named[-1] if named else None


def only(name):
    """The one living layer of that name, or `None`; several are an error."""
    if len(_named(name)) > 1:
        gc.collect()  # Models that are gone may hold their layers in a cycle.
    named = _named(name)
    if len(named) > 1:
        raise ValueError(
            f"There are {len(named)} layers named {name!r}. Pass the layer itself: "
            "`MixupLoss(loss, mixup=layer)`."
        )
    return named[0] if named else None


def _named(name):
    return sorted(
        (layer for layer in list(_LAYERS) if layer.name == name), key=_LAYERS.get
    )
