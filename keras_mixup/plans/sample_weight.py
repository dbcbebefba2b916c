"""Sample weights, as a part of the shares that samples have in a blend."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.plans.blend import align
from keras_mixup.plans.blend import float_dtype
from keras_mixup.plans.blend import part


def weigh(plan, sample_weight=None):
    """The shares and the weight of a blend of weighted samples.

    Two weighted terms λ·w·ℓ(y) + (1 − λ)·w[partners]·ℓ(y[partners]) are one sample of
    weight λ·w + (1 − λ)·w[partners], in which the partner's share is
    (1 − λ)·w[partners] over that weight.

    Args:
        plan: The `MixPlan` of the batch.
        sample_weight: Optional tensor `(batch_size, ...)`.

    Returns:
        The shares (what a sample keeps of itself, and one a partner) and the weight
        of the mixed samples, each of the shape of `sample_weight`. Without weights,
        `None` and `None`: the shares are those of the plan.
    """
    if sample_weight is None:
        return None, None
    ops = ops_for(sample_weight, plan.share)
    weights = [ops.cast(w, float_dtype(w)) for w in plan.terms(sample_weight)]
    shares = [
        align(ops.cast(share, weights[0].dtype), weights[0])
        for share in (plan.lam, *plan.shares)
    ]
    parts = [part(w, share) for share, w in zip(shares, weights)]
    total = sum(parts)
    weightless = ops.equal(total, 0)
    divisor = total + ops.cast(weightless, total.dtype)
    both = zip(shares, parts)
    return [ops.where(weightless, s, p / divisor) for s, p in both], total


def weighted_shares(plan, sample_weight):
    """The share of each label, weighted, and the weight of the whole.

    A share is 0, to the bit, where the label has no weight or no share in the blend.
    """
    shares, weight = weigh(plan, sample_weight)
    ops = ops_for(weight)
    empty = ops.equal(weight, 0)
    return [ops.where(empty, 0.0, share) for share in shares], weight
