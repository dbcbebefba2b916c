"""Training steps of a ResNet-50 with the layers, over the same steps without.

`fit` with `jit_compile="auto"`, on a batch that is on the device already: what a
pipeline takes is not in it. TensorFlow takes its batch from the host.
"""

import itertools

import keras
import numpy as np

import keras_mixup
from benchmarks.gpu.calls import LAYERS
from benchmarks.gpu.device import BACKEND
from benchmarks.gpu.part import run
from benchmarks.results import emit
from benchmarks.results import emit_ratio
from benchmarks.timing import in_turn
from benchmarks.training import Stopwatch
from benchmarks.training import cnn

SHAPE, CLASSES = (128, 224, 224, 3), 1000
SMALL, FEW = (8, 32, 32, 3), 10
AUTO = "auto"


def resnet(layer):
    """A ResNet-50, behind a layer and with its loss if there is one."""
    keras.utils.set_random_seed(0)
    network = keras.applications.ResNet50(
        weights=None, input_shape=SHAPE[1:], classes=CLASSES
    )
    loss = "sparse_categorical_crossentropy"
    mixes = [] if layer is None else [layer]
    if mixes:
        loss = keras_mixup.MixupLoss(loss, layer)
    model = keras.Sequential([keras.Input(SHAPE[1:]), *mixes, network])
    model.compile("sgd", loss, jit_compile=AUTO)
    return model


def batches(shape, classes, steps):
    """A function of nothing to the arguments of `fit`: one batch, `steps` times."""
    x = np.random.default_rng(0).random(shape, dtype="float32")
    y = np.arange(len(x)) % classes
    if BACKEND == "tensorflow":
        import tensorflow as tf

        dataset = tf.data.Dataset.from_tensors((x, y)).cache().repeat()
        return lambda: {"x": dataset, "steps_per_epoch": steps}
    x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
    # A generator: of all that `fit` takes, it alone leaves tensors where they are.
    return lambda: {
        "x": (each for each in itertools.repeat((x, y))),
        "steps_per_epoch": steps,
        "shuffle": False,
    }


def trained(model, data, steps):
    """A function of the seconds that one step of an epoch takes, compiled.

    Args:
        model: The model.
        data: What `batches` returned.
        steps: How many steps that is.
    """
    stopwatch = Stopwatch()

    def seconds():
        model.fit(**data(), verbose=0, callbacks=[stopwatch])
        return stopwatch.seconds / steps

    seconds()
    return seconds


def compare(title, name, none, make, part, rounds):
    """Hands over what a layer adds to a step.

    Args:
        title: What is trained.
        name: Name of the layer.
        none: What `trained` returned of the model without it.
        make: Function of nothing to what `trained` returns of the model with it.
        part: The `Part`.
        rounds: How often to time both.
    """
    both = {"none": none, name: make()}
    times = in_turn(both, rounds, warm_up=1, most=min(30.0, part.left()))
    emit_ratio(f"{title}, {name} over none", times, name, "none", None)
    more = 1000 * (times[name] - times["none"])
    detail = f"of a step of {1000 * np.median(times['none']):.4g} ms"
    emit(f"{title}, {name} less none", more, None, detail, unit=" ms")


def measure(part):
    """Hands over what each layer adds to a step of one backend."""
    if part.quick:
        title, shape, classes, steps, rounds = "a small CNN", SMALL, FEW, 2, 3
    else:
        title, shape, classes, steps, rounds = "ResNet-50", SHAPE, CLASSES, 20, 10
    title = f"training step of {title}, {' × '.join(map(str, shape))}, auto"
    data = batches(shape, classes, steps)

    def make(layer):
        model = cnn(layer, AUTO) if part.quick else resnet(layer)
        return trained(model, data, steps)

    none = part.attempt(f"{title}, none", make, None)
    # One after the other, each with its result, as they take long to compile.
    for name, maker in LAYERS.items() if none else ():

        def with_layer(maker=maker):
            return make(maker())

        what = title, name, none, with_layer, part, rounds
        part.attempt(f"{title}, {name}", compare, *what)


if __name__ == "__main__":
    run("steps", measure)
