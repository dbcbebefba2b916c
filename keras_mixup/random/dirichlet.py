"""Weights of several samples, from the symmetric Dirichlet distribution.

Each weight is a Gamma draw over the sum of all. At mixup's concentrations most
Gamma draws underflow, so they are made, and divided, as logarithms.
"""

import math

from keras_mixup._backend.ops import largest
from keras_mixup._backend.ops import ops_for
from keras_mixup.random.beta import SMALLEST_ALPHA
from keras_mixup.random.beta import SMALLEST_UNIFORM

# A proposal is taken at least 95 times in 100, one of eight always: a loop that
# ends at random would not compile.
_PROPOSALS = 8
# Where 1 + t would be 0, a proposal has no logarithm.
_LEAST = -0.999
# Two uniforms make a normal proposal, one decides on it; one more for all of them.
_EACH = 3 * _PROPOSALS + 1


def draws(num_samples):
    """How many uniforms a sample needs for the weights of so many samples."""
    return num_samples * _EACH


def dirichlet_from_uniforms(noise, alpha, num_samples):
    """Weights from Dirichlet(α, …, α), of shape `(num_samples, batch_size)`.

    Args:
        noise: Uniforms of shape `(draws(num_samples), batch_size)`.
        alpha: The concentration, a number or a tensor.
        num_samples: Number of weights, which sum to 1. Where α is 0, the first
            is 1.
    """
    ops = ops_for(noise)
    alpha = ops.cast(alpha, "float32")
    mixes = alpha > SMALLEST_ALPHA
    noise = ops.reshape(noise, (num_samples, _EACH, -1))
    logs = _log_gamma_variates(noise, ops.where(mixes, alpha, 1.0))
    parts = ops.exp(logs - largest(logs))
    weights = parts / ops.sum(parts, axis=0)
    first = ops.cast(ops.equal(ops.arange(num_samples), 0), "float32")
    return ops.where(mixes, weights, first[:, None])


def with_largest_first(weights):
    """Weights in which the first has changed places with the largest."""
    ops, most = ops_for(weights), largest(weights)
    first, others, taken = weights[0], [], ops.equal(weights[0], most)
    for weight in (weights[i] for i in range(1, weights.shape[0])):
        # Of several that are the largest, one changes places, or none.
        here = ops.logical_and(ops.equal(weight, most), ops.logical_not(taken))
        others.append(ops.where(here, first, weight))
        taken = ops.logical_or(taken, here)
    return ops.stack([most, *others], axis=0)


def _log_gamma_variates(noise, alpha):
    # Marsaglia and Tsang draw from Gamma(α + 1); a uniform to the power of 1/α
    # makes Gamma(α) of that.
    ops = ops_for(noise)
    d = alpha + 2 / 3
    u = ops.maximum(noise, SMALLEST_UNIFORM)
    radius = ops.sqrt(-2 * ops.log(u[:, :_PROPOSALS]))
    normal = radius * ops.cos(2 * math.pi * noise[:, _PROPOSALS : 2 * _PROPOSALS])
    t = ops.maximum(normal / ops.sqrt(9 * d), _LEAST)
    log_cube = 3 * ops.log1p(t)
    cube_less_1 = t * (3 + t * (3 + t))
    bound = 0.5 * ops.square(normal) + d * (log_cube - cube_less_1)
    decides = ops.log(u[:, 2 * _PROPOSALS : 3 * _PROPOSALS])
    accepted = ops.logical_and(t > _LEAST, decides < bound)
    log_v = ops.zeros_like(u[:, 0])
    for i in reversed(range(_PROPOSALS)):
        log_v = ops.where(accepted[:, i], log_cube[:, i], log_v)
    return ops.log(d) + log_v + ops.log(u[:, -1]) / alpha
