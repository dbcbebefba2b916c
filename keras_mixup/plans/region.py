"""Where in a sample its partner's values are, for tensors of any resolution."""

from typing import NamedTuple

import keras

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.ops import integers_below
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import first_leaf

_MOST_AXES = 3


class PlanRegion(NamedTuple):
    """The regions of a batch, relative to the samples.

    Args:
        edges: Float tensor `(batch_size, axes, 2)`: where a box begins and ends along
            each spatial axis, as fractions of it. Empty where `mask` is given.
        mask: Boolean tensor `(batch_size, *grid)`, true inside the region. Empty where
            `edges` are given.
        share: Float tensor `(batch_size,)`: the share of the partner inside the region.
            Empty if it is all of it, so that partners are pasted and not blended.
    """

    edges: object = ()
    mask: object = ()
    share: object = ()

    @property
    def pastes(self):
        """Whether all that is inside is the partner's."""
        return not hasattr(self.share, "shape")

    @property
    def is_box(self):
        """Whether the regions are boxes."""
        return hasattr(self.edges, "shape")

    @property
    def num_axes(self):
        """The number of spatial axes."""
        return self.edges.shape[1] if self.is_box else len(self.mask.shape) - 1

    def inside(self, sizes, repeats=1):
        """Which elements of a grid are inside: those whose centers are.

        Args:
            sizes: The sizes of the spatial axes.
            repeats: How often each element of the last axis comes, as each pixel does
                where its channels are counted along that axis.

        Returns:
            A boolean tensor `(batch_size, *sizes)`, the last of them times `repeats`.
        """
        if not self.is_box:
            return self._resampled(sizes, repeats)
        ops, inside = ops_for(self.edges), None
        for axis, (size, ends) in enumerate(zip(sizes, self.bounds(sizes))):
            times = repeats if axis == len(sizes) - 1 else 1
            place = integers_below(size * times, ops)[None, :]
            begin, end = (end[:, None] * times for end in ends)
            within = ops.logical_and(place >= begin, place < end)
            shape = [1] * (len(sizes) + 1)
            shape[0], shape[axis + 1] = -1, size * times
            within = ops.reshape(within, tuple(shape))
            inside = within if inside is None else ops.logical_and(inside, within)
        return inside

    def bounds(self, sizes):
        """For each axis, the first element of a box and the first one behind it.

        Args:
            sizes: The sizes of the spatial axes.

        Returns:
            A list of pairs of integer tensors `(batch_size,)`.
        """
        ops = ops_for(self.edges)
        bounds = []
        for axis, size in enumerate(sizes):
            wide = ops.cast(size, "float32")
            # The first whose center is not before the edge.
            ends = -ops.floor(0.5 - self.edges[:, axis] * wide)
            ends = ops.cast(ops.clip(ends, 0.0, wide), "int32")
            bounds.append((ends[:, 0], ends[:, 1]))
        return bounds

    def covered(self, sizes):
        """The part of the elements of a grid that is inside, `(batch_size,)`."""
        if not self.is_box:
            ops = ops_for(self.mask)
            inside = ops.cast(self.inside(sizes), "float32")
            flat = ops.reshape(inside, (ops.shape(inside)[0], -1))
            count, total = ops.sum(flat, axis=-1), ops.shape(flat)[1]
            return count / ops.cast(total, "float32")
        ops, count, total = ops_for(self.edges), 1.0, 1.0
        for size, (begin, end) in zip(sizes, self.bounds(sizes)):
            count = count * ops.cast(ops.maximum(end - begin, 0), "float32")
            total = total * ops.cast(size, "float32")
        return count / total

    def as_mask(self, sizes):
        """The same regions as a mask of a grid."""
        return self._replace(edges=(), mask=self.inside(sizes))

    def _resampled(self, sizes, repeats):
        ops, mask = ops_for(self.mask), self.mask
        for axis, size in enumerate(sizes, start=1):
            has = ops.shape(mask)[axis]
            if isinstance(size, int) and size == has:
                continue
            at = ops.floor(_centres(ops, size) * ops.cast(has, "float32"))
            mask = ops.take(mask, ops.cast(at, "int32"), axis=axis)
        if isinstance(repeats, int) and repeats == 1:
            return mask
        every = ops.stack([mask] * repeats, axis=-1)
        return ops.reshape(every, (*ops.shape(mask)[:-1], sizes[-1] * repeats))


def region_of(where):
    """The `PlanRegion` of what a region of `keras_mixup.regions` returned.

    Args:
        where: Edges `(batch_size, axes, 2)` or a boolean mask `(batch_size, *grid)`.
    """
    if dtype_name(where.dtype) == "bool":
        return PlanRegion(mask=where)
    return PlanRegion(edges=ops_for(where).cast(where, "float32"))


def spatial_axes(x, data_format=None):
    """The axes of a tensor along which a region has a place.

    All but those of the samples and of the channels; of a table the one of its columns.

    Args:
        x: Tensor `(batch_size, ...)` of at least one more axis.
        data_format: `"channels_last"`, `"channels_first"`, or `None` for Keras's.
    """
    rank = len(x.shape)
    if rank < 2 or rank > _MOST_AXES + 2:
        raise ValueError(
            "A region needs from one to three spatial axes beside those of samples and "
            f"channels. Received: a tensor of shape {tuple(x.shape)}"
        )
    if rank == 2:
        return (1,)
    first = (data_format or keras.config.image_data_format()) == "channels_first"
    return tuple(range(2, rank)) if first else tuple(range(1, rank - 1))


def grid_of(x, data_format=None):
    """The sizes of the spatial axes of the first of the inputs.

    Args:
        x: Tensor or structure of tensors.
        data_format: As for `spatial_axes`.
    """
    first = first_leaf(x)
    shape = ops_for(first).shape(first)
    return [shape[axis] for axis in spatial_axes(first, data_format)]


def known_grid(x, data_format=None):
    """`grid_of` as far as it is known when a step is traced, `None` for what is not."""
    first = first_leaf(x)
    return tuple(first.shape[axis] for axis in spatial_axes(first, data_format))


def looks_channels_first(x):
    """Whether the first of the inputs has the shape of images, channels first."""
    shape = first_leaf(x).shape
    if len(shape) != 4 or not all((n or 0) > 4 for n in shape[2:]):
        return False
    return shape[1] == 3 or (shape[1] == 1 and shape[2] == shape[3])


def looks_without_channels(x):
    """Whether the first of the inputs has the shape of square images, no channels."""
    shape = first_leaf(x).shape
    return len(shape) == 3 and shape[1] == shape[2] and (shape[1] or 0) > 4


def is_fraction(sizes, grid):
    """Whether sizes are those of a grid, or all of them the same fraction of it.

    Of a single axis any size would be one, so that it has to be the same.
    """
    if None in (*sizes, *grid):
        return True
    if len(grid) == 1:
        return tuple(sizes) == tuple(grid)
    return all(a * grid[0] == sizes[0] * b for a, b in zip(sizes, grid))


def axes_of_labels(labels, num_axes, data_format=None):
    """The spatial axes of labels of elements, which may have one of classes beside.

    Args:
        labels: Tensor `(batch_size, *grid)`, or one with a further axis.
        num_axes: The number of spatial axes.
        data_format: Where that axis is.
    """
    rank = len(labels.shape)
    if rank == num_axes + 1:
        return tuple(range(1, rank))
    if rank == num_axes + 2:
        return spatial_axes(labels, data_format)
    raise ValueError(
        f"Labels of elements need the {num_axes} spatial axes of the region, and may "
        "have one of classes. Received: labels of shape "
        f"{tuple(labels.shape)}"
    )


def _centres(ops, size):
    places = ops.cast(integers_below(size, ops), "float32") + 0.5
    return places / ops.cast(size, "float32")
