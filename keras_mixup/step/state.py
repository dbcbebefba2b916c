"""What is known of the latest forward pass of a layer."""

import dataclasses
import threading

from keras_mixup._backend.ops import values
from keras_mixup._backend.traces import current_trace

_THREAD = threading.local()


@dataclasses.dataclass
class Step:
    """The state of one step, from the forward pass to the end of its losses.

    Args:
        plan: The `MixPlan`, `None` if nothing is mixed.
        site: At which of several places the plan applies.
        trace: The trace that the plan was drawn in.
        begun: Whether the layer was called, and its `call` has not begun.
        open: Whether a loss may apply the plan.
        unread: Whether nobody has asked for the plan.
        applied: Whether a loss has.
        ended: Whether the step is over.
        recorded: Names of the means that the losses have recorded.
        missing: The places of the plan that were not met yet.
        before: The channels whose places had all been met before this plan.
    """

    plan: object = None
    site: object = 0
    trace: object = None
    begun: bool = False
    open: bool = False
    unread: bool = False
    applied: bool = False
    ended: bool = False
    recorded: tuple = ()
    missing: set = dataclasses.field(default_factory=set)
    before: frozenset = frozenset()

    def is_alive(self):
        """Whether the plan is made of values, or of symbols of this very trace."""
        return self.trace == current_trace() or self.has_values()

    def has_values(self):
        """Whether the plan is made of values."""
        return self.plan is not None and values(self.plan.share) is not None


def complete():
    """The channels of this thread whose plans met all places, and not their loss."""
    if not hasattr(_THREAD, "channels"):
        _THREAD.channels = set()
    return _THREAD.channels
