"""What mixup does to a decision boundary, on two moons of points.

Trains one network on 100 points of two interleaved moons, without mixup, with it, and
with the policy that mixes near pairs most; tests it on 4000 points, and draws how sure
it is of either class over the plane. Expect the network to be sure up to the boundary
without mixup, also where it is wrong: its test loss is the highest. With it (α = 1) the
change is gradual, all over the gap and beyond, as blends of far points fell there with
either label. The policy leaves far pairs alone: the band is narrower, the loss lowest.
Both are less sure than they are right, so that their ECE is higher. Offline, on any
backend:

    pip install matplotlib scikit-learn
    python boundaries.py
    KERAS_BACKEND=jax python boundaries.py --seeds 10 --output ten.png
"""

from functools import partial

import keras
import numpy as np
from comparison import calibration_error
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure
from sklearn.datasets import make_moons

import keras_mixup

METHODS = {
    "no mixup": lambda seed: None,
    "mixup, α = 1": partial(keras_mixup.MixUp, 1.0),
    "similarity": partial(keras_mixup.AdaptiveMixUp, "similarity"),
}
EDGES = {"x": (-1.8, 2.8), "y": (-1.4, 1.9)}


def train(x, y, mix, epochs):
    """A network that has been trained on points and their moons."""
    loss = "sparse_categorical_crossentropy"
    stack = [layers.Dense(64, activation="relu") for _ in range(3)]
    if mix is not None:
        loss, stack = keras_mixup.MixupLoss(loss, mix), [mix, *stack]
    output = layers.Dense(2, activation="softmax")
    model = keras.Sequential([keras.Input((2,)), *stack, output])
    model.compile(keras.optimizers.Adam(5e-3), loss)
    model.fit(x, y, batch_size=50, epochs=epochs, verbose=0)
    return model


def grid():
    """The points of the plane at which predictions are drawn, line by line."""
    x, y = (np.linspace(*EDGES[name], 120, dtype="float32") for name in "xy")
    return np.stack(np.meshgrid(x, y), axis=-1)


def run(method, seed, epochs, planes):
    """Error, cross-entropy and ECE on the test set; the plane of seed 0 to `planes`."""
    x, y = make_moons(100, noise=0.2, random_state=seed)
    x_test, y_test = make_moons(4000, noise=0.2, random_state=10_000 + seed)
    model = train(x.astype("float32"), y, METHODS[method](seed=seed), epochs)
    p = model.predict(x_test.astype("float32"), batch_size=1000, verbose=0)
    if not seed:
        plane = model.predict(grid().reshape(-1, 2), batch_size=4800, verbose=0)
        planes[method] = x, y, plane[:, 1].reshape(grid().shape[:2])
    picked = np.maximum(p[np.arange(len(y_test)), y_test], 1e-38)
    return {
        "test error, %": 100 * np.mean(p.argmax(axis=1) != y_test),
        "test loss": -np.log(picked).mean(),
        "ECE, %": 100 * calibration_error(p, y_test),
    }


def draw(planes):
    """The probability of the second moon over the plane, one panel per method."""
    figure = Figure(figsize=(11, 3.4), dpi=160, layout="constrained")
    for axes, (method, (x, y, p)) in zip(figure.subplots(1, 3), planes.items()):
        shades = axes.contourf(
            *np.moveaxis(grid(), -1, 0), p, np.linspace(0, 1, 21), cmap="coolwarm"
        )
        axes.contour(*np.moveaxis(grid(), -1, 0), p, [0.5], colors="black")
        for moon, color in enumerate(("lightskyblue", "lightsalmon")):
            axes.scatter(*x[y == moon].T, color=color, edgecolors="black", s=22)
        axes.set(title=method, xticks=[], yticks=[])
    bar = figure.colorbar(shades, ax=figure.axes, ticks=[0, 0.5, 1])
    bar.set_label("probability of red")
    return figure


def main():
    """Trains every method on some seeds, compares them, and draws the first."""
    parser = command_line(__doc__, epochs=150, output="boundaries.png")
    args, planes = parser.parse_args(), {}
    settings = {"epochs": args.epochs, "planes": planes}
    compare({name: name for name in METHODS}, partial(run, **settings), args.seeds)
    draw(planes).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
