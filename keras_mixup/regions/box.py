"""Boxes, as CutMix pastes them."""

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import ops_for

_PLACEMENTS = ("clip", "inside", "uniform")


@keras.saving.register_keras_serializable(package="keras_mixup")
class Box:
    """A box along all spatial axes, whose size follows λ.

    Along each of k axes its side is the fraction (1 − λ)^(1/k) of the sample, so that
    it covers 1 − λ of it before it is clipped. Edges are rounded to the grid of the
    sample, and what a box covers is counted after that.

    Args:
        placement: `"clip"`, as in the paper: the center is anywhere in the sample, and
            what sticks out is cut off. `"inside"`: the box is inside the sample.
            `"uniform"`: every element of the sample is as likely to be covered.
            Defaults to `"clip"`.
        minmax: Optional pair of numbers in [0, 1]. The sides are then drawn between
            these fractions, each for itself, and not from λ, as in timm. It goes with
            `placement="inside"`. Defaults to `None`.

    Call arguments:
        noise: Uniforms `(n, batch_size)`, with n at least `num_uniforms(axes)`.
        lam: Tensor `(batch_size,)` of λ.
        grid: Tuple of the sizes of the spatial axes.

    Returns:
        A float32 tensor `(batch_size, axes, 2)` of where the box begins and ends along
        each axis, as fractions of it.

    Raises:
        ValueError: If an argument is not one of these, or out of its range.

    Example:

    >>> box = keras_mixup.regions.Box("inside")
    >>> box(np.full((2, 1), 0.5), np.array([0.75]), (8, 8)).tolist()
    [[[0.25, 0.75], [0.25, 0.75]]]

    References:
        - [Yun et al. (2019), CutMix](https://arxiv.org/abs/1905.04899)
    """

    can_compile = True

    def __init__(
        self,
        placement: str = "clip",
        minmax: tuple[float, float] | None = None,
    ):
        if placement not in _PLACEMENTS:
            raise ValueError(
                f"`placement` must be one of {list(_PLACEMENTS)}. "
                f"Received: placement={placement!r}"
            )
        self.placement = placement
        self.minmax = _checked_minmax(minmax, placement)

    def num_uniforms(self, axes):
        """How many uniforms a sample needs.

        Args:
            axes: Number of spatial axes.
        """
        return axes if self.minmax is None else 2 * axes

    def __call__(self, noise, lam, grid):
        ops = ops_for(noise, lam)
        edges = []
        lam = ops.cast(lam, "float32")
        for axis, size in enumerate(grid):
            side = self._side(ops, noise, lam, axis, len(grid))
            size = ops.cast(size, "float32")
            ends = self._ends(ops, noise[axis], side, size)
            edges.append(ops.stack([end / size for end in ends], axis=-1))
        return ops.stack(edges, axis=1)

    def get_config(self):
        """The arguments of the constructor, for saving."""
        return {"placement": self.placement, "minmax": self.minmax}

    @classmethod
    def from_config(cls, config):
        """A region from what `get_config` returned."""
        return cls(**config)

    def __repr__(self):
        arguments = (f"{name}={value!r}" for name, value in self.get_config().items())
        return f"Box({', '.join(arguments)})"

    def _side(self, ops, noise, lam, axis, axes):
        if self.minmax is None:
            return ops.power(1 - lam, 1 / axes)
        least, most = self.minmax
        return least + (most - least) * noise[axes + axis]

    def _ends(self, ops, u, side, size):
        """The first element that is inside, and the first one behind."""
        if self.placement == "inside":
            length = ops.floor(side * size + 0.5)
            free = size - length
            # The product may be rounded up to the number of places.
            start = ops.minimum(ops.floor(u * (free + 1)), free)
            return start, start + length
        # Both ends are rounded: over all centers nothing is lost or gained by it.
        centre = u if self.placement == "clip" else u * (1 + side) - side / 2
        ends = ((centre + by * side) * size for by in (-0.5, 0.5))
        return [ops.clip(ops.floor(end + 0.5), 0.0, size) for end in ends]


def _checked_minmax(minmax, placement):
    if minmax is None:
        return None
    if not isinstance(minmax, (tuple, list)) or len(minmax) != 2:
        raise ValueError(
            f"`minmax` must be a pair of numbers in [0, 1]. Received: minmax={minmax!r}"
        )
    least, most = (check_real("minmax", each, least=0, most=1) for each in minmax)
    if least > most or placement != "inside":
        raise ValueError(
            "`minmax` must be the least and the most side, in this order, and goes "
            'with placement="inside". '
            f"Received: minmax={minmax!r}, placement={placement!r}"
        )
    return least, most
