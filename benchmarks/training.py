"""Training steps of a small CNN with mixup, over the same steps without it."""

import time
import warnings

import keras
import numpy as np
from keras import layers

import keras_mixup
from benchmarks.results import emit_ratio
from benchmarks.results import run
from benchmarks.timing import in_turn

ROWS, STEPS = 128, 20
DRAWS = np.random.default_rng(0)


class PlainBlend(layers.Layer):
    """The least that a mixup of inputs does: gather, multiply and add."""

    def call(self, x):
        ops = keras.ops
        share = ops.full((ops.shape(x)[0], 1, 1, 1), 0.3)
        partner = ops.take(x, ops.flip(ops.arange(ops.shape(x)[0])), axis=0)
        return (1 - share) * x + share * partner


class PlainPaste(layers.Layer):
    """The least that CutMix does to inputs: gather and select, by one fixed box."""

    def call(self, x):
        ops = keras.ops
        partner = ops.take(x, ops.flip(ops.arange(ops.shape(x)[0])), axis=0)
        rows, columns = (ops.arange(size) for size in x.shape[1:3])
        inside = ops.logical_and(rows[:, None] < 16, columns < 16)
        return ops.where(inside[..., None], partner, x)


class BlendOfBoth(PlainBlend):
    """`PlainBlend` for a loss that has both labels, as `two_losses` has."""


class DrawnBlend(BlendOfBoth):
    """The same, with partners and shares that NumPy draws for every batch."""

    def call(self, x):
        ops, size = keras.ops, len(x)
        share = ops.convert_to_tensor(DRAWS.beta(0.2, 0.2, (size, 1, 1, 1)), x.dtype)
        partners = ops.convert_to_tensor(DRAWS.permutation(size))
        return (1 - share) * x + share * ops.take(x, partners, axis=0)


class PasteOfBoth(PlainPaste):
    """`PlainPaste` for such a loss."""


def two_losses(y_true, y_pred):
    """The least that a mixup of labels does: a loss of each, multiply and add."""
    loss = keras.losses.sparse_categorical_crossentropy
    partner = keras.ops.flip(y_true, axis=0)
    return 0.7 * loss(y_true, y_pred) + 0.3 * loss(partner, y_pred)


# What stands beside: the same model once more, which shows what such a ratio is worth;
# one product; the least of a blend, without and with its labels; the least of CutMix;
# mixups of the inputs alone. The last is what MixUp costs without its loss.
REFERENCES = {
    "none, once more": lambda: None,
    "keras.layers.Rescaling": lambda: layers.Rescaling(1.01),
    "gather, multiply and add": PlainBlend,
    "gather, multiply and add, of two losses as well": BlendOfBoth,
    "gather and select, of two losses as well": PasteOfBoth,
    "keras.layers.MixUp": layers.MixUp,
    "MixUp with a plain loss": keras_mixup.MixUp,
}
# A graph would draw once, when it is traced.
DRAWN = {"a draw, gather, multiply and add, of two losses as well": DrawnBlend}
CHOICE, PLACES = "RandomChoice of both", "ManifoldMixUp of three places"
OF_OTHERS = {"CutMix": 1.05, CHOICE: 1.05, PLACES: None}
EAGER = {"CutMix": 1.12, CHOICE: 1.15, PLACES: 1.15}
LIMITS = {
    "tensorflow": {"graph": 1.03, "jit_compile": 1.05},
    "jax": {"jit_compile": 1.03},
    "torch": {"eager": 1.1},
}


class Stopwatch(keras.callbacks.Callback):
    """Takes the time of an epoch, without what `fit` does before and after it."""

    def on_epoch_begin(self, epoch, logs=None):
        self._start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        float(logs["loss"])  # On JAX the last step may still be running.
        self.seconds = time.perf_counter() - self._start


def data():
    """What the input pipeline of each backend takes least time to hand over."""
    steps = 1 if keras.backend.backend() == "tensorflow" else STEPS
    shape = (steps * ROWS, 32, 32, 3)
    x = np.random.default_rng(0).random(shape, dtype="float32")
    y = np.arange(len(x)) % 10
    if steps == STEPS:
        return {"x": x, "y": y, "batch_size": ROWS, "shuffle": False}
    import tensorflow as tf

    return {"x": tf.data.Dataset.from_tensors((x, y)).cache().repeat(STEPS)}


def cnn(layer, jit_compile, track=False, labels=True):
    """A small CNN, behind a layer if there is one, whose loss mixes `labels`."""
    keras.utils.set_random_seed(0)
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input((32, 32, 3))])
    if layer is not None:
        model.add(layer)
    if hasattr(layer, "plan") and labels:
        loss = keras_mixup.MixupLoss(loss, layer, track=track)
    if isinstance(layer, (BlendOfBoth, PasteOfBoth)):
        loss = two_losses
    for filters in (32, 64):
        model.add(layers.Conv2D(filters, 3, 2, activation="relu"))
        if hasattr(layer, "site"):
            model.add(layer.site())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("sgd", loss, jit_compile=jit_compile)
    return model


def epochs(model, batches):
    """A function of the seconds that one epoch takes."""
    stopwatch = Stopwatch()

    def seconds():
        model.fit(**batches, verbose=0, callbacks=[stopwatch])
        return stopwatch.seconds / STEPS

    return seconds


def check(make, jit_compile, batches):
    """Raises unless inputs are mixed and the loss heeds it."""
    model = cnn(make(), jit_compile, track=True)
    logs = model.fit(**batches, verbose=0).history
    if not 0.5 < logs["mixup_lam"][0] < 0.99:
        raise AssertionError(f"{make} mixes nothing: {logs}")


def measure(quick):
    """Hands over the ratios of one backend."""
    # Of the reference that mixes no labels.
    warnings.filterwarnings("ignore", "The layer .* mixed the inputs")
    makers = {
        "MixUp": keras_mixup.MixUp,
        "AdaptiveMixUp": lambda: keras_mixup.AdaptiveMixUp("similarity"),
        "CutMix": keras_mixup.CutMix,
        CHOICE: lambda: keras_mixup.RandomChoice(
            [keras_mixup.MixUp(0.8), keras_mixup.CutMix(1.0)]
        ),
        PLACES: lambda: keras_mixup.ManifoldMixUp(1.0),
    }
    batches = data()
    for mode, limit in LIMITS[keras.backend.backend()].items():
        jit_compile = mode == "jit_compile"
        for make in makers.values():
            check(make, jit_compile, batches)
        models = {"none": cnn(None, jit_compile)}
        references = {} if jit_compile else dict(REFERENCES)
        if mode == "eager":
            references |= DRAWN
        for name, make in {**makers, **references}.items():
            models[name] = cnn(make(), jit_compile, labels=name not in references)
        functions = {name: epochs(model, batches) for name, model in models.items()}
        times = in_turn(functions, 3 if quick else 90, warm_up=2, most=200.0)
        title = f"training step of a CNN, 128 × 32 × 32 × 3, {mode}"
        emit_ratio(f"{title}, MixUp over none", times, "MixUp", "none", limit)
        name = f"{title}, AdaptiveMixUp over MixUp"
        emit_ratio(name, times, "AdaptiveMixUp", "MixUp", 1.05)
        for name, most in (EAGER if mode == "eager" else OF_OTHERS).items():
            emit_ratio(f"{title}, {name} over none", times, name, "none", most)
        for name in references:
            emit_ratio(f"{title}, {name} over none", times, name, "none", None)


if __name__ == "__main__":
    run(measure)
