"""Values of axes, that come in turn."""

import zlib

import numpy as np


class Turns:
    """Gives the case of a number its value of an axis.

    Of as many numbers in a sample as an axis has values, each gets another one, in an
    order that is shuffled anew each round, and apart from that of any other axis.

    Args:
        number: The number of the case.
    """

    def __init__(self, number):
        self._number = number

    def __call__(self, axis, values):
        turn, place = divmod(self._number, len(values))
        rng = np.random.default_rng([turn, zlib.crc32(axis.encode())])
        return values[rng.permutation(len(values))[place]]
