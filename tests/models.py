"""Small models, and their training by hand, for the tests of whole models."""

import keras
import numpy as np
from keras import ops

import keras_mixup

BACKEND = keras.backend.backend()
CLASSES = 3
FEATURES = 4

# The ways in which `fit` runs a step.
WAYS = {
    "tensorflow": {
        "eager": {"run_eagerly": True},
        "graph": {"jit_compile": False},
        "jit": {"jit_compile": True},
        "steps": {"steps_per_execution": 4},
    },
    "jax": {
        "eager": {"run_eagerly": True},
        "jit": {"jit_compile": True},
        "steps": {"steps_per_execution": 4},
    },
    # `torch.compile` takes half a minute: it has a test of its own.
    "torch": {"eager": {"run_eagerly": True}, "default": {"jit_compile": False}},
}[BACKEND]
COMPILED = {"jit_compile": BACKEND != "torch"}
# XLA takes TensorFlow a second a model: for what no compiler can change.
QUICK = {"jit_compile": BACKEND == "jax"}


class FixedMixUp(keras_mixup.MixUp):
    """A layer whose plan is known outside, also that of a compiled step.

    Args:
        step: How far away the partner is, or a function that tells.
    """

    def __init__(self, step=1, **kwargs):
        super().__init__(**kwargs)
        self.step = step

    def draw_plan(self, x, **_):
        step = self.step() if callable(self.step) else self.step
        own = ops.arange(ops.shape(keras.tree.flatten(x)[0])[0], dtype="int32")
        rows = (own + step) % ops.shape(own)[0]
        share = ops.cast(1 + (step * own) % 4, "float32") / 10
        return keras_mixup.MixPlan(rows, share)


def fixed_plan(size, step=1):
    """The samples and shares of `FixedMixUp`."""
    own = np.arange(size)
    return (own + step) % size, (1 + (step * own) % 4) / 10


class PlanLog(keras.callbacks.Callback):
    """Notes the plan of every batch of a `Revealing` model."""

    def __init__(self):
        super().__init__()
        self.plans = []

    def on_train_batch_end(self, batch, logs=None):
        size = sum(name.startswith("sample") for name in logs)
        rows = [int(logs[f"sample{i}"]) for i in range(size)]
        share = [float(logs[f"share{i}"]) for i in range(size)]
        self.plans.append((np.array(rows), np.array(share)))


class Revealing(keras.Sequential):
    """A model that logs the plan of each step, also of a compiled one."""

    def compute_loss(self, *args, **kwargs):
        # Looked at before the loss is known, which ends the step.
        self._revealed = self.layers[0].plan
        return super().compute_loss(*args, **kwargs)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        plan, self._revealed = self._revealed, None
        logs = super().compute_metrics(x, y, y_pred, sample_weight)
        for i in range(0 if plan is None else x.shape[0]):
            logs |= {f"sample{i}": plan.partners[i], f"share{i}": plan.share[i]}
        return logs


def data(size=20, seed=0):
    """Samples to classify; 20 are five batches of 4."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(size, FEATURES)).astype("float32")
    return x, rng.integers(0, CLASSES, size)


def classifier(mix, kind=keras.Sequential, **kwargs):
    """A softmax regression behind `mix` (which may be `None`)."""
    head = keras.layers.Dense(CLASSES, activation="softmax", use_bias=False, **kwargs)
    return kind([keras.Input((FEATURES,)), *([mix] if mix else []), head])


def compiled(model, mix, learning_rate=0.5, **kwargs):
    """`model`, compiled with the pair loss of `mix`."""
    loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile(keras.optimizers.SGD(learning_rate), loss, **kwargs)
    return model


def fit(model, x, y, batch_size=4, epochs=3, **kwargs):
    """The history of a training that sees the samples in order."""
    return model.fit(
        x, y, batch_size, epochs, shuffle=False, verbose=0, **kwargs
    ).history


def kernel_of(model):
    return ops.convert_to_numpy(model.layers[-1].kernel).astype("float64")


def mixed(x, rows, share):
    """λ·x + (1 − λ)·x[samples] in NumPy."""
    share = share.reshape((-1,) + (1,) * (x.ndim - 1))
    return (1 - share) * x + share * x[rows]


def crossentropy(y, p):
    """-log p[y] of each sample."""
    return -np.log(np.asarray(p, "float64")[np.arange(len(y)), y])


def squared_error(y, p):
    return np.mean((np.asarray(p, "float64") - y) ** 2, axis=-1)


def pair_loss(y, p, rows, share, values=crossentropy):
    """λ·ℓ(y, p) + (1 − λ)·ℓ(y[samples], p), meaned over the batch."""
    return np.mean((1 - share) * values(y, p) + share * values(y[rows], p))


def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def fit_by_hand(
    kernel,
    x,
    y,
    epochs=3,
    batch_size=4,
    weight=None,
    learning_rate=0.5,
    accumulate=1,
    plan=fixed_plan,
):
    """The loss of each epoch of mixup of a softmax regression, and its kernel.

    Args:
        learning_rate: A number, or one for each epoch.
        accumulate: The number of steps whose gradients make one update.
        plan: The samples and shares of the next batch, a function of its size.
    """
    weight = np.ones(len(x)) if weight is None else weight
    rates = np.broadcast_to(learning_rate, epochs)
    losses, gradients = [], []
    for rate in rates:
        total = 0
        for start in range(0, len(x), batch_size):
            x_, y_, w = (a[start : start + batch_size] for a in (x, y, weight))
            rows, share = plan(len(x_))
            x_ = mixed(x_, rows, share)
            p = softmax(x_ @ kernel)
            gradient = 0
            for part, labels in (((1 - share) * w, y_), (share * w[rows], y_[rows])):
                total += np.sum(part * crossentropy(labels, p))
                error = p - np.eye(CLASSES)[labels]
                gradient = gradient + x_.T @ (part[:, None] * error) / len(x_)
            gradients.append(gradient)
            if len(gradients) == accumulate:
                kernel = kernel - rate * np.mean(gradients, axis=0)
                gradients = []
        losses.append(total / len(x))
    return losses, kernel
