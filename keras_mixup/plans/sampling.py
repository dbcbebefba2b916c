"""From uniforms to the partners of a batch and their shares."""

from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.user_functions import check_partners
from keras_mixup.pairing.contract import says
from keras_mixup.pairing.shards import own_indices
from keras_mixup.pairing.shards import split
from keras_mixup.random import dirichlet
from keras_mixup.random.beta import folded_beta_from_uniforms


def symmetric(alpha, num_samples=2):
    """The distribution of plain mixup: Beta(α, α), or Dirichlet(α, …, α).

    Args:
        alpha: The concentration, a number or a tensor.
        num_samples: How many samples are mixed into one.

    Returns:
        A function of `Noise`, of the partners and of `fold` to a list of shares, one
        for each partner.
    """

    def of_pairs(noise, partners, fold):
        small, own_is_larger = folded_beta_from_uniforms(noise.u, noise.v, alpha)
        return [folded(small, own_is_larger, fold)]

    def of_several(noise, partners, fold):
        weights = dirichlet.dirichlet_from_uniforms(noise.weights, alpha, num_samples)
        weights = dirichlet.with_largest_first(weights) if fold else weights
        return [weights[i] for i in range(1, num_samples)]

    return of_pairs if num_samples == 2 else of_several


def folded(small, own_is_larger, fold):
    """The partner's share of a pair.

    Args:
        small: The smaller of λ and 1 − λ.
        own_is_larger: Whether λ is the larger.
        fold: Whether the partner always takes the smaller.
    """
    if fold:
        return small
    return ops_for(small).where(own_is_larger, small, 1 - small)


def sampled(noise, distribution, *, prob, per_sample, fold, pairing, shards=1):
    """The partners and their shares that uniforms determine.

    Args:
        noise: The `Noise` of the batch.
        distribution: A function as `symmetric` returns it.
        prob: The probability that a sample is mixed at all.
        per_sample: Whether every sample has a draw of its own.
        fold: Whether a sample keeps the largest share of itself.
        pairing: Function of one uniform per sample to partners.
        shards: How many parts of the batch find their partners among themselves.

    Returns:
        The partners, a list of integer tensors `(batch_size,)`, or `(shards, samples
        per shard)` for more than one shard; and their shares, a list of float32
        tensors `(batch_size,)`.
    """
    ops = noise.ops
    paired = [_paired(pairing, each, shards) for each in noise.pairing]
    partners = [partner for partner, _ in paired]
    drawn = noise if per_sample else noise.of_the_first()
    shares = [
        ops.where(drawn.prob < prob, share, 0.0)
        for share in distribution(drawn, partners, fold)
    ]
    if not per_sample:
        shares = [share + ops.zeros_like(noise.prob) for share in shares]
    # Compiled code cannot raise. It would take the nearest sample (TensorFlow and
    # JAX), 0 (TensorFlow on a GPU) or anything: a loss of NaN does not pass.
    shares = [
        share
        if is_there is None
        else ops.where(ops.logical_or(is_there, share <= 0), share, float("nan"))
        for share, (_, is_there) in zip(shares, paired)
    ]
    # A sample that is not mixed is its own partner, so that whatever another sample
    # holds (a NaN, say) cannot reach it.
    partners = [
        ops.where(ops.reshape(share > 0, ops.shape(each)), each, own_indices(each))
        for share, each in zip(shares, partners)
    ]
    return partners, shares


def _paired(pairing, noise, shards):
    """Partners, and whether each is a sample of the batch, where that may not be."""
    ops = ops_for(noise)
    noise = noise if shards == 1 else split(noise, shards)
    partners, is_there = pairing(noise), None
    if not says(pairing, "stays_in_batch"):
        check_partners(partners, noise)
        is_there = ops.logical_and(partners >= 0, partners < ops.shape(noise)[-1])
        is_there = ops.reshape(is_there, (-1,))
    return ops.cast(partners, own_indices(noise).dtype), is_there
