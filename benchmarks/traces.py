"""How often a training step is traced and compiled while α follows a schedule."""

import keras
import numpy as np

import keras_mixup
from benchmarks.results import emit
from benchmarks.results import run

EPOCHS, ROWS, BATCH = 3, 80, 32
SHAPES = len({BATCH, ROWS % BATCH})


class Traced(keras.Sequential):
    """A model that counts how often Python runs its training step."""

    traces = 0

    def train_step(self, *args, **kwargs):
        self.traces += 1
        return super().train_step(*args, **kwargs)


def compilations():
    """A list that grows by one at every compilation of JAX, and only there."""
    events = []
    if keras.backend.backend() == "jax":
        import jax

        def listen(event, duration, **kwargs):
            if event == "/jax/core/compile/backend_compile_duration":
                events.append(event)

        jax.monitoring.register_event_duration_secs_listener(listen)
    return events


def count(mixes, jit_compile, events):
    """Trains, and counts.

    Returns:
        How often the step was traced, and JAX's compilations by the end of each epoch.
    """
    x = np.random.default_rng(0).random((ROWS, 8), dtype="float32")
    y = np.arange(ROWS) % 10
    loss, callbacks, alphas = "sparse_categorical_crossentropy", [], []
    model = Traced([keras.Input((8,))])
    if mixes:
        mix = keras_mixup.MixUp()
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
        callbacks = [
            keras_mixup.MixupScheduler(mix, lambda epoch: 1.0 / (1 + epoch)),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: alphas.append(mix.alpha)
            ),
        ]
    model.add(keras.layers.Dense(10, activation="softmax"))
    model.compile("sgd", loss, jit_compile=jit_compile)
    ends, before = [], len(events)
    callbacks.append(
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: ends.append(len(events) - before)
        )
    )
    model.fit(x, y, BATCH, EPOCHS, verbose=0, callbacks=callbacks)
    if mixes and len(set(alphas)) != EPOCHS:
        raise AssertionError(f"α does not follow its schedule: {alphas}")
    return model.traces, ends


def measure(quick):
    """Hands over the traces for each batch shape, which come to one at most."""
    events = compilations()
    jax = keras.backend.backend() == "jax"
    for jit_compile in (True,) if jax else (False, True):
        control, _ = count(False, jit_compile, events)
        traces, ends = count(True, jit_compile, events)
        detail = f"{traces} for {SHAPES} shapes, {control} without mixup"
        mode = "jit_compile" if jit_compile else "graph"
        name = f"traces a batch shape, {EPOCHS} epochs of scheduled α, {mode}"
        emit(name, [traces / SHAPES], 1, detail, unit="")
        if jax:
            name = f"compilations in the epochs 2 to {EPOCHS} of scheduled α"
            detail = f"{ends[0]} in the first"
            emit(name, [ends[-1] - ends[0]], 0, detail, unit="")


if __name__ == "__main__":
    run(measure)
