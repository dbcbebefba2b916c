"""Two Beta distributions fitted to losses: those of right and of wrong labels."""

import math

import numpy as np

_STEPS = 10
# Losses keep off the ends of [0, 1], where a density may be infinite.
_MARGIN = 1e-3


def probability_of_the_lower(losses):
    """The probability of each loss to be of the component with the lower mean.

    Args:
        losses: Array of numbers, one per sample.

    Returns:
        Float32 array of as many numbers in [0, 1]; all 1 where the losses are alike.
    """
    low, high = np.percentile(np.asarray(losses, "float64"), (1, 99))
    if not high > low:
        return np.ones(len(losses), "float32")
    scaled = np.clip((losses - low) / (high - low), _MARGIN, 1 - _MARGIN)
    lower, upper = _fit(scaled)

    def probability(at):
        odds = _log_density(at, *upper) - _log_density(at, *lower)
        return 1 / (1 + np.exp(np.minimum(odds, 700)))

    found = probability(scaled)
    # A Beta density may rise again beyond the mean of the other component, where
    # what is lower than low would seem high.
    means = [a / (a + b) for _, a, b in (lower, upper)]
    at_lower, at_upper = probability(np.array(means))
    found = np.where(scaled < means[0], np.maximum(found, at_lower), found)
    found = np.where(scaled > means[1], np.minimum(found, at_upper), found)
    order = np.argsort(scaled)
    found[order] = np.minimum.accumulate(found[order])
    return found.astype("float32")


def _fit(x):
    # The paper starts from two fixed distributions, from where few steps often lead
    # nowhere.
    cut = 0.5
    for _ in range(_STEPS):
        cut = (x[x <= cut].mean() + x[x > cut].mean()) / 2
    components = [_by_moments(x, share) for share in (x <= cut, x > cut)]
    for _ in range(_STEPS):
        logs = np.stack([_log_density(x, *each) for each in components])
        shares = np.exp(logs - np.logaddexp(*logs))
        components = [_by_moments(x, share) for share in shares]
    return sorted(components, key=lambda each: each[1] / (each[1] + each[2]))


def _by_moments(x, share):
    weight = max(share.sum(), _MARGIN)
    mean = (share * x).sum() / weight
    mean = min(max(mean, _MARGIN), 1 - _MARGIN)
    variance = max((share * (x - mean) ** 2).sum() / weight, _MARGIN**2)
    total = max(mean * (1 - mean) / variance - 1, _MARGIN)
    return share.mean(), mean * total, (1 - mean) * total


def _log_density(x, weight, a, b):
    constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return (
        math.log(max(weight, _MARGIN**2))
        + constant
        + (a - 1) * np.log(x)
        + (b - 1) * np.log1p(-x)
    )
