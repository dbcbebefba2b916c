"""One plan, in which every sample follows one of several."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import own_indices
from keras_mixup.plans.region import PlanRegion


def chosen(plans, conditions, sizes):
    """The plan that follows, for each sample, the one whose condition holds.

    Where none holds, nothing is mixed.

    Args:
        plans: List of `MixPlan`s of one partner per sample.
        conditions: List of as many boolean tensors `(batch_size,)`.
        sizes: The sizes of the spatial axes, if a plan has a region.
    """
    ops = ops_for(plans[0].share)
    indices, share = own_indices(plans[0].indices[0]), 0.0
    for plan, condition in zip(plans, conditions):
        (others,), (shares,) = plan.indices, plan.shares
        here = ops.reshape(condition, ops.shape(others))
        indices = ops.where(here, others, indices)
        share = ops.where(condition, shares, share)
    plan = plans[0].with_terms([indices], [share])
    if not any(plan.has_region for plan in plans):
        return plan
    return plan._replace(region=_region(ops, plans, conditions, sizes))


def _region(ops, plans, conditions, sizes):
    regions = [_region_of(ops, plan, len(sizes)) for plan in plans]
    boxes = all(region.is_box for region in regions)
    field = "edges" if boxes else "mask"
    if not boxes:
        regions = [region.as_mask(sizes) for region in regions]
    where = getattr(regions[0], field)
    for region, condition in zip(regions[1:], conditions[1:]):
        other = getattr(region, field)
        here = ops.reshape(condition, (-1,) + (1,) * (len(other.shape) - 1))
        where = ops.where(here, other, where)
    region = PlanRegion(**{field: where})
    if all(each.pastes for each in regions):
        return region
    share = 0.0
    for each, condition in zip(regions, conditions):
        inside = 1.0 if each.pastes else each.share
        share = ops.where(condition, inside, share)
    return region._replace(share=ops.cast(share, "float32"))


def _region_of(ops, plan, axes):
    """The region of a plan, which is all of the sample where a plan blends."""
    if plan.has_region:
        return plan.region
    share = plan.shares[0]
    nothing = ops.zeros_like(share)
    ends = ops.stack([nothing, nothing + 1], axis=-1)[:, None, :]
    return PlanRegion(edges=ops.concatenate([ends] * axes, axis=1), share=share)
