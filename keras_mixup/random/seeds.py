"""Seeds that tell apart what is drawn for different uses.

`np.random.SeedSequence` pads with zeros, so that `[a, b]` and `[a, b, 0]` are one
seed; and sums such as seed + 1 meet the next seed. Here every use has a word of its
own, and every number says how many words it is long.
"""

import numbers
import zlib

import numpy as np

from keras_mixup._backend.ops import values

_WORD = 32


def words(use, *integers):
    """The uint32 words that seed NumPy for a use, of integers ≥ 0 that number it."""
    found = [zlib.crc32(use.encode())]
    for integer in integers:
        length = max(-(-integer.bit_length() // _WORD), 1)
        found.append(length)
        found += [integer >> _WORD * i & 0xFFFFFFFF for i in range(length)]
    return np.array(found, "uint32")


def scrambled(use, *integers):
    """An integer in [0, 2³¹) of such words: near ones lie as far apart as any."""
    state = np.random.SeedSequence(words(use, *integers)).generate_state(1)
    return int(state[0]) >> 1


def check_given_seed(seed):
    """Returns the integers of a seed that came with a call, or raises."""
    expected = (
        "`seed` must be an integer ≥ 0, or a sequence or an array of such integers, as "
        "`rng.integers(2**32)` is one"
    )
    found = [seed] if isinstance(seed, numbers.Integral) else values(seed)
    if found is None or getattr(found, "ndim", 1) > 1 or np.size(found) == 0:
        raise TypeError(f"{expected}. Received: seed={seed!r}")
    found = np.asarray(found).reshape(-1).tolist()
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in found):
        raise TypeError(
            f"{expected}. Received: seed={seed!r} (of type {type(seed).__name__})"
        )
    if min(found) < 0:
        raise ValueError(f"{expected}. Received: seed={seed!r}")
    return found


def check_no_seed(seed):
    """Raises if inputs alone came with a seed."""
    if seed is not None:
        raise ValueError(
            "`seed` is for a batch that comes with its labels. Inputs alone are mixed "
            "as in a model, by the random state of the layer. Received: a seed without "
            "labels"
        )
