"""Partners inside the shards of a batch, which may lie on many devices.

A permutation of the whole batch sends every sample to every device. One inside each
shard sends none, and the compiler sees that if the shards have an axis of their
own: partners are then integers of shape `(shards, samples per shard)`, and count from
the first sample of their shard.
"""

import keras

from keras_mixup._backend.ops import integers_below
from keras_mixup._backend.ops import ops_for


def shards_in_use():
    """Over how many devices the active `keras.distribution` spreads a batch."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def split(x, shards):
    """Samples as `(shards, samples per shard)`; one shard if they do not divide."""
    ops = ops_for(x)
    size = ops.shape(x)[0]
    if isinstance(size, int):
        shards = shards if size % shards == 0 else 1
    else:
        shards = ops.where(ops.equal(size % shards, 0), shards, 1)
    return ops.reshape(x, (shards, -1))


def own_indices(partners):
    """What each sample is itself, as `partners` counts."""
    ops = ops_for(partners)
    return integers_below(ops.shape(partners)[-1], ops)


def own_samples(noise):
    """What each sample is itself, for each of the uniforms of a pairing."""
    ops = ops_for(noise)
    # A row of zeros for each shard, where there are shards.
    return ops.cast(ops.zeros_like(noise), "int32") + own_indices(noise)


def whole_batch(partners):
    """Partners counted from the first sample of the batch, shape `(batch_size,)`."""
    if len(partners.shape) == 1:
        return partners
    ops = ops_for(partners)
    shards, size = ops.shape(partners)
    return ops.reshape(partners + size * ops.arange(shards)[:, None], (-1,))


def take_samples(x, partners):
    """The samples of `x` that are partners, one for each sample."""
    ops = ops_for(x, partners)
    spread = ops is keras.ops and keras.distribution.distribution() is not None
    if len(partners.shape) == 1 or not spread:
        return ops.take(x, whole_batch(partners), axis=0)
    ones = (1,) * (len(x.shape) - 1)
    blocks = ops.reshape(x, tuple(partners.shape) + tuple(x.shape[1:]))
    taken = ops.take_along_axis(
        blocks, ops.reshape(partners, partners.shape + ones), axis=1
    )
    return ops.reshape(taken, x.shape)
