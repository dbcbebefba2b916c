"""Mixup for Keras 3, on TensorFlow, JAX and PyTorch."""

from keras_mixup import pairing
from keras_mixup import policies
from keras_mixup import random
from keras_mixup import schedules
from keras_mixup.adaptive import AdaptiveMixUp
from keras_mixup.clean_probability import CleanProbability
from keras_mixup.dataset import MixupDataset
from keras_mixup.loss import MixupLoss
from keras_mixup.manifold import ManifoldMixUp
from keras_mixup.mixup import MixUp
from keras_mixup.plan import MixPlan
from keras_mixup.scheduler import MixupScheduler

__version__ = "0.1.0"

__all__ = [
    "AdaptiveMixUp",
    "CleanProbability",
    "ManifoldMixUp",
    "MixPlan",
    "MixUp",
    "MixupDataset",
    "MixupLoss",
    "MixupScheduler",
    "pairing",
    "policies",
    "random",
    "schedules",
]
