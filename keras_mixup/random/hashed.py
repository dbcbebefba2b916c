"""Uniforms on PyTorch from a seed and a position, without a generator.

A `torch.Generator` takes its seed from the host: each draw would wait for the
device, and break the graph that `torch.compile` makes of a step. Here every number
is a hash of its position and of the seed, in a few operations on integers.
"""

import math

import numpy as np


def _signed(number):
    """An integer as 64 bits hold it."""
    return (number + 2**63) % 2**64 - 2**63


# The multipliers of SplitMix64, as signed integers.
_FIRST = _signed(0xBF58476D1CE4E5B9)
_SECOND = _signed(0x94D049BB133111EB)
# Odd numbers of which no small multiples add up to 0: seeds, steps and positions
# cannot stand for each other.
_SEED, _STEP = 0xD1342543DE82EF95, 0xAEF17502108EF2D9
_POSITION = 0x9E3779B97F4A7C15
_SEED, _STEP = (_signed(each * pow(_POSITION, -1, 2**64)) for each in (_SEED, _STEP))
_POSITION = _signed(_POSITION)
_BITS = 24


def counted_uniforms(shape, seed):
    """Float32 uniforms in [0, 1), multiples of 2⁻²⁴.

    Args:
        shape: Tuple of integers.
        seed: Torch tensor or array of two integers, which give the same numbers.

    References:
        - [Steele et al. (2014), Fast splittable pseudorandom number
          generators](https://doi.org/10.1145/2660193.2660195)
    """
    position, first, second = _as_integers(math.prod(shape), seed)
    # Multiplied once all is added up: products of positions alone `torch.compile` takes
    # for indices, and fails where 64 bits do not hold them.
    z = (position + (first * _SEED + second * _STEP)) * _POSITION
    z = (z ^ _shifted(z, 30)) * _FIRST
    z = (z ^ _shifted(z, 27)) * _SECOND
    z = _as_float32(_shifted(z ^ _shifted(z, 31), 64 - _BITS))
    return (z * 2.0**-_BITS).reshape(shape)


def _as_integers(count, seed):
    # Arrays, for whose overflow NumPy does not warn as it does for numbers.
    if isinstance(seed, np.ndarray):
        seed = seed.astype("int64")
        return np.arange(count), seed[:1], seed[1:]
    import torch

    return torch.arange(count, device=seed.device), *seed.to(torch.int64).unbind()


def _as_float32(z):
    return z.astype("float32") if isinstance(z, np.ndarray) else z.float()


def _shifted(z, bits):
    # Torch shifts the sign in.
    return (z >> bits) & (2 ** (64 - bits) - 1)
