"""Rules that give every pair of a batch its λ, for `AdaptiveMixUp`.

A policy looks at how far apart the rows of a pair are, or at how high the
training loss is, or whose label is to be trusted. Pass one by name
(`"similarity"`, `"exponential"`, `"linear"`, `"inverse_loss"`, `"confidence"`), as
an object, or as a function of `(distance, loss)`.
"""

import keras

from keras_mixup.checks import check_real
from keras_mixup.confidence import Confidence
from keras_mixup.distance_policies import ExponentialDistance
from keras_mixup.distance_policies import LinearDistance
from keras_mixup.distance_policies import SimilarityKernel
from keras_mixup.namespaces import namespace
from keras_mixup.policy import FunctionPolicy
from keras_mixup.policy import Policy

__all__ = [
    "Confidence",
    "ExponentialDistance",
    "Fixed",
    "InverseLoss",
    "LinearDistance",
    "Policy",
    "Shuffled",
    "SimilarityKernel",
    "get",
    "serialize",
]


@keras.saving.register_keras_serializable(package="keras_mixup")
class InverseLoss(Policy):
    """λ = 1 / (1 + L), with L the running mean of the training loss.

    The higher the loss, the smaller λ. By default the layer folds it to [½, 1],
    which swaps the two rows of a pair where L > 1: pairs being exchangeable, that
    trains on the same. `fold=False` keeps λ as it is.

    `MixupLoss` feeds L with the mean of the pair loss over the rows of each
    training step, before any `sample_weight`, mask or `reduction`; of several
    losses on one layer each counts as a step. Before the first step L is 0, so
    that the first batch is not mixed. The layer keeps L among its weights.

    Args:
        decay: Number in [0, 1), the weight of the past. L is the mean of all
            losses so far, with weights that fall by this factor a step.
            Defaults to `0.9`.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp("inverse_loss")
    >>> slow = keras_mixup.policies.InverseLoss(decay=0.99)
    """

    needs_distance = False
    needs_loss = True

    def __init__(self, decay: float = 0.9):
        self.decay = check_real("decay", decay, least=0, below=1)

    def __call__(self, sampler, distance, loss):
        if loss is None:
            raise ValueError(
                "InverseLoss follows the training loss, which is not known in a data "
                "pipeline. Put the layer in the model, and compile the model with "
                "`MixupLoss(loss, mixup=layer)`."
            )
        return 1 / (1 + namespace(loss).maximum(loss, 0.0))

    def get_config(self):
        return {"decay": self.decay}


@keras.saving.register_keras_serializable(package="keras_mixup")
class Fixed(Policy):
    """One λ for all rows of all batches.

    Args:
        lam: Number in [0, 1], the share that a row keeps of itself.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp(keras_mixup.policies.Fixed(0.75))
    >>> mix(np.array([[0.0], [8.0]]), np.array([[0.0], [1.0]]))[0].shape
    (2, 1)
    """

    needs_distance = False

    def __init__(self, lam: float):
        self.lam = check_real("lam", lam, least=0, most=1)

    def __call__(self, sampler, distance, loss):
        return self.lam + namespace(sampler.u).zeros_like(sampler.u)

    def get_config(self):
        return {"lam": self.lam}


@keras.saving.register_keras_serializable(package="keras_mixup")
class Shuffled(Policy):
    """A distance policy whose distances are dealt out among the pairs at random.

    The control that any claim for a distance policy needs: λ keeps its law to
    the last draw, and knows nothing of the pair that it is for. What a policy
    gains over this, the distance has earned.

    Args:
        policy: A distance policy, in any form that `policies.get` takes.

    Example:

    >>> policy = keras_mixup.policies.Shuffled("similarity")
    >>> control = keras_mixup.AdaptiveMixUp(policy)
    """

    def __init__(self, policy):
        self.policy = get(policy)
        if not self.policy.needs_distance:
            raise ValueError(
                "`policy` must be a policy that looks at distances. "
                f"Received: policy={policy!r}"
            )
        self.normalize = self.policy.normalize
        self.needs_loss = self.policy.needs_loss
        self.features = self.policy.features
        self.distance = self.policy.distance
        self.can_fold = self.policy.can_fold
        self.decay = self.policy.decay

    def __call__(self, sampler, distance, loss):
        return self.policy(sampler, sampler.shuffle(distance), loss)

    def get_config(self):
        return {"policy": serialize(self.policy)}


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


def serialize(policy):
    """The Keras config of a policy, which `get` takes."""
    return keras.saving.serialize_keras_object(policy)
