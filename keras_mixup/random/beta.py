"""Exact Beta(α, α) draws from two uniforms, without rejection.

`keras.random.beta` cannot be compiled by XLA on TensorFlow, collapses to ½ for
small α there, and returns λ = 1 where it should return 1 − 1e-12. Mixup needs
the small side of λ, for a whole batch, inside a compiled step.
"""

import math

from keras_mixup._backend.checks import check_broadcasts
from keras_mixup._backend.checks import check_concentration
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import may_be_arrays
from keras_mixup._backend.ops import ops_for
from keras_mixup.random.uniforms import Seed
from keras_mixup.random.uniforms import uniform

_TWO_PI = 2 * math.pi
# Half the spacing of float32 uniforms: a stand-in for the one draw, 0, whose
# logarithm is infinite.
SMALLEST_UNIFORM = 2.0**-25
# Below it every share is 0 in float32, and some logarithm over it infinite.
SMALLEST_ALPHA = 1e-30


def beta(shape: tuple[int, ...], alpha: float, seed: Seed = None):
    """Draws λ from the symmetric Beta(α, α) distribution.

    Exact for every α > 0, free of rejection loops, and compiled by XLA on every
    backend. A concentration of 0 (or an entry ≤ 0 of a tensor) means no mixing:
    λ = 1.

    Args:
        shape: Tuple of integers, the shape of the draws.
        alpha: The concentration α. A Python number, finite and ≥ 0, or a
            tensor that broadcasts to `shape`, one concentration a draw.
        seed: A Python integer, a `keras.random.SeedGenerator` or `None`, as in
            `keras.random`. In a `tf.data` map `None`, a `tf.random.Generator` or a
            tensor of two integers.

    Returns:
        A float32 tensor of λ in [0, 1]. Near 1 it is rounded to float32;
        `folded_beta` returns the distance to the nearer end exactly.

    Raises:
        TypeError: If `alpha` is neither a number nor a tensor.
        ValueError: If a Python `alpha` is negative, infinite or NaN.

    Example:

    >>> lam = keras_mixup.random.beta((1000,), alpha=0.2, seed=1)
    >>> bool(0.45 < keras.ops.mean(lam) < 0.55)
    True

    References:
        - [Bailey (1994), Polar generation of random variates with the
          t-distribution](https://doi.org/10.1090/S0025-5718-1994-1219702-8)
    """
    share, heads = _draw(shape, alpha, seed)
    return ops_for(share).where(heads, 1 - share, share)


def folded_beta(shape: tuple[int, ...], alpha: float, seed: Seed = None):
    """Draws m = min(λ, 1 − λ) of a λ from Beta(α, α), without rounding to 0.

    A λ of 1 − 1e-12 is 1 in float32, and 1.8% of the draws at α = 0.2 are lost
    that way. The small side m keeps them.

    Args:
        shape: Tuple of integers, the shape of the draws.
        alpha: The concentration α. A Python number, finite and ≥ 0, or a
            tensor that broadcasts to `shape`, one concentration a draw.
        seed: A Python integer, a `keras.random.SeedGenerator` or `None`, as in
            `keras.random`. In a `tf.data` map `None`, a `tf.random.Generator` or a
            tensor of two integers.

    Returns:
        A float32 tensor of m in [0, ½]; 0 where α ≤ 0.

    Raises:
        TypeError: If `alpha` is neither a number nor a tensor.
        ValueError: If a Python `alpha` is negative, infinite or NaN.

    Example:

    >>> share = keras_mixup.random.folded_beta((1000,), alpha=0.2, seed=1)
    >>> bool(keras.ops.max(share) <= 0.5)
    True

    References:
        - [Bailey (1994), Polar generation of random variates with the
          t-distribution](https://doi.org/10.1090/S0025-5718-1994-1219702-8)
    """
    return _draw(shape, alpha, seed)[0]


def folded_beta_from_uniforms(u, v, alpha):
    """The folded draw m of Beta(α, α), and whether λ is the large side.

    Bailey's polar method makes a Student t of 2α degrees of freedom from (u, v);
    its square maps to the Beta distribution. Everything stays in logarithms, so that m
    keeps its digits down to the smallest float32.
    """
    ops = ops_for(u, v)
    alpha = ops.cast(alpha, "float32")
    mixes = alpha > SMALLEST_ALPHA
    z = -ops.log(ops.maximum(u, SMALLEST_UNIFORM)) / ops.where(mixes, alpha, 1.0)
    log_radius = z + ops.log(-ops.expm1(-z))
    cosine = ops.cos(_TWO_PI * v)
    logit = log_radius + 2 * ops.log(ops.abs(cosine))
    # Near q = 1, the root of 1 − q would lose half of its digits.
    share = ops.sigmoid(-logit) / (2 * (1 + ops.sqrt(ops.sigmoid(logit))))
    return ops.where(mixes, share, 0.0), (cosine > 0) | ~mixes


def _draw(shape, alpha, seed):
    if not isinstance(shape, (tuple, list)):
        raise TypeError(
            f"`shape` must be a tuple of integers. Received: shape={shape!r}"
        )
    alpha = check_broadcasts("alpha", check_concentration(alpha), shape)
    noise = uniform((2, *shape), seed)
    if may_be_arrays(noise, alpha if hasattr(alpha, "dtype") else None):
        noise, alpha = as_arrays((noise, alpha))
        return as_tensors(folded_beta_from_uniforms(noise[0], noise[1], alpha))
    return folded_beta_from_uniforms(noise[0], noise[1], alpha)
