"""One plan that equals two, one after the other."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import own_indices
from keras_mixup.pairing.shards import take_samples


def composed(first, later):
    """The plan that equals `first`, followed by `later`.

    A sample holds its partners of the first plan, its partner of the later one, and
    those that this partner has of the first.
    """
    if first.shards != later.shards:
        first, later = first.without_shards(), later.without_shards()
    ops = ops_for(first.share, later.share)
    partners, shares = [], []
    for to, by in _terms(later):
        for partner, share in _terms(first):
            taken = take_samples(ops.reshape(partner, (-1,)), to)
            partners.append(ops.reshape(taken, ops.shape(to)))
            shares.append(by * take_samples(share, to))
    return later.with_terms(partners[1:], shares[1:])


def _terms(plan):
    indices = plan.indices
    own = own_indices(indices[0]) + ops_for(indices[0]).zeros_like(indices[0])
    return [(own, plan.lam), *zip(indices, plan.shares)]
