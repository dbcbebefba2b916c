"""One training on CIFAR-10: a way to mix, and what came of it."""

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


def train(study, method, seed, epochs, source=None):
    """Trains once, and returns what was measured.

    Args:
        study: The `Study`.
        method: One of its methods.
        seed: Seed of the images, of the weights, of the batches and of the mixing.
        epochs: Number of epochs, more than two.
        source: As for `data.arrays`.

    Returns:
        A dict of numbers by their names.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    split = study.load(seed, source)
    mix = method.mix(seed=seed) if method.mix else None
    steps = len(split.y) // study.batch_size
    model = build(study, method, steps * epochs, mix)

    x, x_test = {"x": split.x}, {"x": data.scaled(split.x_test)}
    y = np.eye(study.classes)[split.y] if method.smoothing else split.y
    times, callbacks = StepTimes(), []
    if method.trusting:
        x_test["confidence"] = np.ones(len(split.y_test), "float32")
        clean = keras_mixup.CleanProbability(
            {"x": data.scaled(split.x), "confidence": np.ones(len(y), "float32")},
            y,
            warm_up=max(1, epochs // 4),
            batch_size=PREDICTED,
        )
        x["confidence"] = clean.probability
        callbacks.append(clean)
    if method.schedule:
        schedule = method.schedule(epochs)
        callbacks.append(keras_mixup.MixupScheduler(mix, schedule, "prob"))
    batches = AugmentedBatches(x, y, study.batch_size, seed)
    settings = {"epochs": epochs, "shuffle": False, "verbose": 0}
    model.fit(batches, callbacks=[times, *callbacks], **settings)
    logits = model.predict(x_test, batch_size=PREDICTED, verbose=0)
    p = keras.ops.convert_to_numpy(keras.ops.softmax(logits))
    return measures.classification(p, split.y_test) | {"ms": times.milliseconds()}


def work(job, source=None, dtype="float32"):
    """Trains once, and returns the job with its results.

    Args:
        job: A dict of the names of study and method, of seed and epochs.
        source: As for `data.arrays`.
        dtype: The dtype policy of Keras.
    """
    keras.mixed_precision.set_dtype_policy(dtype)
    study = STUDIES[job["study"]]
    method = study.methods[job["method"]]
    return {**job, **train(study, method, job["seed"], job["epochs"], source)}
