"""The uniforms of one batch, by what they are for."""

from typing import NamedTuple

from keras_mixup._backend.ops import ops_for
from keras_mixup.random import dirichlet


class Noise(NamedTuple):
    """Uniforms in [0, 1), each tensor with one number for each sample.

    All randomness of a batch is here. What is computed from it is deterministic, and
    the same on every backend.

    Args:
        u: One of two tensors `(batch_size,)` that draw λ from a Beta distribution.
        v: The other one.
        prob: Tensor `(batch_size,)`: whether a sample is mixed at all.
        pairing: Tuple of one tensor `(batch_size,)` for each partner: who it is.
        weights: Tensor `(n, batch_size)` to draw the weights of more than two samples
            with, or `None` for pairs.
        shuffle: Tensor `(batch_size,)` that a policy shuffles by, or `None`.
        site: Tensor `(batch_size,)`, of which the first number chooses among the
            places of a `ManifoldMixUp`, or `None`.
    """

    u: object
    v: object
    prob: object
    pairing: tuple
    weights: object = None
    shuffle: object = None
    site: object = None

    @classmethod
    def count(cls, num_samples=2, extra=()):
        """How many uniforms a sample needs.

        Args:
            num_samples: How many samples are mixed into one.
            extra: Names of further fields, of one uniform each.
        """
        weights = dirichlet.draws(num_samples) if num_samples > 2 else 0
        return 3 + (num_samples - 1) + weights + len(extra)

    @classmethod
    def of(cls, uniforms, num_samples=2, extra=()):
        """Names uniforms.

        Args:
            uniforms: Tensor `(n, batch_size)`, `n` as `count` says.
            num_samples: As for `count`.
            extra: As for `count`.
        """
        taken = iter(range(uniforms.shape[0]))
        fields = {name: uniforms[next(taken)] for name in ("u", "v", "prob")}
        fields["pairing"] = tuple(uniforms[next(taken)] for _ in range(num_samples - 1))
        fields |= {name: uniforms[next(taken)] for name in extra}
        if num_samples > 2:
            fields["weights"] = uniforms[next(taken) :]
        return cls(**fields)

    def of_the_first(self):
        """The noise in which the first sample draws for the whole batch."""
        weights = self.weights
        return self._replace(
            u=self.u[:1],
            v=self.v[:1],
            prob=self.prob[:1],
            weights=None if weights is None else weights[:, :1],
            shuffle=None if self.shuffle is None else self.shuffle[:1],
        )

    @property
    def ops(self):
        """The operations for these tensors."""
        return ops_for(self.u)
