"""Policies that set λ by the distance of a pair."""

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import ops_for
from keras_mixup.policies.base import DistancePolicy
from keras_mixup.policies.base import Policy

# Where a concentration is as good as 0 or as infinity, in float32.
_LEAST_EXPONENT, _MOST_EXPONENT = -60.0, 40.0
# Beyond any batch; their product is a float32.
_FARTHEST, _STEEPEST = 1e12, 1e24


@keras.saving.register_keras_serializable(package="keras_mixup")
class SimilarityKernel(Policy):
    """Draws λ from Beta(τ, τ), with a τ that falls with the distance.

    τ = tau_max · exp(−(d̄ − 1) / (2 · tau_std²)), where d̄ is the distance over
    its mean in the batch. Near pairs are mixed half and half, far ones barely,
    so that fewer mixed samples fall where the labels of neither sample would do.

    Args:
        tau_max: Number > 0, the concentration of a pair at the mean distance.
            Its own name in the paper: near pairs have more. Defaults to `1.0`.
        tau_std: Number > 0, the width of the kernel. The smaller, the more the
            distance decides. Defaults to `0.25`.

    Example:

    >>> policy = keras_mixup.policies.SimilarityKernel(tau_max=1.0, tau_std=0.25)
    >>> mix = keras_mixup.AdaptiveMixUp(policy)

    References:
        - [Bouniot et al. (2023), Tailoring Mixup to
          Data](https://arxiv.org/abs/2311.01434)
    """

    normalize = True

    def __init__(self, tau_max: float = 1.0, tau_std: float = 0.25):
        self.tau_max = check_real("tau_max", tau_max, above=0)
        self.tau_std = check_real("tau_std", tau_std, above=0)

    def __call__(self, sampler, distance, loss):
        ops = ops_for(distance)
        steepness = min(0.5 / self.tau_std / self.tau_std, _STEEPEST)
        exponent = ops.clip(1 - distance, -_FARTHEST, 1.0) * steepness
        exponent = ops.clip(exponent, _LEAST_EXPONENT, _MOST_EXPONENT)
        return sampler.beta(self.tau_max * ops.exp(exponent))

    def get_config(self):
        return {"tau_max": self.tau_max, "tau_std": self.tau_std}


@keras.saving.register_keras_serializable(package="keras_mixup")
class ExponentialDistance(DistancePolicy):
    """Takes the share ½·exp(−rate · d̄) from the partner: near pairs mix most.

    d̄ is the distance over its mean in the batch. λ is not drawn but computed,
    so the only randomness is the choice of the partners.

    Args:
        rate: Number ≥ 0, how fast the share falls. 0 mixes all pairs half and
            half. Defaults to `1.0`.
        literal: Whether to take λ = exp(−rate · d) instead, with the distance as
            it is measured. That mixes most at the d where λ is ½: the nearest
            pairs keep λ = 1, and the farthest go to λ = 0, which is the partner
            unmixed. Defaults to `False`.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp("exponential")
    >>> slow = keras_mixup.policies.ExponentialDistance(rate=0.5)
    """

    def __init__(self, rate: float = 1.0, literal: bool = False):
        super().__init__(literal)
        self.rate = check_real("rate", rate, least=0)

    def __call__(self, sampler, distance, loss):
        decay = ops_for(distance).exp(-self.rate * distance)
        return decay if self.literal else 1 - decay / 2

    def get_config(self):
        return {"rate": self.rate, "literal": self.literal}


@keras.saving.register_keras_serializable(package="keras_mixup")
class LinearDistance(DistancePolicy):
    """Takes the share ½·max(0, 1 − slope · d̄) from the partner.

    d̄ is the distance over its mean in the batch. With a slope of 1, a pair
    farther apart than the mean is not mixed at all.

    Args:
        slope: Number ≥ 0, how fast the share falls. 0 mixes all pairs half and
            half. Defaults to `1.0`.
        literal: Whether to take λ = max(0, 1 − slope · d) instead, with the
            distance as it is measured. That mixes most at the d where λ is ½:
            the nearest pairs keep λ = 1, and the farthest go to λ = 0, which is
            the partner unmixed. Defaults to `False`.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp("linear")
    >>> wide = keras_mixup.policies.LinearDistance(slope=0.5)
    """

    def __init__(self, slope: float = 1.0, literal: bool = False):
        super().__init__(literal)
        self.slope = check_real("slope", slope, least=0)

    def __call__(self, sampler, distance, loss):
        decay = ops_for(distance).maximum(1 - self.slope * distance, 0.0)
        return decay if self.literal else 1 - decay / 2

    def get_config(self):
        return {"slope": self.slope, "literal": self.literal}
