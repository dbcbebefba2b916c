"""What a policy may draw with."""

from typing import NamedTuple

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import take_samples
from keras_mixup.random.beta import folded_beta_from_uniforms


class Sampler(NamedTuple):
    """The randomness of one batch, and its pairs, in the hands of a policy.

    Args:
        u: Uniforms in [0, 1), one per sample.
        v: As many more.
        alpha: The layer's α, a factor on every concentration that is asked for.
        key: As many uniforms, to shuffle by.
        real: Booleans, false where a sample is its own partner.
        partners: The partner of each sample.
        labels: The labels as they came, with a policy that needs them; else `None`.
    """

    u: object
    v: object
    alpha: object
    key: object
    real: object
    partners: object = None
    labels: object = None

    @property
    def ops(self):
        """The operations for the tensors of this batch, as `keras_mixup.ops_for`."""
        return ops_for(self.u)

    def partner(self, values):
        """What the partner of each sample has of `values`, a tensor."""
        return take_samples(values, self.partners)

    def beta(self, concentration):
        """A λ for each sample, from Beta(α·c, α·c) for a concentration c of its own.

        Args:
            concentration: A number, or a tensor of one per sample. Where it is 0, λ
                is 1.

        Returns:
            Float32 tensor of λ in [0, 1].
        """
        alpha = self.alpha * concentration
        small, own_is_larger = folded_beta_from_uniforms(self.u, self.v, alpha)
        return self.ops.where(own_is_larger, 1 - small, small)

    def shuffle(self, values):
        """`values` of the pairs, permuted among the pairs at random.

        A sample that is its own partner keeps to itself: its value goes to no pair
        of two samples.

        Args:
            values: Tensor of one value per sample.

        Returns:
            The same values in another order.
        """
        ops = ops_for(values, self.key)
        # Both orders list the pairs of two samples before the samples of their own.
        at_random = ops.argsort(ops.where(self.real, self.key, 2.0))
        in_order = ops.argsort(ops.where(self.real, 0.0, 1.0))
        dealt = ops.take(values, at_random, axis=0)
        return ops.take(dealt, ops.argsort(in_order), axis=0)
