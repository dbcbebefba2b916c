"""How the plan of a training step gets from a layer to the loss.

Keras runs the forward pass and then the loss, in one trace and one thread. A
layer publishes its plan on its channel; the loss reads it there. Tensors whose
shape changes with the batch cannot be Keras variables, so this is plain Python.
"""

import threading
import warnings
import weakref

import keras

_LAYERS = weakref.WeakValueDictionary()


class PlanChannel:
    """The plan of the latest forward pass of one layer.

    Each thread sees its own: under `tf.distribute` every replica is a thread,
    and they may take turns in the middle of a forward pass.
    """

    def __init__(self, name):
        self.name = name
        self._local = threading.local()
        self._warned = False

    @property
    def plan(self):
        """The plan that the current step is mixed by, or `None`."""
        return getattr(self._local, "plan", None)

    def clear(self):
        """Forgets the plan as a new forward pass begins."""
        self.expect_read()
        self._local.plan = None

    def publish(self, plan):
        """Makes `plan` the one of this forward pass."""
        self._local.plan = plan
        self._local.unread = True

    def read(self):
        """The plan of this forward pass, for a loss that will apply it."""
        self._local.unread = False
        return self.plan

    def expect_read(self):
        """Warns, once, if no loss has read the plan that was published."""
        unread = getattr(self._local, "unread", False)
        self._local.unread = False
        if unread and not self._warned:
            self._warned = True
            warnings.warn(
                f"The layer {self.name!r} mixed the inputs of a training step, but "
                "no MixupLoss read its plan, so the labels were not mixed. Compile "
                "the model with `MixupLoss(loss, mixup=layer)`, and call the layer "
                "once a step (on a dict or tuple, if the model has several inputs).",
                stacklevel=2,
            )


class PlanMonitor(keras.metrics.Metric):
    """Notices at the end of a training step that its plan was not read.

    Keras asks the metrics of all layers for their results when a step ends,
    also while it traces one. This one has nothing to report to the logs.
    """

    def __init__(self, channel):
        super().__init__(name=f"{channel.name}_monitor")
        self._channel = channel

    def update_state(self):
        """Does nothing: there is no state."""

    def result(self):
        self._channel.expect_read()
        return {}


def register(layer):
    """Makes `layer` the one that its name stands for when a loss is loaded."""
    _LAYERS[layer.name] = layer


def find(name):
    """The newest living layer of that name, or `None`."""
    return _LAYERS.get(name)
