"""Weighted sums of the samples of a batch, in one pass over memory.

To blend samples is to multiply the batch by a sparse matrix. `embedding_bag` of PyTorch
does so without writing a partner to memory first. Gradients are multiplied by the
transposed matrix.
"""

import functools
import math
import sys
from typing import NamedTuple

import numpy as np

from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import has_gradient


class Sums(NamedTuple):
    """For each sum which samples it adds up, and by which weights.

    Args:
        samples: Array of the numbers of samples, those of the first sum first.
        weights: Array of the weight of each.
        starts: Array of where each sum begins, and of where the last one ends.
    """

    samples: np.ndarray
    weights: np.ndarray
    starts: np.ndarray

    @classmethod
    def of_terms(cls, samples, weights, dtype):
        """The sums of terms, those without a weight left out.

        No number times 0: infinity would leave a NaN.

        Args:
            samples: Array `(batch_size, terms)` of the numbers of samples.
            weights: Array of the weight of each.
            dtype: The dtype of PyTorch that is summed in.
        """
        size, terms = weights.shape
        if dtype.itemsize == 2:
            # A weight may be rounded to 0.
            weights = as_tensors(weights).to(dtype).float().numpy()
        if samples.min() < 0:
            samples = np.where(samples < 0, samples + size, samples)
        nothing = weights <= 0
        if not nothing.any():
            starts = np.arange(0, size * terms + 1, terms)
            return cls(samples.reshape(-1), weights.reshape(-1), starts)
        counted = ~nothing
        starts = np.zeros(size + 1, "int64")
        counted.sum(axis=1).cumsum(out=starts[1:])
        return cls(samples[counted], weights[counted], starts)

    def transposed(self):
        """The sums whose matrix is the transposed one, of as many samples."""
        size = len(self.starts) - 1
        order = np.argsort(self.samples, kind="stable")
        sums = np.repeat(np.arange(size), np.diff(self.starts))
        starts = np.searchsorted(self.samples[order], np.arange(size + 1))
        return Sums(sums[order], self.weights[order], starts)

    def of(self, x):
        """The sums of the samples of `x`, whose memory keeps its order of axes.

        Args:
            x: Tensor of floats, on the host.
        """
        if x.is_contiguous():
            return self._of_flat(x).view(x.shape)
        order = [0, *sorted(range(1, x.dim()), key=x.stride, reverse=True)]
        ordered = x.permute(order)
        sums = self._of_flat(ordered).view(ordered.shape)
        return sums.permute(np.argsort(order).tolist())

    def _of_flat(self, x):
        flat = x.reshape(len(x), math.prod(x.shape[1:]))
        # No view is made in there, which could not be written to.
        return _differentiable().apply(flat, self) if has_gradient(x) else self(flat)

    def __call__(self, x):
        """The sums of samples of one axis, without a gradient.

        Args:
            x: Tensor `(batch_size, size)`.
        """
        if not x.shape[1]:
            # With several threads `embedding_bag` fails.
            return x.new_empty((len(self.starts) - 1, 0))
        samples, weights, starts = map(as_tensors, self)
        return sys.modules["torch"].nn.functional.embedding_bag(
            samples,
            x.contiguous(),
            starts,
            mode="sum",
            per_sample_weights=weights.to(x.dtype),
            include_last_offset=True,
        )


@functools.cache
def _differentiable():
    torch = sys.modules["torch"]

    class WeightedSums(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, sums):
            ctx.sums = sums
            return sums(x.detach())

        @staticmethod
        def backward(ctx, upstream):
            return ctx.sums.transposed().of(upstream), None

        @staticmethod
        def jvp(ctx, tangent, sums):
            return ctx.sums(tangent)

    return WeightedSums
