"""Exact Beta(α, α) draws from two uniforms, without rejection.

`keras.random.beta` cannot be compiled by XLA on TensorFlow, collapses to ½ for
small α there, and returns λ = 1 where it should return 1 − 1e-12. Mixup needs
the small side of λ, for a whole batch, inside a compiled step.
"""

from keras_mixup.random.beta import beta
from keras_mixup.random.beta import folded_beta

__all__ = ["beta", "folded_beta"]


def __dir__():
    return __all__
