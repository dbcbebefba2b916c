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
    return weigh_terms([plan.lam, *plan.shares], plan.terms(sample_weight))


def weigh_terms(shares, weights):
    """The shares and the weight of a blend, given the terms of both.

    Args:
        shares: List of the shares, of samples or of their elements.
        weights: List of as many weights. The result has the axes of whichever has more.
    """
    ops = ops_for(shares, weights)
    weights = [ops.cast(w, float_dtype(w)) for w in weights]
    if len(weights[0].shape) < len(shares[0].shape):
        weights = [align(w, shares[0]) for w in weights]
    shares = [align(ops.cast(share, weights[0].dtype), weights[0]) for share in shares]
    parts = [part(w, share) for share, w in zip(shares, weights)]
    total = sum(parts)
    weightless = ops.equal(total, 0)
    divisor = total + ops.cast(weightless, total.dtype)
    both = zip(shares, parts)
    return [ops.where(weightless, s, p / divisor) for s, p in both], total
