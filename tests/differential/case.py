"""What a case is: the configuration of one training step, in plain words."""

import dataclasses
import zlib

import numpy as np

from tests.differential import axes


@dataclasses.dataclass(frozen=True)
class Head:
    """An output, its labels and its loss."""

    labels: str
    loss: str
    options: dict
    activation: str | None
    form: str  # How the loss is passed: as an object, by name or as a function.
    reduction: str
    regularization: float
    weight: float  # Of this loss among those of the outputs.
    flat: bool  # Whether predictions of one number have no axis of their own.

    @property
    def kind(self):
        """The labels of one step or pixel."""
        return self.labels.removeprefix("step_").removeprefix("map_")

    @property
    def width(self):
        return axes.WIDTHS[self.kind]

    @property
    def is_dense(self):
        """Whether every step or pixel has labels."""
        return self.kind != self.labels


@dataclasses.dataclass(frozen=True)
class Mixer:
    """The arguments of a layer, and before which of the model's layers it stands."""

    kind: str
    slots: tuple
    alpha: float
    prob: float
    per_sample: bool
    fold: bool
    pairing: str
    num_samples: int
    shards: int
    views: str | None  # How they are written: as functions or as layers.
    policy: str | None
    distance: str
    features: bool  # Whether distances are of a part of the inputs.
    placement: str | None = None  # Of boxes, where the layer pastes any.


@dataclasses.dataclass(frozen=True)
class Case:
    """One training step of one model."""

    number: int
    size: int
    inputs: str
    masked: bool
    confident: bool  # Whether probabilities come with the inputs.
    dtype: str
    depth: int
    hidden: str  # The activation of hidden layers.
    mixers: tuple
    heads: tuple
    weights: str | None
    track: bool
    through_fit: bool
    way: float  # A number in [0, 1): of the ways a backend has to run it, which.

    def rng(self, of):
        """Random numbers of one kind, that do not move with those of another."""
        return np.random.default_rng([self.number, zlib.crc32(of.encode())])

    @property
    def is_nested(self):
        return self.inputs in ("dict", "list", "tuple")

    @property
    def is_dense(self):
        return self.heads[0].is_dense

    @property
    def pastes(self):
        """Whether partners are pasted into boxes, some of them at least."""
        return any(mixer.placement for mixer in self.mixers)

    @property
    def steps(self):
        """The two steps of a policy that learns from the first, else one."""
        learning = ("inverse_loss", "function")
        return 2 if any(mixer.policy in learning for mixer in self.mixers) else 1

    @property
    def chain(self):
        """What the inputs go through, in order, up to the heads."""
        chain = [("embedding",)] if self.inputs == "ids" else []
        chain += [("masking",)] if self.masked and self.inputs == "sequence" else []
        merged = not self.is_nested
        for slot in range(self.depth + 1):
            for index, mixer in enumerate(self.mixers):
                at = [site for site, s in enumerate(mixer.slots) if s == slot]
                chain += [("mix", index, site) for site in at]
            chain += [] if merged else [("merge",)]
            merged = True
            chain += [("dense", slot)] * (slot < self.depth)
        return chain if self.is_dense else [*chain, ("pool",)]

    def __str__(self):
        lines = [f"case {self.number}"]
        for field in dataclasses.fields(self)[1:]:
            value = getattr(self, field.name)
            several = value if field.name in ("mixers", "heads") else [value]
            lines += [f"  {field.name}: {each}" for each in several]
        return "\n".join(lines)
