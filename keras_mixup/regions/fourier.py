"""Regions of any shape, as FMix makes them of low frequencies."""

import math
import numbers

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import integers_below
from keras_mixup._backend.ops import ops_for

# By the number of axes. All products of the functions of the axes have a draw each.
_CYCLES = {1: 16, 2: 16, 3: 8}
# Half the spacing of uniforms: the logarithm of 0 is infinite.
_SMALLEST_UNIFORM = 2.0**-25
# As many as float32 has digits: what is left between the bounds is rounding.
_HALVINGS = 24


@keras.saving.register_keras_serializable(package="keras_mixup")
class Fourier:
    """Regions of any shape, where a random field of low frequencies is low.

    A sample keeps the λ of its elements where the field is highest. Such regions are of
    one or a few pieces, as boxes are, but their shapes differ more, so that a network
    learns less of what their edges look like.

    The amplitudes of the field are Gaussian and fall as f^(−decay), with f in cycles
    per element. Those of FMix go up to the finest frequency. Here they end at 16 cycles
    per axis, and in three dimensions at 8: a transform by small matrix products is the
    same in pipelines and on every backend. At the decay of the paper less than a
    thousandth of the variance is left out. Below a decay of 2 it is more, and large
    samples get smoother regions than FMix gives them.

    Of n elements a sample keeps ⌊λn⌋ or ⌈λn⌉, and λn on average. That is exact for
    up to 2²⁴ elements.

    Args:
        decay: Number above 0. The larger it is, the larger and smoother are the
            patches. Defaults to `3.0`, as in the paper.

    Call arguments:
        noise: Uniforms `(n, batch_size)`, with n at least `num_uniforms(axes)`.
        lam: Tensor `(batch_size,)` of λ.
        grid: Tuple of the sizes of the one to three spatial axes, as integers.

    Returns:
        A boolean tensor `(batch_size, *grid)`, true where the values of the partner
        are.

    Raises:
        TypeError: If `decay` is no number.
        ValueError: If `decay` is out of its range, or when it is called, if a size is
            not known.

    Example:

    >>> region = keras_mixup.regions.Fourier()
    >>> noise = np.random.rand(region.num_uniforms(axes=2), 1)
    >>> int(region(noise, np.array([0.75]), (8, 8)).sum())
    16

    References:
        - [Harris et al. (2020), FMix](https://arxiv.org/abs/2002.12047)
    """

    can_compile = True

    def __init__(self, decay: float = 3.0):
        self.decay = check_real("decay", decay, above=0)

    def num_uniforms(self, axes):
        """How many uniforms a sample needs.

        Args:
            axes: Number of spatial axes.
        """
        return 2 * _num_pairs(axes) + 1

    def __call__(self, noise, lam, grid):
        if not all(isinstance(size, numbers.Integral) for size in grid):
            raise ValueError(
                '`region="fourier"` needs inputs whose sizes are known when the step '
                "is traced. Resize or crop them all to one size. "
                f"Received: sizes {tuple(grid)} of the spatial axes"
            )
        grid = tuple(int(size) for size in grid)
        ops, size = ops_for(noise, lam), math.prod(grid)
        coin = noise[2 * _num_pairs(len(grid))]
        flat = ops.reshape(field(noise, grid, self.decay), (-1, size))
        mask = _lowest(flat, size - _kept(lam, coin, size))
        return ops.reshape(mask, (-1, *grid))

    def get_config(self):
        """The arguments of the constructor, for saving."""
        return {"decay": self.decay}

    @classmethod
    def from_config(cls, config):
        """A region from what `get_config` returned."""
        return cls(**config)

    def __repr__(self):
        return f"Fourier(decay={self.decay!r})"


def field(noise, grid, decay):
    """Random fields whose amplitudes fall as f^(−decay), `(batch_size, *grid)`.

    They are the real part of the inverse Fourier transform of complex Gaussian noise
    that is divided by max(f, 1 / max(grid))^decay, but for their mean, which is 0, for
    a factor, and for the frequencies that are left out.

    Args:
        noise: Uniforms `(n, batch_size)`.
        grid: The sizes of the axes.
        decay: The exponent.
    """
    ops, axes = ops_for(noise), len(grid)
    # Without NumPy, at which a step that torch compiles would break off.
    k = ops.cast(ops.arange(1, _CYCLES[axes] + 1), "float32")
    functions = 2 * _CYCLES[axes] + 1
    x = ops.transpose(_gaussians(noise, functions**axes, _num_pairs(axes)))
    x = x * ops.reshape(_amplitudes(k, grid, decay), (1, -1))
    # Axis by axis, from coefficients to elements.
    for axis, size in enumerate(grid[:-1]):
        behind = functions ** (axes - 1 - axis)
        x = _harmonics(k, size) @ ops.reshape(x, (-1, functions, behind))
    x = ops.reshape(x, (-1, functions)) @ ops.transpose(_harmonics(k, grid[-1]))
    return ops.reshape(x, (-1, *grid))


def _num_pairs(axes):
    """How often two uniforms become two Gaussians."""
    return ((2 * _CYCLES[axes] + 1) ** axes + 1) // 2


def _gaussians(noise, count, pairs):
    """Independent Gaussians `(count, batch_size)`, by Box and Muller."""
    ops = ops_for(noise)
    noise = ops.cast(noise, "float32")
    u, angle = noise[:pairs], 2 * math.pi * noise[pairs : 2 * pairs]
    radius = ops.sqrt(-2 * ops.log(ops.maximum(u, _SMALLEST_UNIFORM)))
    both = [radius * ops.cos(angle), radius * ops.sin(angle)]
    return ops.concatenate(both, axis=0)[:count]


def _harmonics(k, size):
    """Constant, cosines and sines of k cycles along an axis, all of the same norm.

    Of Gaussian noise they make what a Fourier transform would. An axis has no
    frequencies above ½, and of ½ itself no sine.
    """
    ops = ops_for(k)
    places = ops.cast(integers_below(size, ops), "float32")[:, None]
    angle = places * k * (2 * math.pi / size)
    scale = math.sqrt(2) * ops.cast(2 * k < size, "float32")
    finest = ops.cast(ops.equal(2 * k, float(size)), "float32")
    every = [
        ops.ones_like(places),
        (scale + finest) * ops.cos(angle),
        scale * ops.sin(angle),
    ]
    return ops.concatenate(every, axis=1)


def _amplitudes(k, grid, decay):
    """The amplitude of each product of harmonics, the largest of which is 1."""
    ops = ops_for(k)
    k = ops.concatenate([0 * k[:1], k, k], axis=0)
    squared = 0 * k[0]
    for size in grid:
        # In units of the lowest frequency of the longest axis.
        squared = squared[..., None] + ops.square(k * (max(grid) / size))
    amplitudes = ops.power(ops.maximum(squared, 1.0), -decay / 2)
    # What all elements have in common does not order them.
    return amplitudes * ops.cast(squared > 0, "float32")


def _kept(lam, coin, size):
    """How many elements a sample keeps, `(batch_size,)`: λ of them, rounded at random.

    No integer below 2²⁴ is lost in float32, so that the product is never rounded past
    one.
    """
    ops = ops_for(lam, coin)
    product = ops.cast(lam, "float32") * size
    whole = ops.floor(product)
    return whole + ops.cast(coin < product - whole, "float32")


def _lowest(x, count):
    """Which elements of each row are the `count` lowest; of equal ones the first.

    A bound is found by halving, which takes a part of the time of a sort, above all
    where XLA compiles it. No more than `count` are ever below the lower bound, and what
    is missing is taken from between the last two.
    """
    ops, count = ops_for(x, count), count[:, None]
    # Products may come in half precision, as where torch casts by itself.
    x = ops.cast(x, "float32")

    def how_many(where):
        return ops.sum(ops.cast(where, "float32"), axis=-1, keepdims=True)

    # No element is beyond the 8-norm. At a maximum along an axis, of Keras, a step that
    # torch compiles breaks off. Of what is far below 1e-4, eighth powers vanish.
    eighth = ops.square(ops.square(ops.square(x)))
    high = ops.power(ops.sum(eighth, axis=-1, keepdims=True), 1 / 8) + 1e-4
    low = -high
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = how_many(x < middle) <= count
        low = ops.where(fits, middle, low)
        high = ops.where(fits, high, middle)
    below = x < low
    between = ops.logical_and(x <= high, ops.logical_not(below))
    place = ops.cumsum(ops.cast(between, "float32"), axis=-1)
    missing = count - how_many(below)
    return ops.logical_or(below, ops.logical_and(between, place <= missing))
