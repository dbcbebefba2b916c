"""The distributions of λ, against their densities, and how exact the draws are.

Draws 300 000 times from Beta(α, α), with this package and with `keras.random.beta`, and
measures the Kolmogorov distance to it: the largest gap between the distribution
function of min(λ, 1 − λ) and that of the draws, from the smallest float32 to ½. Exact
draws stay below 0.0025 in 19 of 20 runs. Expect this package's to, whatever α is, and
Keras's for α ≥ 1. Below that, its λ are rounded to 1 where 1 − λ is what counts, and
at α = 0.01 on TensorFlow many are exactly ½. Prints a table, and draws histograms.
Offline, on any backend:

    pip install matplotlib scipy
    python sampler.py
    KERAS_BACKEND=jax python sampler.py --seeds 10 --output ten.png
"""

import argparse

import keras
import numpy as np
from comparison import compare
from matplotlib.figure import Figure
from scipy import stats

import keras_mixup

DRAWS = 300_000
ALPHAS = (0.01, 0.2, 1.0, 4.0, 32.0)


def ours(alpha, seed):
    """Draws of min(λ, 1 − λ), as small as they are."""
    return keras_mixup.random.folded_beta((DRAWS,), alpha, seed=seed)


def theirs(alpha, seed):
    """Likewise from the draws of λ that Keras makes."""
    lam = keras.random.beta((DRAWS,), alpha, alpha, seed=seed)
    return keras.ops.minimum(lam, 1 - lam)


def run(draw, seed):
    """The Kolmogorov distance of the draws of each α to Beta(α, α)."""
    distances, points = {}, np.geomspace(1.2e-38, 0.5, 3000)
    for alpha in ALPHAS:
        share = np.sort(keras.ops.convert_to_numpy(draw(alpha, seed=seed)))
        reached = np.searchsorted(share, points, side="right") / DRAWS
        # Both ends of the distribution are folded onto one.
        gaps = reached - 2 * stats.beta(alpha, alpha).cdf(points)
        distances[f"α = {alpha:g}"] = np.abs(gaps).max()
    return distances


def draw_histograms(seed):
    """Histograms of λ from Beta(α, α), folded and not, each on its density."""
    figure = Figure(figsize=(10, 3), dpi=160, layout="constrained")
    curve = np.linspace(0.002, 0.998, 500)
    for axes, alpha in zip(figure.subplots(1, 3), ALPHAS[1:4]):
        lam = keras_mixup.random.beta((DRAWS,), alpha, seed=seed)
        lam, law = keras.ops.convert_to_numpy(lam), stats.beta(alpha, alpha)
        options = {"bins": 50, "range": (0, 1), "density": True}
        folded, _ = np.histogram(np.maximum(lam, 1 - lam), **options)
        axes.stairs(folded, np.linspace(0, 1, 51), color="tab:orange", label="folded")
        axes.hist(lam, **options, color="tab:blue", alpha=0.4, label="draws of λ")
        axes.plot(curve, law.pdf(curve), color="black", linewidth=1, label="density")
        axes.set(title=f"α = {alpha:g}", xlabel="λ", ylim=(0, 4.6))
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    return figure


def main():
    """Measures both samplers from some seeds, and draws histograms of the first."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="runs a sampler [3]")
    parser.add_argument("--output", default="sampler.png", help="PNG [sampler.png]")
    args = parser.parse_args()
    samplers = {"keras_mixup.random": ours, "keras.random.beta": theirs}
    compare(samplers, run, args.seeds)
    draw_histograms(seed=0).savefig(args.output)
    print(f"\nSee {args.output}")


if __name__ == "__main__":
    main()
