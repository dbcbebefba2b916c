"""What a policy costs: `AdaptiveMixUp("similarity")` against `MixUp`, as a ratio.

Times both in turn, in one run: in a `tf.data` stage on 128 float images of
224 × 224 × 3, and in the training of a small CNN on batches of 128 images of
32 × 32 × 3. Prints medians of the ratios, and their quartiles.

    python benchmarks/adaptive.py
    KERAS_BACKEND=jax python benchmarks/adaptive.py
"""

import argparse
import os
import platform
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import keras_mixup

POLICY = "similarity"


def pipelines():
    """One batch through the stage, over and over, with either layer."""
    images = np.random.default_rng(0).random((128, 224, 224, 3), dtype="float32")
    labels = np.arange(128) % 10

    def stage(mix):
        batches = tf.data.Dataset.from_tensors((images, labels)).cache().repeat()
        options = tf.data.Options()
        # Or one batch is made while the other layer is timed.
        options.experimental_optimization.inject_prefetch = False
        iterator = iter(batches.map(mix).with_options(options))
        return lambda: next(iterator)

    return {
        "MixUp": stage(keras_mixup.MixUp(1.0, num_classes=10)),
        "AdaptiveMixUp": stage(keras_mixup.AdaptiveMixUp(POLICY, num_classes=10)),
    }


def training_steps():
    """Ten training steps of a small CNN, without mixup and with either layer."""
    x = np.random.default_rng(0).random((1280, 32, 32, 3), dtype="float32")
    y = np.arange(1280) % 10

    def steps(mix):
        loss = "sparse_categorical_crossentropy"
        model = keras.Sequential([keras.Input((32, 32, 3))])
        if mix is not None:
            model.add(mix)
            loss = keras_mixup.MixupLoss(loss, mix)
        model.add(layers.Conv2D(32, 3, 2, activation="relu"))
        model.add(layers.Conv2D(64, 3, 2, activation="relu"))
        model.add(layers.Flatten())
        model.add(layers.Dense(10, activation="softmax"))
        model.compile("sgd", loss)
        return lambda: model.fit(x, y, 128, shuffle=False, verbose=0)

    return {
        "none": steps(None),
        "MixUp": steps(keras_mixup.MixUp(1.0)),
        "AdaptiveMixUp": steps(keras_mixup.AdaptiveMixUp(POLICY)),
    }


def seconds(function):
    """How long one call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(title, functions, against, repeats):
    """Prints each one's time over that of `against`, measured in turn."""
    for function in functions.values():
        for _ in range(3):
            function()
    times = np.array([[seconds(f) for f in functions.values()] for _ in range(repeats)])
    ratios = times / times[:, list(functions).index(against), None]
    print(f"\n{title}, over {against}")
    for name, ratio, each in zip(functions, ratios.T, times.T):
        low, median, high = np.quantile(ratio, [0.25, 0.5, 0.75])
        milliseconds = 1000 * np.median(each)
        print(
            f"  {name:14} {median:5.2f}  ({low:.2f} to {high:.2f})  "
            f"{milliseconds:8.1f} ms"
        )


def main():
    """Prints all ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=30, help="of each timing [30]")
    args = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Keras {keras.__version__} "
        f"on {keras.backend.backend()}, TensorFlow {tf.__version__}"
    )
    compare("tf.data stage, 128 × 224 × 224 × 3", pipelines(), "MixUp", args.repeats)
    title = "ten training steps of a small CNN, 128 × 32 × 32 × 3"
    compare(title, training_steps(), "MixUp", args.repeats)


if __name__ == "__main__":
    main()
