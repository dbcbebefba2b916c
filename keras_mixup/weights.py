"""Sample weights, as a part of the shares that rows have in a blend."""

from keras_mixup.blending import align
from keras_mixup.blending import float_dtype
from keras_mixup.namespaces import namespace


def weigh(plan, sample_weight=None):
    """The shares and the weight of mixed rows whose rows are weighted.

    Two weighted terms λ·w·ℓ(y) + (1 − λ)·w[rows]·ℓ(y[rows]) are one row of
    weight λ·w + (1 − λ)·w[rows], in which the partner's share is
    (1 − λ)·w[rows] over that weight.

    Args:
        plan: The `MixPlan` of the batch.
        sample_weight: Optional tensor `(batch_size, ...)`.

    Returns:
        One share a partner, and the weight of the mixed rows (`None` if none
        came), each of the shape of `sample_weight`.
    """
    if sample_weight is None:
        return plan.columns(plan.share), None
    ops = namespace(sample_weight, plan.share)
    weights = [ops.cast(w, float_dtype(w)) for w in plan.terms(sample_weight)]
    lam, *shares = (
        align(ops.cast(share, weights[0].dtype), weights[0])
        for share in (plan.lam, *plan.columns(plan.share))
    )
    parts = [share * w for share, w in zip(shares, weights[1:])]
    total = lam * weights[0] + sum(parts)
    weightless = ops.equal(total, 0)
    divisor = total + ops.cast(weightless, total.dtype)
    both = zip(shares, parts)
    return [ops.where(weightless, s, p / divisor) for s, p in both], total
