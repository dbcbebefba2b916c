"""Uniforms on PyTorch from a seed and a position, without a generator.

A `torch.Generator` takes its seed from the host: each draw would wait for the
device, and break the graph that `torch.compile` makes of a step. Here every number
is a hash of its position and of the seed, in a few operations on integers.
"""

import math

# The multipliers of SplitMix64, as signed integers.
_FIRST = 0xBF58476D1CE4E5B9 - 2**64
_SECOND = 0x94D049BB133111EB - 2**64
# Odd numbers of which no small multiples add up to 0: seeds, steps and positions
# cannot stand for each other.
_SEED, _STEP = 0xD1342543DE82EF95 - 2**64, 0xAEF17502108EF2D9 - 2**64
_POSITION = 0x9E3779B97F4A7C15 - 2**64
_HIGH, _LOW = _POSITION >> 32, _POSITION & (2**32 - 1)
_BITS = 24


def counted_uniforms(shape, seed):
    """Float32 uniforms in [0, 1), multiples of 2⁻²⁴.

    Args:
        shape: Tuple of integers.
        seed: Torch tensor of two integers.

    References:
        - [Steele et al. (2014), Fast splittable pseudorandom number
          generators](https://doi.org/10.1145/2660193.2660195)
    """
    import torch

    first, second = seed.to(torch.int64).unbind()
    position = torch.arange(math.prod(shape), device=seed.device)
    # In halves: `torch.compile` computes with positions as with integers that have no
    # end, and fails on those that 64 bits do not hold.
    scrambled = (position * _HIGH << 32) + position * _LOW
    z = scrambled + (first * _SEED + second * _STEP)
    z = (z ^ _shifted(z, 30)) * _FIRST
    z = (z ^ _shifted(z, 27)) * _SECOND
    z = _shifted(z ^ _shifted(z, 31), 64 - _BITS)
    return (z.to(torch.float32) * 2.0**-_BITS).reshape(shape)


def _shifted(z, bits):
    # Torch shifts the sign in.
    return (z >> bits) & (2 ** (64 - bits) - 1)
