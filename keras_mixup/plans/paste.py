"""A partner's values inside a region, and the sample's own outside of it."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import take_samples
from keras_mixup.plans.blend import blend
from keras_mixup.plans.region import spatial_axes


def mix_in_region(plan, x, dtype, data_format=None):
    """The samples of `x`, mixed with their partners inside the regions of a plan.

    An element is inside where its centre is, whatever the resolution of `x`.

    Args:
        plan: A `MixPlan` with a region.
        x: Tensor `(batch_size, ...)`.
        dtype: Dtype of the result.
        data_format: As for `spatial_axes`.
    """
    axes = spatial_axes(x, data_format)
    ops = ops_for(x, plan.share)
    if plan.region.pastes:
        return ops.cast(paste(plan, x, axes), dtype)
    share = element_shares(plan, x, axes)[1]
    return blend([x, take_samples(x, plan.indices[0])], [1 - share, share], dtype)


def paste(plan, x, axes):
    """`x` with the partners' values inside the regions, its dtype unchanged.

    Args:
        plan: A `MixPlan` whose region pastes.
        x: Tensor `(batch_size, ...)`.
        axes: Its spatial axes.
    """
    inside = _inside(plan, x, axes)
    # Selected and not multiplied: what is not finite goes nowhere else.
    return ops_for(x, inside).where(inside, take_samples(x, plan.indices[0]), x)


def element_shares(plan, x, axes):
    """The shares that a sample and its partner have in each element of `x`.

    Args:
        plan: A `MixPlan` with a region.
        x: Tensor `(batch_size, ...)`.
        axes: Its spatial axes.

    Returns:
        List of two float32 tensors of the rank of `x`, of size 1 along other axes.
    """
    inside = _inside(plan, x, axes)
    ops = ops_for(inside, plan.share)
    share = ops.zeros_like(plan.share) + 1
    if not plan.region.pastes:
        # Where nothing is mixed, at another place of a model say, nothing is inside.
        share = ops.where(plan.share > 0, plan.region.share, 0.0)
    share = ops.reshape(share, (-1,) + (1,) * (len(x.shape) - 1))
    share = ops.where(inside, share, 0.0)
    return [1 - share, share]


def _inside(plan, x, axes):
    region = plan.region
    if region.num_axes != len(axes):
        raise ValueError(
            "A region has a place along as many axes as the tensor that it was drawn "
            f"for. Received: {region.num_axes} axes for a tensor of shape "
            f"{tuple(x.shape)}"
        )
    ops = ops_for(x, plan.share)
    sizes = [ops.shape(x)[axis] for axis in axes]
    inside = region.inside(sizes)
    shape = [1] * len(x.shape)
    shape[0] = -1
    for axis, size in zip(axes, sizes):
        shape[axis] = size
    return ops.reshape(inside, tuple(shape))
