"""Policies and distances once more, in float64 and plain NumPy."""

import numpy as np


def beta(u, v, alpha):
    """λ from Beta(α, α), by Bailey's formula as it stands in the paper's terms."""
    u, v = (np.asarray(a, "float64") for a in (u, v))
    alpha = np.broadcast_to(np.asarray(alpha, "float64"), u.shape)
    z = -np.log(u) / alpha
    log_radius = z + np.log(-np.expm1(-z))
    cosine = np.cos(2 * np.pi * v)
    q = 1 / (1 + np.exp(np.minimum(log_radius + 2 * np.log(np.abs(cosine)), 700)))
    share = q / (2 * (1 + np.sqrt(1 - q)))
    return np.where(cosine > 0, 1 - share, share)


def sqeuclidean(x, y):
    return ((x - y) ** 2).reshape(len(x), -1).sum(1)


def euclidean(x, y):
    return np.sqrt(sqeuclidean(x, y))


def cosine(x, y):
    x, y = (a.reshape(len(a), -1) for a in (x, y))
    return 1 - (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)


def over_mean(distance, rows):
    real = rows != np.arange(len(rows))
    return distance / distance[real].mean()


def similarity(u, v, relative, tau_max=1.0, tau_std=0.25):
    return beta(u, v, tau_max * np.exp(-(relative - 1) / (2 * tau_std**2)))


def exponential(relative, rate=1.0):
    return 1 - np.exp(-rate * relative) / 2


def linear(relative, slope=1.0):
    return 1 - np.maximum(0, 1 - slope * relative) / 2
