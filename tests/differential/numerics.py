"""Functions of float64 that also take the complex numbers of a complex step.

f(x + ih) = f(x) + ih·f'(x) for small h: the derivative without a difference, exact to
the last digits. At a kink there is none; how near one was, `Kinks` remembers.
"""

import numpy as np


class Kinks:
    """The least distance of a value from a point where its function has a corner."""

    def __init__(self):
        self.margin = np.inf

    def absolute(self, x):
        self._meet(abs(x.real))
        return np.where(x.real > 0, x, -x)

    def relu(self, x):
        # Of an exact 0 all take 0 for the derivative.
        self._meet(abs(x.real[x.real != 0]))
        return np.where(x.real > 0, x, 0)

    def hinge(self, x):
        self._meet(abs(x.real))
        return np.where(x.real > 0, x, 0)

    def largest(self, x):
        """The largest along the last axis."""
        order = np.sort(x.real, axis=-1)
        self._meet(order[..., -1] - order[..., -2])
        at = x.real.argmax(-1)[..., None]
        return np.take_along_axis(x, at, axis=-1)[..., 0]

    def _meet(self, distances):
        self.margin = min(self.margin, distances.min(initial=np.inf))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.log(1 + np.exp(x))


def softmax(x):
    e = np.exp(x - x.real.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_softmax(x):
    x = x - x.real.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def clip(x, least, most=1.0):
    return np.where(x.real < least, least, np.where(x.real > most, most, x))


def normalized(x):
    return x / np.sqrt((x * x).sum(-1, keepdims=True))
