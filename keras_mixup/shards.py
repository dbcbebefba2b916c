"""Partners inside the shards of a batch, which may lie on many devices.

A permutation of the whole batch sends every row to every device. One inside each
shard sends none, and the compiler sees that if the shards have an axis of their
own: partners are then integers of shape `(shards, rows a shard)`, and count from
the first row of their shard.
"""

import keras

from keras_mixup.namespaces import namespace


def shards_in_use():
    """Over how many devices the active `keras.distribution` spreads a batch."""
    distribution = keras.distribution.distribution()
    if distribution is None or distribution.batch_dim_name is None:
        return 1
    mesh = distribution.device_mesh
    return mesh.shape[mesh.axis_names.index(distribution.batch_dim_name)]


def split(x, shards):
    """Rows as `(shards, rows a shard)`, or as one shard if they do not divide."""
    ops = namespace(x)
    size = ops.shape(x)[0]
    if isinstance(size, int):
        shards = shards if size % shards == 0 else 1
    else:
        shards = ops.where(ops.equal(size % shards, 0), shards, 1)
    return ops.reshape(x, (shards, -1))


def own_rows(rows):
    """The row that each row is itself, as `rows` counts them."""
    return namespace(rows).arange(namespace(rows).shape(rows)[-1])


def whole_batch(rows):
    """Partners counted from the first row of the batch, shape `(batch_size,)`."""
    if len(rows.shape) == 1:
        return rows
    ops = namespace(rows)
    shards, size = ops.shape(rows)
    return ops.reshape(rows + size * ops.arange(shards)[:, None], (-1,))


def take_rows(x, rows):
    """The partners' rows of `x`."""
    ops = namespace(x, rows)
    spread = ops is keras.ops and keras.distribution.distribution() is not None
    if len(rows.shape) == 1 or not spread:
        return ops.take(x, whole_batch(rows), axis=0)
    ones = (1,) * (len(x.shape) - 1)
    blocks = ops.reshape(x, tuple(rows.shape) + tuple(x.shape[1:]))
    taken = ops.take_along_axis(blocks, ops.reshape(rows, rows.shape + ones), axis=1)
    return ops.reshape(taken, x.shape)
