"""λ of Beta(c, c) from uniforms, by a table: fast where each pair has its own c."""

import functools

import jax.numpy as jnp
import numpy as np

LEAST, MOST, STEPS, NODES = 1e-2, 64.0, 128, 1024


@functools.cache
def table():
    """Shares of the partner, ½ at a uniform of 0 and least at 1, a line for each c."""
    from scipy.special import betaincinv

    c = np.geomspace(LEAST, MOST, STEPS + 1)[:, None]
    u = np.linspace(0, 1, NODES + 1)
    # At 1 itself λ is 1, to which no line from the node before would be near.
    u[-1] -= 0.25 / NODES
    return betaincinv(c, c, (1 - u) / 2).astype("float32")


def own_share(u, c):
    """λ ≥ ½, the folded quantile of Beta(c, c): the larger share is the sample's own.

    Args:
        u: Uniforms in [0, 1), of shape `(samples,)`.
        c: Concentrations of the same shape, or one for all. λ is 1 where they are
            below 0.01, and as for 64 where they are above.
    """
    c = jnp.broadcast_to(c, u.shape)
    shares = jnp.asarray(table())
    line = jnp.log(jnp.clip(c, LEAST, MOST) / LEAST) * (STEPS / np.log(MOST / LEAST))
    node = u * NODES
    top = jnp.clip(line.astype(int), 0, STEPS - 1)
    left = jnp.clip(node.astype(int), 0, NODES - 1)
    down, right = line - top, node - left
    above = shares[top, left] * (1 - right) + shares[top, left + 1] * right
    below = shares[top + 1, left] * (1 - right) + shares[top + 1, left + 1] * right
    return jnp.where(c < LEAST, 1.0, 1 - above * (1 - down) - below * down)
