"""Policies by their names."""

import keras

from keras_mixup._backend.user_functions import is_of_package
from keras_mixup.policies.base import FunctionPolicy
from keras_mixup.policies.base import Policy
from keras_mixup.policies.by_distance import ExponentialDistance
from keras_mixup.policies.by_distance import LinearDistance
from keras_mixup.policies.by_distance import SimilarityKernel
from keras_mixup.policies.confidence import Confidence
from keras_mixup.policies.inverse_loss import InverseLoss

_BY_NAME = {
    "confidence": Confidence,
    "exponential": ExponentialDistance,
    "inverse_loss": InverseLoss,
    "linear": LinearDistance,
    "similarity": SimilarityKernel,
}


def get(identifier):
    """Resolves a policy from its name, its config, itself or a function.

    Args:
        identifier: `"similarity"`, `"exponential"`, `"linear"`, `"inverse_loss"` or
            `"confidence"`; a policy; a function of `(distance, loss)` to λ; or
            what `serialize` returned.

    Returns:
        A `Policy`.

    Raises:
        ValueError: If a string names no policy.
        TypeError: If `identifier` is none of these.

    Example:

    >>> keras_mixup.policies.get("similarity").get_config()
    {'tau_max': 1.0, 'tau_std': 0.25}
    """
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, Policy):
        return identifier
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    if isinstance(identifier, type) and issubclass(identifier, Policy):
        return identifier()
    if isinstance(identifier, str) or not callable(identifier):
        error = ValueError if isinstance(identifier, str) else TypeError
        raise error(
            f"`policy` must be one of {sorted(_BY_NAME)}, a policy of "
            "`keras_mixup.policies`, or a function of (distance, loss). "
            f"Received: policy={identifier!r} (of type {type(identifier).__name__})"
        )
    return FunctionPolicy(identifier)


def is_own(policy):
    """Whether a policy is of this package, and so computes with any tensors."""
    inner = getattr(policy, "policy", None)
    if isinstance(policy, FunctionPolicy) or not is_of_package(policy):
        return False
    return inner is None or is_own(inner)


def serialize(policy):
    """The Keras config of a policy, which `get` takes.

    Args:
        policy: A policy, as `get` returns it.
    """
    return keras.saving.serialize_keras_object(policy)
