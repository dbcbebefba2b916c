"""Uniforms on PyTorch from a seed and a position, without a generator.

A `torch.Generator` takes its seed from the host: each draw would wait for the
device, and break the graph that `torch.compile` makes of a step. Here every number
is a hash of its position and of the seed, in a few operations on integers.
"""

import math


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
        seed: Torch tensor of two integers.

    References:
        - [Steele et al. (2014), Fast splittable pseudorandom number
          generators](https://doi.org/10.1145/2660193.2660195)
    """
    import torch

    first, second = seed.to(torch.int64).unbind()
    position = torch.arange(math.prod(shape), device=seed.device)
    # Multiplied once all is added up: products of positions alone `torch.compile` takes
    # for indices, and fails where 64 bits do not hold them.
    z = (position + (first * _SEED + second * _STEP)) * _POSITION
    z = (z ^ _shifted(z, 30)) * _FIRST
    z = (z ^ _shifted(z, 27)) * _SECOND
    z = _shifted(z ^ _shifted(z, 31), 64 - _BITS)
    return (z.to(torch.float32) * 2.0**-_BITS).reshape(shape)


def _shifted(z, bits):
    # Torch shifts the sign in.
    return (z >> bits) & (2 ** (64 - bits) - 1)
