"""A partner's values inside a region, and the sample's own outside of it."""

import keras

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import take_samples


def spatial_axes(x, data_format=None):
    """The axes of a tensor along which a region has a place.

    All but those of the samples and of the channels; of a table the one of its columns.

    Args:
        x: Tensor `(batch_size, ...)` of at least one more axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for Keras's.
    """
    rank = len(x.shape)
    if rank < 2 or rank > 5:
        raise ValueError(
            "A region needs from one to three spatial axes beside those of samples and "
            f"channels. Received: a tensor of shape {tuple(x.shape)}"
        )
    if rank == 2:
        return (1,)
    first = (data_format or keras.config.image_data_format()) == "channels_first"
    return tuple(range(2, rank)) if first else tuple(range(1, rank - 1))


def paste(x, partners, edges, dtype, data_format=None):
    """The samples of `x`, and inside a region the values of their partners.

    An element is inside where its centre is, whatever the resolution of `x`.

    Args:
        x: Tensor `(batch_size, ...)`.
        partners: The partner of every sample.
        edges: Float tensor `(batch_size, axes, 2)`, as a region returns it.
        dtype: Dtype of the result.
        data_format: As for `spatial_axes`.
    """
    axes = spatial_axes(x, data_format)
    if edges.shape[1] != len(axes):
        raise ValueError(
            "A region has a place along as many axes as the tensor that it was drawn "
            f"for. Received: {edges.shape[1]} axes for a tensor of shape "
            f"{tuple(x.shape)}"
        )
    ops, inside = ops_for(x, edges), True
    for index, axis in enumerate(axes):
        size = ops.shape(x)[axis]
        centres = (ops.cast(ops.arange(size), "float32") + 0.5) / size_of(ops, size)
        within = ops.logical_and(
            centres[None, :] >= edges[:, index, :1],
            centres[None, :] < edges[:, index, 1:],
        )
        shape = [1] * len(x.shape)
        shape[0], shape[axis] = -1, size
        inside = ops.logical_and(inside, ops.reshape(within, tuple(shape)))
    # Selected and not multiplied: what is not finite goes nowhere else.
    mixed = ops.where(inside, take_samples(x, partners), x)
    return ops.cast(mixed, dtype)


def size_of(ops, size):
    """The size of an axis as a float32."""
    return ops.cast(size, "float32")
