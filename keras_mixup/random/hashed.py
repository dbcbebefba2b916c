"""Uniforms on PyTorch from a seed and a position, without a generator.

A `torch.Generator` takes its seed from the host: each draw would wait for the
device, and break the graph that `torch.compile` makes of a step. Here every number
is a hash of its position and of the seed, in a few operations on integers.
"""

import math

import numpy as np

_BITS = 24


def _signed(number):
    """An integer as 64 bits hold it."""
    return (number + 2**63) % 2**64 - 2**63


# The multipliers of SplitMix64.
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
# Odd numbers of which no small multiples add up to 0: seeds, steps and positions
# cannot stand for each other.
_SEED, _STEP = 0xD1342543DE82EF95, 0xAEF17502108EF2D9
_POSITION = 0x9E3779B97F4A7C15
_SEED, _STEP = (each * pow(_POSITION, -1, 2**64) for each in (_SEED, _STEP))


def counted_uniforms(shape, seed):
    """Float32 uniforms in [0, 1), multiples of 2⁻²⁴.

    Args:
        shape: Tuple of integers.
        seed: Torch tensor or array of two integers, which give the same numbers.

    References:
        - [Steele et al. (2014), Fast splittable pseudorandom number
          generators](https://doi.org/10.1145/2660193.2660195)
    """
    hashed = _of_arrays if isinstance(seed, np.ndarray) else _of_tensors
    return hashed(math.prod(shape), seed).reshape(shape)


def _of_arrays(count, seed):
    first, second = seed.tolist()
    z = np.arange(count, dtype="uint64")
    z += (first * _SEED + second * _STEP) % 2**64
    z *= _POSITION
    z ^= z >> 30
    z *= _FIRST
    z ^= z >> 27
    z *= _SECOND
    z ^= z >> 31
    return (z >> 64 - _BITS).astype("float32") * np.float32(2.0**-_BITS)


def _of_tensors(count, seed):
    import torch

    first, second = seed.to(torch.int64).unbind()
    position = torch.arange(count, device=seed.device)
    # Multiplied once all is added up: products of positions alone `torch.compile` takes
    # for indices, and fails where 64 bits do not hold them.
    z = position + (first * _signed(_SEED) + second * _signed(_STEP))
    z = z * _signed(_POSITION)
    z = (z ^ _shifted(z, 30)) * _signed(_FIRST)
    z = (z ^ _shifted(z, 27)) * _signed(_SECOND)
    return _shifted(z ^ _shifted(z, 31), 64 - _BITS).float() * 2.0**-_BITS


def _shifted(z, bits):
    # Torch has signed integers alone, and shifts the sign in.
    return (z >> bits) & (2 ** (64 - bits) - 1)
