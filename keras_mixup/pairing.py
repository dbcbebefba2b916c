"""Which row of the batch each row is mixed with.

A pairing is a function of one uniform draw a row: `pairing(noise)` takes a
float32 tensor of shape `(batch_size,)` and returns the partner of every row, an
integer tensor of the same shape. The randomness comes in from outside, so a
pairing is deterministic given its noise, works on any backend, in `tf.data` and
on NumPy arrays, and can be tested without a model. Write your own with the same
call and pass it as `MixUp(pairing=...)`. One with the attribute
`needs_labels = True` is called as `pairing(noise, labels=labels)`, in pipelines.
A partner that is not in the batch is an error; in compiled code, where no value can be
seen, its sample becomes NaN, and so does the loss.
With `MixUp(shards=...)`, noise and partners have the shape `(shards, rows a shard)`,
and partners are counted within their shard.
"""

import keras

from keras_mixup.label_kernel import LabelKernel
from keras_mixup.namespaces import namespace
from keras_mixup.shards import own_rows

__all__ = [
    "LabelKernel",
    "derangement",
    "get",
    "itself",
    "reverse",
    "roll",
    "serialize",
    "shuffle",
]


def shuffle(noise):
    """Pairs by a uniformly random permutation; a row may meet itself.

    Each row is its own partner with probability 1 / `batch_size`, as in the
    paper's code.

    Args:
        noise: Uniform draws, shape `(batch_size,)`.

    Returns:
        The partner of every row, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.shuffle(np.array([0.3, 0.9, 0.1])).tolist()
    [2, 0, 1]
    """
    return namespace(noise).argsort(noise)


def derangement(noise):
    """Pairs along one random cycle through the batch; no row meets itself.

    Every other row is an equally likely partner. A batch of one has no other
    row, and its row stays its own partner.

    Args:
        noise: Uniform draws, shape `(batch_size,)`.

    Returns:
        The partner of every row, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.derangement(np.array([0.3, 0.9, 0.1])).tolist()
    [1, 2, 0]
    """
    ops = namespace(noise)
    cycle = ops.argsort(noise)
    after = ops.roll(cycle, -1, axis=-1)
    return ops.take_along_axis(after, ops.argsort(cycle), axis=-1)


def roll(noise):
    """Pairs each row with the one before it, the first with the last.

    Cheap and not random: for batches that are shuffled already.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every row, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.roll(np.zeros(3)).tolist()
    [2, 0, 1]
    """
    return namespace(noise).roll(_rows(noise), 1, axis=-1)


def reverse(noise):
    """Pairs the first row with the last, the second with the last but one, ….

    Cheap and not random: for batches that are shuffled already. The middle row
    of an odd batch meets itself.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every row, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.reverse(np.zeros(3)).tolist()
    [2, 1, 0]
    """
    return namespace(noise).flip(_rows(noise), axis=-1)


def itself(noise):
    """Pairs each row with itself, for `MixUp(views=...)` of one and the same row.

    Args:
        noise: Uniform draws, shape `(batch_size,)`; only their number is used.

    Returns:
        The partner of every row, integers of shape `(batch_size,)`.

    Example:

    >>> keras_mixup.pairing.itself(np.zeros(3)).tolist()
    [0, 1, 2]
    """
    return _rows(noise)


_BY_NAME = {
    "derangement": derangement,
    "reverse": reverse,
    "roll": roll,
    "self": itself,
    "shuffle": shuffle,
}
_NAMES = {function: name for name, function in _BY_NAME.items()}


def get(identifier):
    """Resolves a pairing from its name, its saved config or itself.

    Args:
        identifier: `"shuffle"`, `"derangement"`, `"roll"`, `"reverse"`, `"self"`,
            a callable (as a `LabelKernel` is), or what `serialize` returned.

    Returns:
        A callable from noise to partner rows.

    Raises:
        ValueError: If a string names no pairing.
        TypeError: If `identifier` is none of these.

    Example:

    >>> keras_mixup.pairing.get("roll") is keras_mixup.pairing.roll
    True
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str):
        if identifier not in _BY_NAME:
            raise ValueError(
                f"`pairing` must be one of {sorted(_BY_NAME)} or a callable. "
                f"Received: pairing={identifier!r}"
            )
        return _BY_NAME[identifier]
    if isinstance(identifier, type):
        return identifier()
    if not callable(identifier):
        raise TypeError(
            f"`pairing` must be one of {sorted(_BY_NAME)} or a callable. "
            f"Received: pairing={identifier!r} "
            f"(of type {type(identifier).__name__})"
        )
    return identifier


def get_for(num_samples, identifier, shards=None):
    """Resolves a pairing of several partners a sample, or within shards."""
    pairing = get(identifier)
    if num_samples > 2 and pairing in (roll, reverse, itself):
        raise ValueError(
            f"The pairing {_NAMES[pairing]!r} knows one partner a row, and would "
            "take it again. Use one that draws: 'shuffle' or 'derangement'. "
            f"Received: num_samples={num_samples} with pairing={identifier!r}"
        )
    if (shards or 1) > 1 and getattr(pairing, "needs_labels", False):
        raise ValueError(
            "A pairing that looks at labels pairs samples across the whole batch. "
            f"Received: shards={shards} with pairing={identifier!r}"
        )
    return pairing


def is_built_in(pairing):
    """Whether it is one of those that have a name."""
    return pairing in _BY_NAME.values()


def serialize(pairing):
    """The name of a built-in pairing, or the Keras config of any other."""
    if is_built_in(pairing):
        return _NAMES[pairing]
    return keras.saving.serialize_keras_object(pairing)


def _rows(noise):
    ops = namespace(noise)
    # A row of zeros for each shard, where there are shards.
    return ops.cast(ops.zeros_like(noise), "int32") + own_rows(noise)
