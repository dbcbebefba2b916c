"""Rules for λ: functions of what is known of the pairs of a batch.

Each is `rule(known, draw)`, with a `Known` and with `draw(c)`, λ ≥ ½ of Beta(c, c), the
sample's own share. It returns the λ of all pairs. A rule is compared with plain mixup,
and with its control: the λ of the batch, assigned to its pairs at random.
"""

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Known:
    """What is known of a batch, one number a pair unless stated otherwise.

    Args:
        p: Probability of the sample's label, by the network at the start of the epoch.
        partner_p: Probability of the partner's label, for the partner.
        cross: Probability of the partner's label, for the sample.
        partner_cross: Probability of the sample's label, for the partner.
        rank: Share of all training samples that have a lower loss than the sample.
        distance: Euclidean distance of the features, over its mean in the batch.
        same: Whether both are of one class.
        gap: Loss on samples held out − loss on training samples, one number.
        blend: Function of λ to the loss of the pair and to the probability of its two
            labels together, by the network as it is.
        again: As `draw`, but with other uniforms.
    """

    p: jax.Array
    partner_p: jax.Array
    cross: jax.Array
    partner_cross: jax.Array
    rank: jax.Array
    distance: jax.Array
    same: jax.Array
    gap: jax.Array
    blend: Callable
    again: Callable


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule, and where it knows from what it knows.

    Args:
        lam: Function of a `Known` and of `draw` to λ.
        source: `"network"`, what is trained; `"average"`, the exponential moving
            average of its weights; `"other"`, another network, trained before without
            mixup, for a sixth of the epochs; `"fold"`, two of these, each on one half
            of the samples and asked about the other.
        holds_out: Whether a tenth of the samples is held out, to know the gap. Its
            control has the same gaps, in another order of the epochs.
    """

    lam: Callable
    source: str = "network"
    holds_out: bool = False


def concentration(function, **options):
    """The rule that draws from Beta(c, c), c a function of what is known."""
    return Rule(lambda known, draw: draw(function(known)), **options)


def plain(alpha):
    """Mixup, and without an α none."""
    return concentration(lambda known: jnp.full(known.p.shape, alpha))


def _far(known):
    return jnp.exp(2 * (known.distance - 1))


def _near(known):
    return 1 / _far(known)


def _narrow(known):
    return 1 / jnp.maximum(known.gap, 1e-3)


def _lower_dominates(known, draw):
    lam = draw(1.0)
    return jnp.where(known.p <= known.partner_p, lam, 1 - lam)


def _higher_dominates(known, draw):
    lam = draw(1.0)
    return jnp.where(known.p >= known.partner_p, lam, 1 - lam)


def _of_two(better):
    def lam(known, draw):
        one, other = draw(1.0), known.again(1.0)
        first = better(known.blend(one)[0], known.blend(other)[0])
        return jnp.where(first, one, other)

    return lam


def _lower_p(known):
    return jnp.minimum(known.p, known.partner_p)


def _confused(known):
    return jnp.maximum(known.cross, known.partner_cross)


RULES = {
    "probability": {
        "2(1 − p)": concentration(lambda k: 2 * (1 - k.p)),
        "2(1 − p), moving average": concentration(
            lambda k: 2 * (1 - k.p), source="average"
        ),
        "2(1 − p), other half": concentration(lambda k: 2 * (1 - k.p), source="fold"),
        "4(1 − p)": concentration(lambda k: 4 * (1 - k.p)),
        "8(1 − p)": concentration(lambda k: 8 * (1 - k.p)),
        "2(1 − p)²": concentration(lambda k: 2 * (1 - k.p) ** 2),
        "2(1 − min p)": concentration(lambda k: 2 * (1 - _lower_p(k))),
        "2p": concentration(lambda k: 2 * k.p),
        "2p, other half": concentration(lambda k: 2 * k.p, source="fold"),
        "lower p dominates": Rule(_lower_dominates),
        "higher p dominates": Rule(_higher_dominates),
    },
    "loss": {
        "2 rank of the loss": concentration(lambda k: 2 * k.rank),
        "2(1 − rank)": concentration(lambda k: 2 * (1 - k.rank)),
        "of two λ the lower loss": Rule(_of_two(jnp.less)),
        "of two λ the higher loss": Rule(_of_two(jnp.greater)),
    },
    "features": {
        "near": concentration(_near),
        "near, moving average": concentration(_near, source="average"),
        "near, other network": concentration(_near, source="other"),
        "far": concentration(_far),
        "far, other network": concentration(_far, source="other"),
    },
    "classes": {
        "same class": concentration(lambda k: jnp.where(k.same, 1.0, 0.0)),
        "other classes": concentration(lambda k: jnp.where(k.same, 0.0, 1.0)),
        "same class 8, others 1": concentration(lambda k: jnp.where(k.same, 8.0, 1.0)),
        "confused classes": concentration(lambda k: 4 * _confused(k)),
        "distinct classes": concentration(lambda k: 2 * (1 - _confused(k))),
    },
    "blend": {
        "labels at the middle": concentration(lambda k: 2 * k.blend(_half(k))[1]),
        "others at the middle": concentration(lambda k: 2 - 2 * k.blend(_half(k))[1]),
    },
    "gap": {
        "gap": concentration(lambda k: k.gap, holds_out=True),
        "1 / gap": concentration(_narrow, holds_out=True),
    },
}


def _half(known):
    return jnp.full(known.p.shape, 0.5)
