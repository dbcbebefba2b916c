"""A partner's values inside a region, and the sample's own outside of it."""

from keras_mixup._backend.compiling import loops_innermost
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host_kernels import may_mix_boxes
from keras_mixup._backend.host_kernels import mix_boxes_on_host
from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import take_samples
from keras_mixup.pairing.shards import whole_batch
from keras_mixup.plans.blend import align
from keras_mixup.plans.blend import blend
from keras_mixup.plans.region import spatial_axes


def mix_in_region(plan, x, dtype, data_format=None):
    """The samples of `x`, mixed with their partners inside the regions of a plan.

    An element is inside where its center is, whatever the resolution of `x`.

    Args:
        plan: A `MixPlan` with a region.
        x: Tensor `(batch_size, ...)`.
        dtype: Dtype of the result.
        data_format: As for `spatial_axes`.
    """
    axes = spatial_axes(x, data_format)
    mixed = _on_host(plan, x, axes, dtype)
    if mixed is not None:
        return mixed
    ops = ops_for(x, plan.share)
    # Which may move it to the device of the plan.
    x = ops.convert_to_tensor(x)
    if plan.region.pastes:
        return ops.cast(paste(plan, x, axes), dtype)
    inside = _selected(plan, x, axes)
    share = ops.where(inside, align(share_inside(plan), inside), 0.0)
    partner = take_samples(x, plan.indices[0])
    return blend([x, partner], [1 - share, share], dtype)


def paste(plan, x, axes):
    """`x` with the partners' values inside the regions, its dtype unchanged.

    Args:
        plan: A `MixPlan` whose region pastes.
        x: Tensor `(batch_size, ...)`.
        axes: Its spatial axes.
    """
    ops = ops_for(x, plan.share)
    partner = take_samples(x, plan.indices[0])
    # Selected and not multiplied: what is not finite goes nowhere else.
    return ops.where(_selected(plan, x, axes), partner, x)


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
    share = align(share_inside(plan), inside)
    share = ops_for(inside, share).where(inside, share, 0.0)
    return [1 - share, share]


def _on_host(plan, x, axes, dtype):
    region, partners = plan.region, whole_batch(plan.indices[0])
    shares = [plan.share] if region.pastes else [plan.share, region.share]
    if not (region.is_box and may_mix_boxes(x, partners, shares, dtype, region.pastes)):
        return None
    plan, partners = as_arrays(plan), as_arrays(partners)
    bounds = plan.region.bounds(_sizes(plan, x, axes))
    return mix_boxes_on_host(x, partners, share_inside(plan), bounds, axes, dtype)


def share_inside(plan):
    """The partner's share inside of the regions of a plan, `(batch_size,)`."""
    ops = ops_for(plan.share)
    if plan.region.pastes:
        return ops.ones_like(plan.share)
    # Where nothing is mixed, at another place of a model say, nothing is inside.
    return ops.where(plan.share > 0, plan.region.share, 0.0)


def without_classes(shares, axes):
    """Shares of the elements of labels without the axis of classes, if there is one.

    Args:
        shares: What `element_shares` returned.
        axes: The spatial axes of the labels.
    """
    others = [axis for axis in range(1, len(shares[0].shape)) if axis not in axes]
    if not others:
        return shares
    return [ops_for(share).squeeze(share, axis=others[0]) for share in shares]


def _inside(plan, x, axes):
    """Which elements of `x` are inside, of size 1 along its other axes."""
    ops, sizes = ops_for(x, plan.share), _sizes(plan, x, axes)
    shape = [1] * len(x.shape)
    shape[0] = -1
    for axis, size in zip(axes, sizes):
        shape[axis] = size
    return ops.reshape(plan.region.inside(sizes), tuple(shape))


def _selected(plan, x, axes):
    """The same, as wide as the channels of `x` where that is faster."""
    channels = x.shape[-1]
    if axes[-1] != len(x.shape) - 2 or channels is None or not loops_innermost(x):
        return _inside(plan, x, axes)
    ops = ops_for(x, plan.share)
    inside = plan.region.inside(_sizes(plan, x, axes), channels)
    return ops.reshape(inside, ops.shape(x))


def _sizes(plan, x, axes):
    region = plan.region
    if region.num_axes != len(axes):
        raise ValueError(
            "A region has a place along as many axes as the tensor that it was drawn "
            "for, the first of the inputs, and inputs of another rank cannot share it. "
            "Labels of whole samples are for `plan.mix_labels`. Received: "
            f"{region.num_axes} axes for a tensor of shape {tuple(x.shape)}"
        )
    shape = ops_for(x, plan.share).shape(x)
    return [shape[axis] for axis in axes]
