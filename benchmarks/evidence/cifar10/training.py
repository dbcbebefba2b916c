"""One training on CIFAR-10: a way to mix, and what came of it."""

import dataclasses
import time
from functools import partial

import keras
import numpy as np

import keras_mixup
from benchmarks.evidence import measures
from benchmarks.evidence.cifar10 import data
from benchmarks.evidence.cifar10.methods import STUDIES
from benchmarks.evidence.cifar10.network import build
from benchmarks.evidence.training import Batches
from benchmarks.evidence.training import StepTimes

PREDICTED = 500


class AugmentedBatches(Batches):
    """Shuffled batches of augmented images, of what else goes in, and of labels."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        return {**x, "x": data.scaled(data.augmented(x["x"], self.rng))}, y


class Training:
    """A model and all that its training takes.

    Args:
        study: The `Study`.
        method: One of its methods.
        seed: Seed of the images, of the weights, of the batches and of the mixing.
        epochs: Number of epochs of the whole training.
        source: As for `data.arrays`.
        build: Function of a study, a method, a number of steps and a layer to a model.
        clock: As for `StepTimes`.
        dtype: The dtype policy of Keras.
    """

    def __init__(
        self,
        study,
        method,
        seed,
        epochs,
        source=None,
        build=build,
        clock=time.process_time,
        dtype="float32",
    ):
        keras.utils.clear_session()
        # Not before: a new session has forgotten it.
        keras.mixed_precision.set_dtype_policy(dtype)
        keras.utils.set_random_seed(seed)
        self.split = split = study.load(seed, source)
        self.batch_size, self.seed = study.batch_size, seed
        mix = method.mix(seed=seed) if method.mix else None
        steps = len(split.y) // study.batch_size * epochs
        self.model = build(study, method, steps, mix)
        self.x, self.x_test = {"x": split.x}, {"x": data.scaled(split.x_test)}
        self.y = np.eye(study.classes)[split.y] if method.smoothing else split.y
        self.times, self.clean = StepTimes(clock), None
        self.callbacks = [self.times]
        if method.trusting:
            self._trust(warm_up=max(1, epochs // 4))
        if method.schedule:
            schedule = keras_mixup.MixupScheduler(mix, method.schedule(epochs), "prob")
            self.callbacks.append(schedule)

    def _trust(self, warm_up):
        known = np.ones(len(self.y), "float32")
        self.clean = keras_mixup.CleanProbability(
            {"x": data.scaled(self.split.x), "confidence": known},
            self.y,
            warm_up,
            batch_size=PREDICTED,
        )
        self.x["confidence"] = self.clean.probability
        self.x_test["confidence"] = np.ones(len(self.split.y_test), "float32")
        self.callbacks.append(self.clean)

    def fit(self, first, last):
        """Trains the epochs from `first` up to, but not including, `last`."""
        self.model.fit(
            AugmentedBatches(self.x, self.y, self.batch_size, [self.seed, first]),
            initial_epoch=first,
            epochs=last,
            shuffle=False,
            callbacks=self.callbacks,
            verbose=0,
        )

    def estimate(self, epoch):
        """Estimates which labels are right, as at the end of an epoch."""
        if self.clean and epoch >= self.clean.warm_up:
            self.clean.refresh(self.model)

    def measured(self):
        """A dict of what was measured on the test set, and of the time of a step."""
        logits = self.model.predict(self.x_test, batch_size=PREDICTED, verbose=0)
        p = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
        found = measures.classification(p, self.split.y_test)
        return found | {"ms": self.times.milliseconds()}


def work(job, source=None, dtype="float32", quick=False):
    """Trains once, and returns the job with its results.

    Args:
        job: A dict of the names of study and method, of seed and epochs.
        source: As for `data.arrays`.
        dtype: As for `Training`.
        quick: Whether a few images and a tiny network do.
    """
    study = STUDIES[job["study"]]
    if quick:
        few = partial(study.load, train=200)
        study = dataclasses.replace(study, load=few, units=(8, 8))
    method = study.methods[job["method"]]
    seed, epochs = job["seed"], job["epochs"]
    training = Training(study, method, seed, epochs, source, dtype=dtype)
    training.fit(0, job["epochs"])
    return {**job, **training.measured()}
