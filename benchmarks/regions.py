"""CutMix, and the choice of it and MixUp, in a `tf.data` stage.

Over `keras.layers.CutMix`, over a copy of the batch, and over MixUp in the same place.
"""

import keras
import numpy as np

import keras_mixup
from benchmarks.pipelines import CLASSES
from benchmarks.pipelines import as_dict
from benchmarks.pipelines import data
from benchmarks.results import emit_ratio
from benchmarks.results import run
from benchmarks.stages import one_by_one
from benchmarks.timing import in_turn
from benchmarks.timing import timed

SHAPE = (128, 224, 224, 3)
TITLE = "tf.data, " + " × ".join(map(str, SHAPE))
OWN, KERAS = "keras_mixup.CutMix", "keras.layers.CutMix"
# For each dtype, over Keras's layer, over a copy, and of the choice over MixUp.
LIMITS = {"float32": (0.12, 1.8, 1.25), "uint8": (0.1, 1.3, 1.6)}


def layers():
    """The layers to time, with integer labels."""
    mixup = keras_mixup.MixUp(num_classes=CLASSES)
    cutmix = keras_mixup.CutMix(num_classes=CLASSES)
    choice = keras_mixup.RandomChoice(
        [keras_mixup.MixUp(0.8), keras_mixup.CutMix(1.0)], num_classes=CLASSES
    )
    fourier = keras_mixup.CutMix(region="fourier", num_classes=CLASSES)
    return {"MixUp": mixup, "CutMix": cutmix, "RandomChoice": choice, "FMix": fourier}


def of_labels(rounds):
    """Batches with class ids, over a copy of the images and over MixUp."""
    images, _ = data(SHAPE, "float32")
    target = np.zeros_like(images)
    for dtype, (_, over_copy, over_mixup) in LIMITS.items():
        batch = data(SHAPE, dtype)
        stages = {name: one_by_one(batch, mix) for name, mix in layers().items()}
        stages["copy"] = timed(lambda: np.copyto(target, images))
        times = in_turn(stages, rounds)
        title = f"{TITLE} {dtype}"
        name = f"{title}, CutMix over np.copyto of the float32 batch"
        emit_ratio(name, times, "CutMix", "copy", over_copy)
        name = f"{title}, RandomChoice of MixUp and CutMix over MixUp"
        emit_ratio(name, times, "RandomChoice", "MixUp", over_mixup)
        name = f"{title}, CutMix with a Fourier region over CutMix"
        emit_ratio(name, times, "FMix", "CutMix", None)


def of_dicts(rounds):
    """The dict that Keras's layer takes."""
    for dtype, (over_keras, _, _) in LIMITS.items():
        batch = as_dict(*data(SHAPE, dtype))
        both = {OWN: keras_mixup.CutMix(), KERAS: keras.layers.CutMix()}
        stages = {name: one_by_one(batch, mix) for name, mix in both.items()}
        times = in_turn(stages, rounds)
        emit_ratio(f"{TITLE} {dtype}, over {KERAS}", times, OWN, KERAS, over_keras)


def measure(quick):
    """Hands over all ratios."""
    rounds = 3 if quick else 40
    of_labels(rounds)
    of_dicts(rounds)


if __name__ == "__main__":
    run(measure)
