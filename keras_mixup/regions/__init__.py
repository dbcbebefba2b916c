"""Where in a sample its partner's values are pasted.

A region is called as `region(noise, lam, grid)`: with uniforms `(n, batch_size)`, with
λ `(batch_size,)` and with the sizes of the spatial axes. It returns where it is in each
sample: a float tensor `(batch_size, axes, 2)` of where a box begins and ends along each
axis, as fractions of it, or a boolean tensor `(batch_size, *grid)`. What a region
covers is counted on the grid of the inputs, and the labels follow.

A function of your own does; it gets two uniforms for each axis. An object may say how
many it needs, as `num_uniforms(axes)`, and by `can_compile = True` that XLA knows its
operations. Write it with `keras_mixup.ops_for`, and it works in pipelines as well.
"""

from keras_mixup.regions.box import Box
from keras_mixup.regions.fourier import Fourier
from keras_mixup.regions.lookup import get
from keras_mixup.regions.lookup import serialize

__all__ = ["Box", "Fourier", "get", "serialize"]


def __dir__():
    return __all__
