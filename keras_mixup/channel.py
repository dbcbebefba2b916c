"""How the plan of a training step gets from a layer to the loss.

Keras runs the forward pass and then the loss, in one trace and one thread. A
layer publishes its plan on its channel; the loss reads it there. Tensors whose
shape changes with the batch cannot be Keras variables, so this is plain Python.
"""

import dataclasses
import itertools
import threading
import warnings
import weakref

from keras_mixup.monitor import PlanMonitor
from keras_mixup.namespaces import values
from keras_mixup.traces import current_trace
from keras_mixup.traces import in_dataset

_LAYERS = weakref.WeakValueDictionary()
# Tells in which order the layers of a step were called.
_CLOCK = itertools.count()


class PlanChannel:
    """The plan of the latest forward pass of one layer.

    Each thread sees its own: under `tf.distribute` every replica is a thread,
    and they may take turns in the middle of a forward pass.
    """

    def __init__(self, name):
        self.name = name
        # Where the plans depend on it, what the losses that apply them report to.
        self.running_loss = None
        self.monitor = PlanMonitor(self)
        self._steps = threading.local()
        self._warned = False

    @property
    def plan(self):
        """The plan of the latest forward pass, or `None` if it mixed nothing."""
        step = self._step
        return step.plan if step.open or step.is_alive() else None

    def look(self):
        """The plan, for a user who takes the labels in hand."""
        self._step.unread = False
        return self.plan

    def begin(self):
        """Forgets the plan before, as a new forward pass begins."""
        # Keras may try a model out in a trace of its own before it trains it.
        if self._step.unread and self._step.is_alive():
            self._warn()
        self._steps.step = _Step()

    def publish(self, plan, site=0, sites=1):
        """Makes `plan` the one of this forward pass.

        Args:
            plan: A `MixPlan`.
            site: At which of several places it applies, a number or a tensor.
            sites: How many places there are.
        """
        trial = getattr(plan.share, "is_meta", False)  # Torch tries with no data.
        self._steps.step = _Step(plan, site, current_trace(), not trial, not trial)
        self._steps.step.missing = set(range(1, sites))
        if in_dataset():
            self._steps.step.unread = False
            self.warn_of_pipeline()

    def warn_of_pipeline(self):
        """Warns that a pipeline hands over inputs alone, to be mixed."""
        self._warn_once(
            f"The layer {self.name!r} mixes the inputs of a data pipeline and not the "
            "labels, which it was not given. Call it with both, as "
            "`dataset.map(layer)` does. If there are no labels, use "
            "`dataset.apply(layer.stage())`."
        )

    def visit(self, site):
        """Notes that a further place of the plan was met."""
        self._step.missing.discard(site)
        self._step.last = next(_CLOCK)

    def is_before(self, other):
        """Whether all places of this step were met before those of `other`."""
        return self._step.last < other._step.first

    def read(self):
        """The plan for a loss of this step to apply, or `None`."""
        self._step.unread = False
        if not self._step.open:
            return None
        if not self._step.is_alive():
            raise ValueError(
                "MixupLoss was called apart from the training step that the layer "
                f"{self.name!r} drew its plan in. Call the model (with "
                "`training=True`, to mix) right before its loss."
            )
        if self._step.missing:
            raise ValueError(
                f"The layer {self.name!r} has places that the step did not meet, so "
                "that some steps would mix labels alone. Every `site()` that was made "
                f"must be in the model. Missing: {sorted(self._step.missing)}"
            )
        return self._step.plan

    def peek(self):
        """The plan of a forward pass that goes on, for its other layers."""
        step = self._step
        return None if step.ended or not step.is_alive() else step.plan

    @property
    def site(self):
        """Where the plan of the latest forward pass applies."""
        return self._step.site

    @property
    def recorded(self):
        """What the losses of this step have told the monitor: names of means."""
        return self._step.recorded

    @recorded.setter
    def recorded(self, names):
        self._step.recorded = names

    def end(self):
        """Closes the step, and warns if it had a plan that no loss has read."""
        if self._step.unread:
            self._warn()
        self.close()

    def close(self):
        """Keeps the plan to look at, but not for any loss to apply."""
        self._step.open = self._step.unread = False
        self._step.ended = True

    @property
    def _step(self):
        if not hasattr(self._steps, "step"):
            self._steps.step = _Step()
        return self._steps.step

    def _warn(self):
        if self.running_loss is not None:
            raise ValueError(
                f"The policy of the layer {self.name!r} looks at the training loss, "
                "but no MixupLoss feeds it. Compile the model with "
                "`MixupLoss(loss, mixup=layer)`."
            )
        self._warn_once(
            f"The layer {self.name!r} mixed the inputs of a training step, but no "
            "MixupLoss read its plan, so the labels were not mixed. Compile the "
            "model with `MixupLoss(loss, mixup=layer)`, of this layer and not of "
            "another or a copy, and call the layer once a step (on a dict or tuple, "
            "if the model has several inputs)."
        )

    def _warn_once(self, message):
        if not self._warned:
            self._warned = True
            warnings.warn(message, stacklevel=5)


@dataclasses.dataclass
class _Step:
    plan: object = None
    site: object = 0
    trace: object = None
    open: bool = False
    unread: bool = False
    recorded: tuple = ()
    ended: bool = False
    missing: set = dataclasses.field(default_factory=set)
    first: int = dataclasses.field(default_factory=lambda: next(_CLOCK))
    last: int = 0

    def __post_init__(self):
        self.last = self.first

    def is_alive(self):
        """Whether the plan is made of values, or of symbols of this very trace."""
        return self.trace == current_trace() or (
            self.plan is not None and values(self.plan.share) is not None
        )


def register(layer):
    """Makes `layer` the one that its name stands for when a loss is loaded."""
    _LAYERS[layer.name] = layer


def find(name):
    """The newest living layer of that name, or `None`."""
    return _LAYERS.get(name)
