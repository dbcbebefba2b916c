"""What a plan consists of, for any number of partners and of shards."""

from typing import NamedTuple

from keras_mixup._backend.checks import check_part
from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.ops import values
from keras_mixup.pairing.shards import own_indices
from keras_mixup.pairing.shards import take_samples
from keras_mixup.pairing.shards import whole_batch
from keras_mixup.plans.region import PlanRegion


class PlanFields(NamedTuple):
    """The fields of a `MixPlan`, which says what they mean.

    Whoever needs the partners one by one takes `indices` and `shares`, and makes a
    plan of such lists by `with_terms`. No other code looks at the axes of a field. What
    a plan does not have is an empty tuple, which holds no tensor for `jax.jit`, a data
    set or whoever else walks through it.
    """

    partners: object
    share: object
    shard_partners: object = ()
    region: object = ()

    @classmethod
    def of_terms(cls, indices, shares):
        """The plan of one tensor for each partner.

        Args:
            indices: List of the partners, `(batch_size,)` or `(shards, samples per
                shard)`.
            shares: List of their shares `(batch_size,)`.
        """
        return cls(None, None).with_terms(indices, shares)

    def with_terms(self, indices, shares):
        """This plan with other partners and shares, as `of_terms` takes them.

        All copies are made here, and keep whatever else a plan holds.
        """
        shard_partners = ()
        if len(indices[0].shape) > 1:
            shard_partners = ops_for(indices).stack(indices, axis=-1)
        return self._replace(
            partners=_along_last([whole_batch(each) for each in indices]),
            share=_along_last(shares),
            shard_partners=shard_partners,
        )

    def where(self, condition):
        """This plan where a condition holds, and elsewhere one that mixes nothing.

        Args:
            condition: Boolean tensor, a scalar or `(batch_size,)`.
        """
        ops = ops_for(self.share)
        indices = [
            ops.where(
                condition
                if len(condition.shape) == 0
                else ops.reshape(condition, ops.shape(each)),
                each,
                own_indices(each),
            )
            for each in self.indices
        ]
        shares = [ops.where(condition, share, 0.0) for share in self.shares]
        return self.with_terms(indices, shares)

    def then(self, later):
        """The plan that equals this one, followed by a later one.

        A sample holds its partners of this plan, its partner of the later one, and
        those that this partner has of this plan.
        """
        first = self
        if first.shards != later.shards:
            first, later = first.without_shards(), later.without_shards()
        ops = ops_for(first.share, later.share)
        partners, shares = [], []
        for to, by in later.weighted_indices():
            for partner, share in first.weighted_indices():
                taken = take_samples(ops.reshape(partner, (-1,)), to)
                partners.append(ops.reshape(taken, ops.shape(to)))
                shares.append(by * take_samples(share, to))
        # Of labels alone: where a value is from, only both plans tell.
        return later.with_terms(partners[1:], shares[1:])._replace(region=())

    def weighted_indices(self):
        """Pairs of indices and shares: of the sample itself, and of each partner."""
        first = self.indices[0]
        own = own_indices(first) + ops_for(first).zeros_like(first)
        return [(own, self.lam), *zip(self.indices, self.shares)]

    def without_shards(self):
        """This plan, its partners counted over the whole batch alone."""
        return self._replace(shard_partners=())

    @property
    def has_region(self):
        """Whether partners are pasted into a region, and not blended."""
        return isinstance(self.region, PlanRegion)

    @property
    def num_partners(self):
        """How many partners a sample has, an integer."""
        share = self._checked_share()
        return 1 if len(share.shape) == 1 else share.shape[-1]

    @property
    def shards(self):
        """How many shards of the batch find their partners among themselves."""
        return self.shard_partners.shape[0] if self._has_shards() else 1

    @property
    def lam(self):
        """The share λ that each sample keeps of itself, shape `(batch_size,)`."""
        first, *others = self.shares
        return 1 - sum(others, first)

    @property
    def shares(self):
        """List of the share of each partner, `(batch_size,)`."""
        share = self._checked_share()
        if len(share.shape) == 1:
            return [share]
        return [share[:, k] for k in range(self.num_partners)]

    @property
    def indices(self):
        """List of partners, counted within their shards where there are any."""
        if self._has_shards():
            return [self.shard_partners[..., k] for k in range(self.num_partners)]
        self._checked_share()
        if len(self.partners.shape) == 1:
            return [self.partners]
        return [self.partners[:, k] for k in range(self.num_partners)]

    def __repr__(self):
        share = values(self.share) if hasattr(self.share, "shape") else None
        if share is None or not 1 <= share.ndim <= 2 or not share.size:
            parts = zip(self._fields, self)
            return f"MixPlan({', '.join(f'{name}={each}' for name, each in parts)})"
        lam = 1 - share.reshape(len(share), -1).sum(axis=-1)
        count = 1 if share.ndim == 1 else share.shape[-1]
        return (
            f"MixPlan({len(share)} sample{'s' * (len(share) > 1)}, {count} "
            f"partner{'s' * (count > 1)}, λ {lam.min():.2f} to {lam.max():.2f})"
        )

    def _has_shards(self):
        # An array may have been made of the empty tuple.
        return len(getattr(self.shard_partners, "shape", ())) > 1

    def _checked_share(self):
        # Most plans can be told without a walk through their parts.
        shape = getattr(self.share, "shape", ())
        if len(shape) == 1 and shape == getattr(self.partners, "shape", ()):
            return self.share
        shapes = [tuple(check_part(each).shape) for each in self[:2]]
        if not may_be_equal(*shapes) or len(shapes[0]) not in (1, 2):
            raise ValueError(
                "`share` must have the shape of `partners`, (batch_size,) or "
                f"(batch_size, k). Received: partners of shape {shapes[0]} and share "
                f"of shape {shapes[1]}"
            )
        return self.share


def _along_last(several):
    """Tensors along a new last axis, or the only one as it is."""
    if len(several) == 1:
        return several[0]
    return ops_for(several).stack(several, axis=-1)
