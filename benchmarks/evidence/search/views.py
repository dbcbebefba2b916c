"""What a network makes of all samples, and of the pairs of a batch."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from benchmarks.evidence.search import beta
from benchmarks.evidence.search import network
from benchmarks.evidence.search import rules


class View(NamedTuple):
    """What a network makes of samples.

    Args:
        log_p: Logarithms of the probabilities of all classes.
        features: What its last layer sees.
        loss: The loss of each sample.
        rank: Share of the other samples that have a lower loss.
    """

    log_p: jax.Array
    features: jax.Array
    loss: jax.Array
    rank: jax.Array


def look(weights, x, y):
    """The view of all samples, of labels as one number a class."""
    features = network.features(weights, x)
    return _view(network.head(weights, features), features, y)


def _view(log_p, features, y):
    loss = network.cross_entropy(log_p, y)
    rank = jnp.argsort(jnp.argsort(loss)) / (len(y) - 1)
    return View(log_p, features, loss, rank)


def of_the_other_half(first, second, y):
    """Each sample in the view of the network that was trained on the other half.

    Args:
        first: View of the network that was trained on the first half.
        second: View of that of the second half.
        y: All labels.
    """
    mine = (jnp.arange(len(y)) < len(y) // 2)[:, None]
    log_p = jnp.where(mine, second.log_p, first.log_p)
    # Features of two networks have no distance, so that these are those of one.
    return _view(log_p, first.features, y)


def known_of(view, gap, weights, x, y, partners, uniforms):
    """What a rule knows of a batch, and how it draws.

    Args:
        view: View of the samples of the batch.
        gap: The gap of the epoch.
        weights: Those of the network as it is.
        x: The samples of the batch.
        y: Their labels, as one number a class.
        partners: The place in the batch of each partner.
        uniforms: Two for each pair, of shape `(2, samples)`.

    Returns:
        A `Known`, and a function of concentrations to λ.
    """
    p = jnp.exp(view.log_p)
    own, other = y, y[partners]
    of_own = (p * own).sum(axis=1)
    distance = view.features - view.features[partners]
    distance = jnp.sqrt(jnp.square(distance).sum(axis=1))

    def blend(lam):
        log_p = network.log_probabilities(weights, network.mixed(x, partners, lam))
        loss = network.cross_entropy(log_p, network.mixed(y, partners, lam))
        return loss, (jnp.exp(log_p) * jnp.maximum(own, other)).sum(axis=1)

    first, second = (functools.partial(beta.own_share, u) for u in uniforms)
    known = rules.Known(
        p=of_own,
        partner_p=of_own[partners],
        cross=(p * other).sum(axis=1),
        partner_cross=(p[partners] * own).sum(axis=1),
        rank=view.rank,
        distance=distance / jnp.maximum(distance.mean(), 1e-6),
        same=(own * other).sum(axis=1) > 0,
        gap=gap,
        blend=blend,
        again=second,
    )
    return known, first
