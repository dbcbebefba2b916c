"""What mixing costs where every operation is a call: PyTorch in eager mode, and NumPy.

The call of a layer is compared with that of `keras.layers.MixUp`, which mixes no labels
in a model, and with the operations that no mixup can do without. What is left on top
is given in the microseconds of its parts.
"""

import collections
import warnings

import keras
import numpy as np

import keras_mixup
from benchmarks.results import emit
from benchmarks.results import emit_ratio
from benchmarks.results import run
from benchmarks.timing import in_turn
from benchmarks.timing import timed

CLASSES = 10
# Over `keras.layers.MixUp`.
SHAPES = {(128, 32, 32, 3): 0.4, (128, 224, 224, 3): 0.5}
MOST_OPERATIONS, OVER_PLAIN = 60, 1.4


class Passing(keras.layers.Layer):
    """A layer that does nothing, which shows what Keras's call takes."""

    def call(self, x, training=None):
        return x


def layers():
    """The layers of a model."""
    return {
        "MixUp": keras_mixup.MixUp(),
        "CutMix": keras_mixup.CutMix(),
        "RandomChoice": keras_mixup.RandomChoice(
            [keras_mixup.MixUp(0.8), keras_mixup.CutMix(1.0)]
        ),
    }


def calls(rounds):
    """Calls in training, over that of Keras's layer and over gather, multiply, add."""
    import torch

    # No loss reads the plans.
    warnings.filterwarnings("ignore", "The layer .* mixed the inputs")
    for shape, limit in SHAPES.items():
        x = torch.rand(shape)
        partners, share = torch.randperm(len(x)), torch.rand(len(x), 1, 1, 1)
        theirs = {"keras.layers.MixUp": keras.layers.MixUp(), "nothing": Passing()}
        mixers = layers() | theirs
        functions = {
            name: timed(lambda mix=mix, x=x: mix(x, training=True))
            for name, mix in mixers.items()
        }
        functions["plain"] = timed(
            lambda x=x, at=partners, by=share: (
                x.index_select(0, at).mul_(by).addcmul_(x, 1 - by)
            )
        )
        times = in_turn(functions, rounds)
        title = f"a layer's call in training, {' × '.join(map(str, shape))}"
        name = f"{title}, MixUp over keras.layers.MixUp"
        emit_ratio(name, times, "MixUp", "keras.layers.MixUp", limit)
        name = f"{title}, a layer that does nothing over keras.layers.MixUp"
        emit_ratio(name, times, "nothing", "keras.layers.MixUp", None)
        for name in layers():
            over = f"{title}, {name} over gather, multiply and add in place"
            emit_ratio(over, times, name, "plain", None)


def operations():
    """The operations of ATen that a step adds, and the numbers that it reads back."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            counts[operation.overloadpacket.__name__] += 1
            return operation(*args, **(kwargs or {}))

    x, y = torch.rand(128, 32, 32, 3), torch.arange(128) % CLASSES
    p = torch.softmax(torch.randn(128, CLASSES), -1).requires_grad_()
    plain = keras.losses.SparseCategoricalCrossentropy()
    steps = {"none": lambda: plain(y, p).backward()}
    for name, layer in layers().items():
        loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", layer)

        def step(layer=layer, loss=loss):
            layer(x, training=True)
            loss(y, p).backward()

        steps[name] = step
    found = {}
    for name, step in steps.items():
        step()
        counts = collections.Counter()
        with Count():
            step()
        found[name] = counts
    for name in layers():
        added = found[name].total() - found["none"].total()
        title = f"operations of ATen that {name} and MixupLoss add to a step"
        of_loss = found["none"].total()
        detail = f"{added + of_loss} with both, {of_loss} of the plain loss"
        emit(title, [added], MOST_OPERATIONS, detail, unit="")
        read = found[name]["_local_scalar_dense"]
        title = f"numbers that a step with {name} reads back from the device"
        emit(title, [read], 0, "on the host", unit="")


def arrays(rounds):
    """A batch with labels on NumPy, over the operations that it cannot do without."""
    rng = np.random.default_rng(0)
    images = rng.random((256, 32, 32, 3), dtype="float32")
    labels, one_hot = np.arange(256) % CLASSES, np.eye(CLASSES, dtype="float32")
    mix = keras_mixup.MixUp(num_classes=CLASSES)

    def plain():
        partners = rng.permutation(256)
        share = rng.beta(0.2, 0.2, 256).astype("float32")
        for x in (images, one_hot[labels]):
            mixed, by = (
                np.take(x, partners, axis=0),
                share.reshape(-1, *[1] * x[0].ndim),
            )
            mixed -= x
            mixed *= by
            mixed += x

    tiny = images[:, :1, :1]
    functions = {
        "MixUp": timed(lambda: mix(images, labels)),
        "plain": timed(plain),
        "one pixel": timed(lambda: mix(tiny, labels)),
    }
    times = in_turn(functions, rounds)
    title = "NumPy, 256 × 32 × 32 × 3 float32 with class ids"
    emit_ratio(
        f"{title}, over take and in-place operations",
        times,
        "MixUp",
        "plain",
        OVER_PLAIN,
    )
    name = f"{title}, of which all but the blend of the images"
    emit_ratio(name, times, "one pixel", "plain", None)


def measure(quick):
    """Hands over what was measured."""
    calls(3 if quick else 60)
    operations()
    arrays(3 if quick else 200)


if __name__ == "__main__":
    run(measure)
