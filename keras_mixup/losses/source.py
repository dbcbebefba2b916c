"""Where a loss has its plan from: the layers that it knows, or waits for by name."""

from keras_mixup.step.names import only
from keras_mixup.step.names import wait_for_layers


class PlanSource:
    """The layers on the way to one output, in the order in which the data meets them.

    Args:
        mixup: A layer, its name, or a list of these.
        track: Whether the first of them is to report means.
    """

    def __init__(self, mixup, track):
        layers = mixup if isinstance(mixup, (list, tuple)) else [mixup]
        if not layers:
            raise ValueError("`mixup` must name at least one layer. Received: []")
        self._track = track
        self._given = [_name_of(layer) for layer in layers]
        # Channels and not layers: Keras walks the attributes of a loss as it
        # saves a model, and would save a layer that it finds here a second time.
        self.channels = [
            None if isinstance(layer, str) else layer._channel for layer in layers
        ]
        self.find_layers()
        if None in self.channels:
            wait_for_layers(self)

    @property
    def names(self):
        """The names of the layers, which may have changed since they were given."""
        return [
            channel.name if channel else name
            for channel, name in zip(self.channels, self._given)
        ]

    def find_layers(self):
        """Takes up the layers that are known by name, as far as they exist."""
        for index, channel in enumerate(self.channels):
            layer = only(self._given[index]) if channel is None else None
            if layer is not None:
                self.channels[index] = layer._channel
        if self._track and self.channels[0] is not None:
            self.channels[0].means.tracked = True

    def read(self):
        """The plan of the step, and the grid that a region of it was drawn for.

        Also of a region of a plan that it is made of; `None` without one.
        """
        for name, channel in zip(self._given, self.channels):
            if channel is None:
                raise ValueError(
                    f"There is no MixUp layer named {name!r} for MixupLoss to read the "
                    "plan of. Pass the layer itself, or its name once it exists."
                )
        plan = before = grid = None
        for channel in self.channels:
            later = channel.read()
            if later is None:
                continue
            if before is not None and not before.is_before(channel):
                raise ValueError(
                    "`mixup` must list layers in the order in which the data meets "
                    "them, all places of one before those of the next. "
                    f"Received: mixup={self.names}"
                )
            plan, before = later if plan is None else plan.then(later), channel
            grid = channel.grid if later.has_region else grid
        return plan, grid

    def running_losses(self):
        """The running losses that the policies of the layers look at."""
        running = [channel.running_loss for channel in self.channels]
        return [each for each in running if each is not None]


def _name_of(layer):
    if isinstance(layer, str):
        return layer
    if not hasattr(layer, "_channel"):
        raise TypeError(
            "`mixup` must be a MixUp layer, its name, or a list of these. "
            f"Received: mixup={layer!r} (of type {type(layer).__name__})"
        )
    return layer._channel.name  # A site goes by the name of its ManifoldMixUp.
