"""Mixup for Keras 3, on TensorFlow, JAX and PyTorch."""

from keras_mixup import pairing
from keras_mixup import random
from keras_mixup.loss import MixupLoss
from keras_mixup.mixup import MixUp
from keras_mixup.plan import MixPlan

__version__ = "0.1.0"

__all__ = ["MixPlan", "MixUp", "MixupLoss", "pairing", "random"]
