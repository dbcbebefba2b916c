"""Pictures of mixed batches, to look at before anyone trains on them.

It draws with matplotlib, which the extra `plot` installs, and which is imported only
when something is drawn.
"""

from keras_mixup.visualization.plot import plot_mixed

__all__ = ["plot_mixed"]


def __dir__():
    return __all__
