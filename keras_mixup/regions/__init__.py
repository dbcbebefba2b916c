"""Where in a sample its partner's values are pasted.

A region is an object that is called as `region(noise, lam, grid)`: with uniforms, with
λ and with the sizes of the spatial axes. It returns where it is, relative to the
sample, and what part of the sample it covers as counted on that grid. `Box` says more.
"""

from keras_mixup.regions.box import Box
from keras_mixup.regions.lookup import get
from keras_mixup.regions.lookup import serialize

__all__ = ["Box", "get", "serialize"]


def __dir__():
    return __all__
