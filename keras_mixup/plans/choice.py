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
    boxes = all(plan.region.is_box for plan in plans if plan.has_region)
    field = "edges" if boxes else "mask"
    # All of a sample, where a plan blends.
    where = ops.cast([0, 1], "float32") if boxes else ops.cast(1, "bool")
    for plan, condition in zip(plans, conditions):
        if plan.has_region:
            region = plan.region if boxes else plan.region.as_mask(sizes)
            there = getattr(region, field)
            here = ops.reshape(condition, (-1,) + (1,) * (len(there.shape) - 1))
            where = ops.where(here, there, where)
    region = PlanRegion(**{field: where})
    if all(plan.has_region and plan.region.pastes for plan in plans):
        return region
    share = 0.0
    for plan, condition in zip(plans, conditions):
        share = ops.where(condition, _share_inside(plan), share)
    return region._replace(share=ops.cast(share, "float32"))


def _share_inside(plan):
    if not plan.has_region:
        return plan.shares[0]
    return 1.0 if plan.region.pastes else plan.region.share
