"""How the plan of a training step gets from a layer to the loss.

Keras runs the forward pass and then the loss, in one trace and one thread. A
layer publishes its plan on its channel; the loss reads it there. Tensors whose
shape changes with the batch cannot be Keras variables, so this is plain Python.
"""

import itertools
import threading
import warnings
import weakref

from keras import ops

from keras_mixup._backend.traces import current_trace
from keras_mixup._backend.traces import in_dataset
from keras_mixup.step import messages as notices
from keras_mixup.step.metrics import PlanWatch
from keras_mixup.step.metrics import TrackedMeans
from keras_mixup.step.state import Step
from keras_mixup.step.state import complete

_NUMBERS = itertools.count()


class PlanChannel:
    """The plan of the latest forward pass of one layer.

    Each thread sees its own: under `tf.distribute` every replica is a thread,
    and they may take turns in the middle of a forward pass.

    Args:
        layer: The layer, which says by `may_mix()` whether it mixes at all.
    """

    def __init__(self, layer):
        self._layer = weakref.ref(layer)
        self._name = layer.name
        self._number = next(_NUMBERS)
        # Where the plans depend on it, what the losses that apply them report to.
        self.running_loss = None
        # The sizes of the axes of what regions were drawn for, `None` if not known.
        self.grid = ()
        self.means = TrackedMeans(f"{layer.name}_means", self)
        self._watch = PlanWatch(f"{layer.name}_watch", self)
        self._steps = threading.local()
        self._warned = self._has_mixed = False

    @property
    def name(self):
        """The name of the layer."""
        layer = self._layer()
        return self._name if layer is None else layer.name

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
        step = self._step
        # Keras may try a model out in a trace of its own before it trains it.
        if step.unread and step.is_alive():
            self._warn_once(notices.CALLED_AGAIN)
        complete().discard(self._number)
        self._steps.step = Step(begun=True)

    def enter(self, training):
        """Notes that the layer's `call` begins, which a wrapper may call by itself.

        Args:
            training: The argument of the call.
        """
        if not self._step.begun:
            if training and self._step.unread and self._step.is_alive():
                raise ValueError(notices.CALLED_TWICE.format(name=self.name))
            self.begin()
        self._step.begun = False

    def publish(self, plan, site=0, sites=1):
        """Makes `plan` the one of this forward pass.

        Args:
            plan: A `MixPlan`.
            site: At which of several places it applies, a number or a tensor.
            sites: How many places there are.
        """
        trial = getattr(plan.share, "is_meta", False)  # Torch tries with no data.
        self._steps.step = Step(
            plan, site, current_trace(), open=not trial, unread=not trial
        )
        self._step.missing = set(range(1, sites))
        self._step.before = frozenset(complete())
        self._note_places()
        if not trial:
            self._has_mixed = True
        if in_dataset():
            self._step.unread = False
            self.warn_of_pipeline()

    def visit(self, site, shared):
        """Notes that a further place of the plan was met.

        Args:
            site: The number of the place.
            shared: Whether it may be met again in the step.
        """
        if not shared and site not in self._step.missing:
            raise ValueError(notices.PLACE_MET_TWICE.format(name=self.name))
        self._step.missing.discard(site)
        self._note_places()

    def is_before(self, other):
        """Whether all places of this step were met before those of `other`."""
        return self._number in other._step.before

    def read(self):
        """The plan for a loss of this step to apply, or `None`."""
        step = self._step
        step.unread = False
        complete().discard(self._number)
        if not step.open:
            return None
        if not step.is_alive():
            raise ValueError(notices.APART_FROM_THE_STEP.format(name=self.name))
        if step.missing:
            missing = sorted(step.missing)
            raise ValueError(
                notices.PLACES_MISSING.format(name=self.name, missing=missing)
            )
        step.applied = True
        return step.plan

    def peek(self):
        """The plan of a forward pass that goes on, for its other layers."""
        step = self._step
        return None if step.ended or not step.is_alive() else step.plan

    def plan_at(self, site):
        """The plan of a forward pass that goes on, at one of several places.

        It is `None` without one, and where the place is known to be another.

        Args:
            site: The number of the place.
        """
        plan, drawn = self.peek(), self._step.site
        if plan is None:
            return None
        # Of a plan with a region every place has to have its axes.
        if isinstance(drawn, int) and not plan.has_region:
            return plan if drawn == site else None
        return plan.where(ops.equal(drawn, site))

    @property
    def recorded(self):
        """What the losses of this step have told `means`: names of means."""
        return self._step.recorded

    @recorded.setter
    def recorded(self, names):
        self._step.recorded = names

    def metrics(self):
        """The metrics of the layer that matter at this moment of a step.

        Keras asks every layer for its metrics once the loss of a step is known, also
        as it traces one: there is no other sign that a step is over. While a plan
        waits for its loss, a watch is among them, of whose result Keras asks next.
        """
        if self._step.applied:
            self.close()
        watch = [self._watch] if self._step.unread else []
        return watch + [self.means] * self.means.tracked

    def end(self):
        """Closes the step, and warns if it had a plan that no loss has read."""
        if self._step.unread and self.running_loss is not None:
            raise ValueError(notices.LOSS_NOT_FED.format(name=self.name))
        if self._step.unread:
            self._warn_once(notices.LABELS_NOT_MIXED)
        self.close()

    def close(self):
        """Keeps the plan to look at, but not for any loss to apply."""
        step = self._step
        step.open = step.unread = False
        step.ended = True
        complete().discard(self._number)
        if step.trace is not None and not step.has_values():
            step.plan = step.site = None  # Of symbols, which must not outlive a trace.

    def warn_of_pipeline(self):
        """Warns that a pipeline hands over inputs alone, to be mixed."""
        self._warn_once(notices.INPUTS_OF_A_PIPELINE)

    def warn_of_bare_call(self):
        """Warns that a pipeline calls the layer as one that mixes nothing."""
        if self._may_mix():
            self._warn_once(notices.BARE_CALL)

    def is_idle(self):
        """Whether the layer could mix, and has not done so in any forward pass."""
        return not self._has_mixed and self._may_mix()

    def warn_of_idleness(self):
        """Warns that a training goes on in which the layer has never mixed."""
        self._warn_once(notices.NOTHING_MIXED)

    @property
    def _step(self):
        if not hasattr(self._steps, "step"):
            self._steps.step = Step()
        return self._steps.step

    def _note_places(self):
        if self._step.open and not self._step.missing:
            complete().add(self._number)

    def _may_mix(self):
        layer = self._layer()
        return layer is not None and layer.may_mix()

    def _warn_once(self, message):
        if not self._warned:
            self._warned = True
            warnings.warn(message.format(name=self.name), stacklevel=5)
