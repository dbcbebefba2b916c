"""One pass over a batch, where a graph of TensorFlow would take one an operation.

Operation by operation a `tf.data` stage writes the gathered samples, their
differences, their products and their sums to memory, each as large as the batch
and each on one core. XLA makes one loop of them, on all cores.
"""

import functools
import math
import sys

from keras_mixup._backend.ops import is_tensorflow
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import leaves

_LANES = 8
# The numbers of a sample from which on one launch costs less than some operations.
_LEAST = 64


def fused(function, batch):
    """What `function` gives for a batch, compiled by XLA in a TensorFlow graph.

    Only the number of samples may be unknown when the graph is made: each new shape
    is compiled when it first comes, and those of ragged batches have no end.

    Args:
        function: Function of `batch`, of operations that XLA knows. Tensors that it
            closes over are inputs as well.
        batch: A tensor of samples, or a nested structure of them.
    """
    if not _may_fuse(leaves(batch)):
        return function(batch)
    tf = sys.modules["tensorflow"]
    return tf.function(function, jit_compile=True, autograph=False)(batch)


def loops_innermost(x):
    """Whether a mask of pixels is better as wide as the channels of `x` are.

    XLA and NumPy loop along the last axis, which takes long for a handful of channels
    that one element of a mask is for. PyTorch needs no memory for such a mask.

    Args:
        x: A tensor of the batch.
    """
    torch = sys.modules.get("torch")
    return torch is None or not isinstance(x, torch.Tensor)


def sum_per_sample(x):
    """The sum of each sample of a tensor, over all axes but the first."""
    ops = ops_for(x)
    if not _may_fuse([x]):
        return ops.sum(ops.reshape(x, (ops.shape(x)[0], -1)), axis=-1)
    # XLA adds the numbers of a sample one by one. Lanes it adds side by side.
    size = math.prod(x.shape[1:])
    x = ops.reshape(x, (-1, size))
    width = size // _LANES
    lanes = sum(x[:, i * width : (i + 1) * width] for i in range(_LANES))
    return ops.sum(lanes, axis=-1) + ops.sum(x[:, _LANES * width :], axis=-1)


def _may_fuse(tensors):
    if not all(is_tensorflow(x) for x in tensors):
        return False
    tf = sys.modules["tensorflow"]
    return (
        not tf.executing_eagerly()
        and not any(None in x.shape[1:] for x in tensors)
        and any(math.prod(x.shape[1:]) >= _LEAST for x in tensors)
        and _xla_is_there()
    )


@functools.cache
def _xla_is_there():
    tf = sys.modules["tensorflow"]
    with tf.init_scope(), tf.device("CPU"):
        try:
            tf.function(lambda: tf.zeros(()), jit_compile=True)()
        except tf.errors.OpError:
            return False
    return True
