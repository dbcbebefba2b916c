"""From the shares of a plan to the regions that its partners are pasted into."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import own_indices
from keras_mixup.pairing.shards import take_samples
from keras_mixup.plans.paste import element_shares
from keras_mixup.plans.region import region_of


def in_region(plan, region, noise, sizes):
    """The plan that pastes, where another one would blend.

    A region is drawn for the λ of each sample, and the shares become what it covers,
    as counted on the grid of the inputs.

    Args:
        plan: A `MixPlan` of one partner per sample.
        region: Function of noise, λ and the sizes of the grid, as those of
            `keras_mixup.regions`.
        noise: Uniforms `(n, batch_size)`.
        sizes: The sizes of the spatial axes.
    """
    ops = ops_for(noise, plan.share)
    where = region_of(region(noise, plan.lam, sizes))
    covered = ops.where(plan.share <= 0, 0.0, where.covered(sizes))
    # A share that is no number says that there is no such partner.
    covered = ops.where(ops.equal(plan.share, plan.share), covered, plan.share)
    (partners,) = plan.indices
    alone = ops.reshape(ops.equal(partners, own_indices(partners)), (-1,))
    # A sample that is its own partner is left as it is, with its labels and boxes.
    nothing = ops.logical_or(alone, covered <= 0)
    pasted = plan.with_terms(plan.indices, [covered])
    return pasted.where(ops.logical_not(nothing))._replace(region=where)


def counting_valid(plan, mask):
    """The plan whose shares count valid steps alone, as padding says nothing.

    Samples that are blended and not pasted keep their shares.

    Args:
        plan: A `MixPlan` with a region.
        mask: Boolean tensor `(batch_size, steps)`, true where a step is valid.
    """
    ops, region = ops_for(plan.share), plan.region
    axes = range(1, len(mask.shape))
    own, other = element_shares(plan, mask, axes)
    valid = ops.cast(mask, "float32")
    own = _sum(ops, own * valid)
    other = _sum(ops, other * take_samples(valid, plan.indices[0]))
    total = own + other
    counted = other / ops.where(total > 0, total, 1.0)
    if not region.pastes:
        counted = ops.where(region.share >= 1, counted, plan.share)
    # Without a share of its own a partner may still be pasted, as padding.
    return plan._replace(share=ops.where(plan.share > 0, counted, plan.share))


def _sum(ops, x):
    return ops.sum(ops.reshape(x, (ops.shape(x)[0], -1)), axis=-1)
