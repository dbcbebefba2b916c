"""The network, as functions of its weights, and Adam."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

FAST, SLOW, EPSILON = 0.9, 0.999, 1e-7


def first_weights(rng, sizes):
    """Weights and biases of each layer, as Keras starts a `Dense` one.

    Args:
        rng: A generator of NumPy.
        sizes: Number of inputs, of units of each hidden layer, and of classes.
    """
    layers = []
    for shape in itertools.pairwise(sizes):
        limit = np.sqrt(6 / sum(shape))
        kernel = rng.uniform(-limit, limit, shape).astype("float32")
        layers.append((kernel, np.zeros(shape[1], "float32")))
    return layers


def features(weights, x):
    """What the last layer sees."""
    for kernel, bias in weights[:-1]:
        x = jax.nn.relu(x @ kernel + bias)
    return x


def head(weights, features):
    """The logarithms of the probabilities of all classes, from what it sees."""
    kernel, bias = weights[-1]
    return jax.nn.log_softmax(features @ kernel + bias)


def log_probabilities(weights, x):
    """The logarithms of the probabilities of all classes."""
    return head(weights, features(weights, x))


def cross_entropy(log_p, y):
    """The loss of each sample, of its label as one number a class."""
    return -(log_p * y).sum(axis=-1)


def mixed(values, partners, lam):
    """Samples or labels with their partners, λ the share of the former."""
    lam = lam[:, None]
    return lam * values + (1 - lam) * values[partners]


def adam(weights, moments, gradients, step, rate):
    """Weights and moments after a step, of which the first is number 1."""
    fast, slow = moments
    fast = jax.tree.map(lambda m, g: FAST * m + (1 - FAST) * g, fast, gradients)
    slow = jax.tree.map(lambda v, g: SLOW * v + (1 - SLOW) * g * g, slow, gradients)
    rate = rate * jnp.sqrt(1 - SLOW**step) / (1 - FAST**step)
    weights = jax.tree.map(
        lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, fast, slow
    )
    return weights, (fast, slow)
