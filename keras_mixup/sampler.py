"""What a policy may draw with."""

from typing import NamedTuple

from keras_mixup.namespaces import namespace
from keras_mixup.random import folded_beta_from_uniforms


class BetaSampler(NamedTuple):
    """The randomness of one batch, in the hands of a policy.

    Args:
        u: Uniforms in [0, 1), one a row.
        v: As many more.
        alpha: The layer's α, a factor on every concentration that is asked for.
        key: As many more, to shuffle by.
        real: Booleans, false where a row is its own partner.
    """

    u: object
    v: object
    alpha: object
    key: object
    real: object

    def beta(self, concentration):
        """A λ for each row, from Beta(α·c, α·c) for a concentration c of its own.

        Args:
            concentration: A number or a tensor of one a row. Where it is 0, λ
                is 1.

        Returns:
            Float32 tensor of λ in [0, 1].
        """
        alpha = self.alpha * concentration
        share, row_dominates = folded_beta_from_uniforms(self.u, self.v, alpha)
        return namespace(share).where(row_dominates, 1 - share, share)

    def shuffle(self, values):
        """`values` of the pairs, dealt out among the pairs at random.

        A row that is its own partner keeps to itself: its value goes to no pair
        of two rows.

        Args:
            values: Tensor of one value a row.

        Returns:
            The same values in another order.
        """
        ops = namespace(values, self.key)
        # Both orders list the pairs of two rows before the rows of their own.
        at_random = ops.argsort(ops.where(self.real, self.key, 2.0))
        in_order = ops.argsort(ops.where(self.real, 0.0, 1.0))
        dealt = ops.take(values, at_random, axis=0)
        return ops.take(dealt, ops.argsort(in_order), axis=0)
