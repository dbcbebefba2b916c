"""The pairings that have a name: functions of one uniform per sample."""

from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.contract import keeps
from keras_mixup.pairing.shards import own_samples

_trusted = keeps(knows_shards=True, can_compile=True, stays_in_batch=True)
_fixed = keeps(
    knows_shards=True, can_compile=True, stays_in_batch=True, draws_nothing=True
)


@_trusted
def shuffle(noise):
    """Pairs by a uniformly random permutation; a sample may be its own partner.

    Each sample is its own partner with probability 1 / `batch_size`, as in the
    paper's code.

    Args:
        noise: Uniform draws, shape `(batch_size,)`.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.shuffle(np.array([0.3, 0.9, 0.1])).tolist()
    [2, 0, 1]
    """
    return ops_for(noise).argsort(noise)


@_trusted
def derangement(noise):
    """Pairs along one random cycle through the batch; no sample is its own partner.

    Every other sample is an equally likely partner. A batch of one has no other
    sample, and its sample stays its own partner.

    Args:
        noise: Uniform draws, shape `(batch_size,)`.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.derangement(np.array([0.3, 0.9, 0.1])).tolist()
    [1, 2, 0]
    """
    ops = ops_for(noise)
    cycle = ops.argsort(noise)
    after = ops.roll(cycle, -1, axis=-1)
    return ops.take_along_axis(after, ops.argsort(cycle), axis=-1)


@_fixed
def roll(noise):
    """Pairs each sample with the one before it, the first with the last.

    Cheap and not random: for batches that are shuffled already.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.roll(np.zeros(3)).tolist()
    [2, 0, 1]
    """
    return ops_for(noise).roll(own_samples(noise), 1, axis=-1)


@_fixed
def reverse(noise):
    """Pairs the first sample with the last, the second with the last but one, ….

    Cheap and not random: for batches that are shuffled already. The middle sample
    of an odd batch is its own partner.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.reverse(np.zeros(3)).tolist()
    [2, 1, 0]
    """
    return ops_for(noise).flip(own_samples(noise), axis=-1)


@_fixed
def itself(noise):
    """Pairs each sample with itself, for `MixUp(views=...)` of one and the same sample.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.itself(np.zeros(3)).tolist()
    [0, 1, 2]
    """
    return own_samples(noise)
