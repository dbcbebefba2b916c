"""What distances are measured between, where that is not the inputs."""

import keras
from keras import tree

from keras_mixup._backend.ops import is_foreign
from keras_mixup._backend.tensor_checks import check_samples


def get_features(features):
    """Resolves a layer, a function, the saved config of one, or `None`."""
    if isinstance(features, dict):
        features = keras.saving.deserialize_keras_object(features)
    if features is not None and not callable(features):
        raise TypeError(
            "`features` must be a layer, a model or a function. Received: "
            f"features={features!r} (of type {type(features).__name__})"
        )
    return features


def features_of(features, x, batch_size):
    """What a layer or a function makes of `x`, or `x` itself where there is none.

    Args:
        features: What `get_features` returned.
        x: Tensor or structure of tensors.
        batch_size: How many samples that is.
    """
    if features is None:
        return x
    if not isinstance(features, keras.layers.Layer):
        found = features(x)
    elif any(is_foreign(leaf) for leaf in tree.flatten(x)):
        raise ValueError(
            f"`features` is a layer of Keras on {keras.backend.backend()}, "
            "which cannot compute in a `tf.data` pipeline. Put AdaptiveMixUp in "
            "the model, or pass a function of TensorFlow tensors."
        )
    else:
        found = features(x, training=False)
    for leaf in tree.flatten(found):
        check_samples("features", leaf, batch_size)
    return found
