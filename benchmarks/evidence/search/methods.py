"""The ways to train: plain mixup, and every rule with its control."""

import dataclasses

from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.search.rules import RULES
from benchmarks.evidence.search.rules import Rule
from benchmarks.evidence.search.rules import plain

ALPHAS = (0.05, 0.2, 1.0, 2.0, 4.0, 8.0)
# With which α mixup is also run with cooldown.
ENDING = (1.0, 2.0)
COOLDOWN = "cooldown"


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to train.

    Args:
        rule: The rule for λ.
        control: Whether λ is assigned to the pairs at random.
        cooldown: Whether the last sixth of the epochs is without mixup.
    """

    rule: Rule
    control: bool = False
    cooldown: bool = False


def control(name):
    """The name of the control of a method."""
    return f"{name}, {CONTROL}"


def cooled(name):
    """The name of a method with cooldown."""
    return f"{name}, {COOLDOWN}"


FLAT = {name: rule for family in RULES.values() for name, rule in family.items()}
PLAIN = {f"mixup, α = {alpha:g}": Method(plain(alpha)) for alpha in ALPHAS}
COOLED = {
    cooled(f"mixup, α = {alpha:g}"): Method(plain(alpha), cooldown=True)
    for alpha in ENDING
}
NONE = Method(plain(0.0))
REFERENCES = {ERM: NONE, **PLAIN, **COOLED}
METHODS = {
    **REFERENCES,
    **{name: Method(rule) for name, rule in FLAT.items()},
    **{control(name): Method(rule, control=True) for name, rule in FLAT.items()},
    **{cooled(name): Method(rule, cooldown=True) for name, rule in FLAT.items()},
    **{
        control(cooled(name)): Method(rule, control=True, cooldown=True)
        for name, rule in FLAT.items()
    },
}
