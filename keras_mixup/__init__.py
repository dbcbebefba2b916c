"""MixUp and CutMix for Keras 3, on TensorFlow, JAX and PyTorch."""

from keras_mixup import pairing
from keras_mixup import policies
from keras_mixup import random
from keras_mixup import regions
from keras_mixup import schedules
from keras_mixup import visualization
from keras_mixup._backend.ops import ops_for
from keras_mixup.callbacks.clean_probability import CleanProbability
from keras_mixup.callbacks.scheduler import MixupScheduler
from keras_mixup.data.dataset import MixupDataset
from keras_mixup.layers.adaptive import AdaptiveMixUp
from keras_mixup.layers.cutmix import CutMix
from keras_mixup.layers.manifold import ManifoldMixUp
from keras_mixup.layers.mixup import MixUp
from keras_mixup.layers.random_choice import RandomChoice
from keras_mixup.losses.mixup_loss import MixupLoss
from keras_mixup.plans.plan import MixPlan

__version__ = "0.1.0"

__all__ = [
    "AdaptiveMixUp",
    "CleanProbability",
    "CutMix",
    "ManifoldMixUp",
    "MixPlan",
    "MixUp",
    "MixupDataset",
    "MixupLoss",
    "MixupScheduler",
    "RandomChoice",
    "ops_for",
    "pairing",
    "policies",
    "random",
    "regions",
    "schedules",
    "visualization",
]


def __dir__():
    return __all__
