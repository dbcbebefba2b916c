"""Rules that give every pair of a batch its λ, for `AdaptiveMixUp`.

A policy looks at how far apart the samples of a pair are, or at how high the
training loss is, or whose label is to be trusted. Pass one by name
(`"similarity"`, `"exponential"`, `"linear"`, `"inverse_loss"`, `"confidence"`), as
an object, or as a function of `(distance, loss)`.
"""

from keras_mixup.policies.base import Policy
from keras_mixup.policies.by_distance import ExponentialDistance
from keras_mixup.policies.by_distance import LinearDistance
from keras_mixup.policies.by_distance import SimilarityKernel
from keras_mixup.policies.confidence import Confidence
from keras_mixup.policies.controls import Fixed
from keras_mixup.policies.controls import Shuffled
from keras_mixup.policies.inverse_loss import InverseLoss
from keras_mixup.policies.lookup import get
from keras_mixup.policies.lookup import serialize

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


def __dir__():
    return __all__
