"""How far apart the two samples of a pair are.

A distance is a function of two structures of tensors of as many samples, to one
float32 number per sample. A structure (a dict of several inputs, say) counts as the
one long vector of all that is in it.
"""

import keras
from keras import tree

from keras_mixup._backend.compiling import fused
from keras_mixup._backend.compiling import sum_per_sample
from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.shards import take_samples

# What stands for an infinite distance, and for one that is no number.
_FAR = 1e30


def sqeuclidean(x, y):
    """Sum of the squared differences."""
    return _sum(_squared, x, y)


def euclidean(x, y):
    """Root of the sum of the squared differences."""
    squared = sqeuclidean(x, y)
    return ops_for(squared).sqrt(squared)


def cosine(x, y):
    """1 − cos of the angle, in [0, 2]; 1 if one of the samples is all zeros."""
    product = _sum(_product, x, y)
    ops = ops_for(product)
    # Roots before the product, which may be too large or small for a float32.
    norms = [ops.sqrt(_sum(_product, z, z)) for z in (x, y)]
    scale = norms[0] * norms[1]
    angular = ops.equal(scale, 0)
    cosines = ops.where(angular, 0.0, product / ops.where(angular, 1.0, scale))
    return 1 - ops.minimum(cosines, 1.0)


def of_pairs(distance, x, partners):
    """The distance of every sample of `x` from its partner.

    Args:
        distance: Function of two structures, as `x` is one.
        x: Tensor or structure of tensors.
        partners: The partner of every sample.
    """

    def measure(leaves):
        others = (take_samples(leaf, partners) for leaf in leaves)
        return distance(_filled(x, iter(leaves)), _filled(x, others))

    leaves = [leaf for leaf in tree.flatten(x) if leaf is not None]
    if distance in _BY_NAME.values():
        return fused(measure, leaves)
    # A user's function may be one XLA cannot compile.
    return measure([_precise(leaf) for leaf in leaves])


def finite(distance):
    """Float32 distances; those of samples that are not finite are very large."""
    ops = ops_for(distance)
    distance = ops.cast(distance, "float32")
    return ops.where(distance < _FAR, distance, _FAR)


def over_mean(distance, real):
    """Distances over their mean, which makes them free of any scale.

    Args:
        distance: Tensor of one distance per pair.
        real: Booleans, false where a sample is its own partner. These do not count
            in the mean, nor do distances that were not finite.

    Returns:
        `distance` over its mean; all 1 where that mean is 0, or of no pair.
    """
    ops = ops_for(distance)
    counted = ops.cast(real & (distance < _FAR), distance.dtype)
    total = ops.sum(distance * counted)
    varied = total > 0
    relative = distance * (ops.sum(counted) / ops.where(varied, total, 1.0))
    return ops.where(varied, relative, 1.0)


_BY_NAME = {
    function.__name__: function for function in (sqeuclidean, euclidean, cosine)
}


def get(identifier):
    """Resolves a distance from its name, its saved config or itself."""
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]
    if isinstance(identifier, str) or not callable(identifier):
        error = ValueError if isinstance(identifier, str) else TypeError
        raise error(
            f"`distance` must be one of {sorted(_BY_NAME)}, or a function of two "
            f"batches of samples. Received: distance={identifier!r}"
        )
    return identifier


def serialize(distance):
    """The name of a built-in distance, or the Keras config of any other."""
    if _BY_NAME.get(getattr(distance, "__name__", None)) is distance:
        return distance.__name__
    return keras.saving.serialize_keras_object(distance)


def _precise(x):
    # Bytes would wrap around where they are subtracted.
    exact = dtype_name(x.dtype) in ("float32", "float64")
    return x if exact else ops_for(x).cast(x, "float32")


def _filled(structure, leaves):
    return tree.map_structure(
        lambda leaf: None if leaf is None else next(leaves), structure
    )


def _squared(a, b):
    difference = a - b
    ops = ops_for(difference)
    if ops is not keras.ops:
        return sum_per_sample(ops.square(difference))
    # The squares would be one more tensor as large as the batch.
    difference = ops.reshape(difference, (ops.shape(difference)[0], -1))
    return ops.square(ops.norm(difference, axis=-1))


def _product(a, b):
    return sum_per_sample(a * b)


def _sum(function, x, y):
    def of_samples(a, b):
        ops = ops_for(a, b)
        return function(ops.cast(a, "float32"), ops.cast(b, "float32"))

    leaves = [
        of_samples(a, b)
        for a, b in zip(tree.flatten(x), tree.flatten(y))
        if a is not None
    ]
    return sum(leaves[1:], leaves[0])
