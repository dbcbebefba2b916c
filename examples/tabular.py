"""Mixup for regression on tables: pairs at random, and pairs of similar targets.

Trains one small network on fuel consumption (Auto MPG, 392 cars) and on the
progress of diabetes (442 patients) without mixup, with mixup in the model, and
with `LabelKernel` (C-Mixup) in the pipeline. Under squared error the two differ by
their pairing alone: a loss at mixed targets has the gradients of `MixupLoss`.
Expect nothing on cars. On patients the network overfits; mixup mends most of it,
but so does stopping early (`--epochs 6`), and least squares is no worse than that.
Pairs of similar targets do no better than pairs at random. Offline, on any backend:

    pip install mlxtend scikit-learn  # They carry the data.
    python tabular.py
    KERAS_BACKEND=jax python tabular.py --loss huber --seeds 10
"""

from functools import partial

import keras
import numpy as np
from comparison import Batches
from comparison import command_line
from comparison import compare
from keras import layers
from mlxtend.data import autompg_data
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

import keras_mixup

BATCH_SIZE = 32


def train(x, y, loss, epochs, seed, in_model=None, in_pipeline=None):
    """A trained network that mixes its inputs, or has its batches mixed, or neither."""
    stack = [layers.Dense(units, activation="relu") for units in (64, 64)]
    if in_model:
        stack.insert(0, in_model)
        loss = keras_mixup.MixupLoss(loss, in_model)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([*stack, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(3e-3), loss)
    batches = Batches(x, y, BATCH_SIZE, seed)
    if in_pipeline:
        batches = keras_mixup.MixupDataset(batches, in_pipeline)
    model.fit(batches, epochs=epochs, verbose=0)
    return model


def run(method, seed, data, loss, epochs):
    """The root of the mean squared error on a quarter of each data set."""
    errors = {}
    for name, (x, y) in data.items():
        x, y = x.astype("float32"), y[:, None].astype("float32")
        order = np.random.default_rng(seed).permutation(len(x))
        test, rest = np.split(order, [len(x) // 4])
        x = (x - x[rest].mean(axis=0)) / x[rest].std(axis=0)
        y, unit = (y - y[rest].mean()) / y[rest].std(), y[rest].std()
        if method is None:
            predict = LinearRegression().fit(x[rest], y[rest]).predict
        else:
            predict = train(x[rest], y[rest], loss, epochs, seed, **method(seed))
        error = keras.ops.convert_to_numpy(predict(x[test])) - y[test]
        errors[f"RMSE, {name}"] = unit * np.sqrt(np.mean(error**2))
    return errors


def main():
    """Trains every method on some splits of both data sets, and compares them."""
    parser = command_line(__doc__, epochs=40)
    parser.add_argument("--loss", default="mse", help="of Keras, as huber [mse]")
    args = parser.parse_args()
    x, mpg = autompg_data()
    data = {"cars": (x[:, :7], mpg), "patients": load_diabetes(return_X_y=True)}
    kernel = keras_mixup.pairing.LabelKernel(bandwidth="auto")
    mixup = partial(keras_mixup.MixUp, alpha=2)
    methods = {
        "least squares": None,
        "no mixup": lambda seed: {},
        "mixup, α = 2": lambda seed: {"in_model": mixup(seed=seed)},
        "same, LabelKernel": lambda seed: {
            "in_pipeline": mixup(pairing=kernel, seed=seed)
        },
    }
    settings = {"data": data, "loss": args.loss, "epochs": args.epochs}
    compare(methods, partial(run, **settings), args.seeds)


if __name__ == "__main__":
    main()
