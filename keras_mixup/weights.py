"""Sample weights, as a part of the shares that rows have in a blend."""

from keras_mixup.blending import align
from keras_mixup.blending import float_dtype
from keras_mixup.blending import part
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
        The shares (what a sample keeps of itself, and one a partner) and the weight
        of the mixed samples, each of the shape of `sample_weight`. Without weights,
        `None` and `None`: the shares are those of the plan.
    """
    if sample_weight is None:
        return None, None
    ops = namespace(sample_weight, plan.share)
    weights = [ops.cast(w, float_dtype(w)) for w in plan.terms(sample_weight)]
    shares = [
        align(ops.cast(share, weights[0].dtype), weights[0])
        for share in (plan.lam, *plan.columns(plan.share))
    ]
    parts = [part(w, share) for share, w in zip(shares, weights)]
    total = sum(parts)
    weightless = ops.equal(total, 0)
    divisor = total + ops.cast(weightless, total.dtype)
    both = zip(shares, parts)
    return [ops.where(weightless, s, p / divisor) for s, p in both], total
