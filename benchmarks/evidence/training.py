"""One training: a network, a way to mix, and what came of it."""

import time

import keras
import numpy as np
from keras import layers

import keras_mixup
from benchmarks.evidence import measures
from benchmarks.evidence.methods import STUDIES

# The first epochs compile.
WARM_UP = 2


class StepTimes(keras.callbacks.Callback):
    """Seconds a step of each epoch, without its validation.

    Args:
        clock: Function that returns seconds. Defaults to the time that passes.
    """

    def __init__(self, clock=time.perf_counter):
        super().__init__()
        self.clock, self.seconds = clock, []

    def on_epoch_begin(self, epoch, logs=None):
        self.steps, self.start = 0, self.clock()

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1

    def on_test_begin(self, logs=None):
        self.seconds.append((self.clock() - self.start) / self.steps)
        self.steps = 0

    def on_epoch_end(self, epoch, logs=None):
        if self.steps:
            self.on_test_begin()  # There was no validation.

    def milliseconds(self):
        """The median, without the first epochs."""
        return 1000 * float(np.median(self.seconds[WARM_UP:] or self.seconds))


class Batches(keras.utils.PyDataset):
    """Shuffled batches of inputs, which may change between epochs, and labels."""

    def __init__(self, x, y, batch_size, seed):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.y))

    def __len__(self):
        return len(self.y) // self.batch_size

    def __getitem__(self, index):
        rows = self.order[index * self.batch_size :][: self.batch_size]
        return {name: part[rows] for name, part in self.x.items()}, self.y[rows]


def build(study, method, shape, mix):
    """The network, compiled, with the layer at its place."""
    inputs = {"x": keras.Input(shape, name="x")}
    dense = [
        layers.Dense(units, "relu", kernel_regularizer=keras.regularizers.L2(method.l2))
        for units in study.units
    ]
    x, hidden = inputs["x"], dense
    if len(shape) == 2:
        x, hidden = layers.Masking()(x), [*dense, layers.GlobalAveragePooling1D()]
    if method.trusting:
        inputs["confidence"] = keras.Input((), name="confidence")
        x = mix({**inputs, "x": x})["x"]
    elif mix is not None and method.place != "pipeline":
        first, *rest = hidden
        hidden = {
            "input": lambda: [mix, *hidden],
            "hidden": lambda: [first, mix, *rest],
            "each": lambda: [mix, first, mix.site(), *rest, mix.site()],
        }[method.place]()
    for layer in hidden:
        x = layer(x)
    outputs = layers.Dense(
        study.classes or 1, activation="softmax" if study.classes else None
    )(x)
    loss = keras.losses.MeanSquaredError()
    if study.classes:
        loss = keras.losses.SparseCategoricalCrossentropy()
    if method.smoothing:
        loss = keras.losses.CategoricalCrossentropy(label_smoothing=method.smoothing)
    if mix is not None and method.place != "pipeline":
        loss = keras_mixup.MixupLoss(loss, mix)
    model = keras.Model(inputs, outputs)
    metrics = ["accuracy"] if study.classes else []
    model.compile(keras.optimizers.Adam(study.rate), loss, metrics=metrics)
    return model


def train(study, method, seed, epochs):
    """Trains once, and returns what was measured.

    Args:
        study: The `Study`.
        method: One of its methods.
        seed: Seed of the split, of the weights, of the batches and of the mixing.
        epochs: Number of epochs, more than two.

    Returns:
        A dict of numbers by their names.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    split = study.load(seed)
    mix = method.mix(seed=seed) if method.mix else None
    model = build(study, method, split.x.shape[1:], mix)

    y, y_test = split.y, split.y_test
    if method.smoothing:
        y, y_test = np.eye(study.classes)[y], np.eye(study.classes)[y_test]
    x, x_test = {"x": split.x}, {"x": split.x_test}
    times, callbacks = StepTimes(), []
    if method.trusting:
        x_test["confidence"] = np.ones(len(y_test), "float32")
        start = {**x, "confidence": np.ones(len(y), "float32")}
        clean = keras_mixup.CleanProbability(
            start, y, warm_up=max(1, epochs // 4), batch_size=1000
        )
        x["confidence"] = clean.probability
        callbacks.append(clean)
    if method.schedule:
        schedule = method.schedule(epochs)
        callbacks.append(keras_mixup.MixupScheduler(mix, schedule))
    batches = Batches(x, y, study.batch_size, seed)
    if method.place == "pipeline":
        batches = keras_mixup.MixupDataset(batches, mix)
    logs = model.fit(
        batches,
        epochs=epochs,
        shuffle=False,
        validation_data=(x_test, y_test),
        validation_batch_size=1000,
        callbacks=[times, *callbacks],
        verbose=0,
    )
    predicted = model.predict(x_test, batch_size=1000, verbose=0)
    step = {"ms": times.milliseconds()}
    if not study.classes:
        return measures.regression(predicted, split.y_test, split.unit) | step
    best = 100 * (1 - max(logs.history["val_accuracy"]))
    found = measures.classification(predicted, split.y_test)
    return found | {"best": best} | step


def work(job):
    """Trains once, and returns the job with its results."""
    study = STUDIES[job["study"]]
    method = study.methods[job["method"]]
    return {**job, **train(study, method, job["seed"], job["epochs"])}
