"""What is better than plain mixup and than its control, by pairs of one seed."""

from typing import NamedTuple

import numpy as np

from benchmarks.evidence import intervals
from benchmarks.evidence.search.methods import COOLED
from benchmarks.evidence.search.methods import METHODS
from benchmarks.evidence.search.methods import PLAIN
from benchmarks.evidence.search.methods import control

MEASURE = "error"


class Difference(NamedTuple):
    """A mean difference and half of its 95% interval."""

    mean: float
    half: float

    @property
    def is_lower(self):
        """Whether the whole interval is below zero."""
        return self.mean + self.half < 0


def errors(rows, study, method):
    """The errors of a method, none if it was not trained."""
    return [*intervals.column(rows, study, method, MEASURE).values()]


def best(rows, study, names=tuple(PLAIN)):
    """The method with the lowest mean error, `None` if none was trained."""
    found = {name: errors(rows, study, name) for name in names}
    means = {name: np.mean(values) for name, values in found.items() if values}
    return min(means, key=means.get, default=None)


def cooled_best(rows, study):
    """The best mixup with cooldown, `None` if none was trained."""
    return best(rows, study, tuple(COOLED))


def rival(rows, study, method):
    """The best plain mixup: with cooldown for a method with cooldown."""
    of = cooled_best if METHODS[method].cooldown else best
    return of(rows, study)


def difference(rows, study, method, against):
    """An error − another, `None` where no seed has both."""
    one, other = intervals.paired(rows, study, method, against, MEASURE)
    return Difference(*intervals.mean(one - other)) if len(one) else None


def rivals_less(rows, study, method):
    """The error of a method − that of its `rival`, `None` where one is missing."""
    return difference(rows, study, method, rival(rows, study, method))


def beats(rows, study, method):
    """Whether an error is lower than that of the best plain mixup and of the control.

    The best is that of these seeds, which the rule has to beat by a whole interval.
    """
    against = (rival(rows, study, method), control(method))
    found = [difference(rows, study, method, other) for other in against]
    return all(one is not None and one.is_lower for one in found)
