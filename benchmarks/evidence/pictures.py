"""The results as pictures: differences to no mixup, and errors under label noise."""

from matplotlib.figure import Figure

from benchmarks.evidence import intervals
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.methods import STUDIES

NOISE = {20: "noise20", 50: "noise50", 80: "noise80"}
LESS, MORE, EQUAL = "tab:blue", "tab:red", "gray"


def draw(rows, folder):
    """Draws all pictures that there are results for.

    Args:
        rows: The results.
        folder: Where the pictures go.
    """
    found = {row["study"] for row in rows}
    clean = [s for s in STUDIES if s in found and STUDIES[s].classes]
    clean = [s for s in clean if s not in NOISE.values()]
    if clean:
        differences(rows, clean).savefig(folder / "differences.png")
    if found.issuperset(NOISE.values()):
        noise(rows).savefig(folder / "noise.png")


def differences(rows, studies):
    """Errors and calibration of every method, less those without mixup."""
    lines = [(s, m) for s in studies for m in STUDIES[s].methods if m != ERM][::-1]
    columns = {"error": "error, points", "ece": "ECE, points", "nll": "NLL"}
    figure = Figure(figsize=(10, 0.6 + 0.27 * len(lines)), dpi=160, layout="tight")
    for axes, (name, title) in zip(figure.subplots(1, 3, sharey=True), columns.items()):
        for y, (study, method) in enumerate(lines):
            versus = (rows, study, method, ERM)
            middle, half = intervals.difference(*versus, name)
            color = EQUAL if abs(middle) <= half else LESS if middle < 0 else MORE
            axes.errorbar(middle, y, xerr=half, fmt=".", color=color, capsize=2)
        axes.axvline(0, color="lightgray", zorder=0)
        axes.set_xlabel(f"{title}, less that of {ERM}")
        axes.spines[["top", "right"]].set_visible(False)
    labels = [f"{method}  ({study})" for study, method in lines]
    figure.axes[0].set_yticks(range(len(lines)), labels, fontsize=8)
    return figure


def noise(rows):
    """Errors of the last epoch, and of the best one, by the share of random labels."""
    figure = Figure(figsize=(8, 4.2), dpi=160, layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    methods = [m for m in STUDIES["noise50"].methods if CONTROL not in m]
    for axes, name, title in zip(
        panels, ("error", "best"), ("last epoch", "best epoch, which nobody knows")
    ):
        for method in methods:
            means = [
                intervals.mean(list(intervals.column(rows, s, method, name).values()))
                for s in NOISE.values()
            ]
            middle, half = zip(*means)
            style = {"marker": ".", "capsize": 2, "label": method}
            axes.errorbar(list(NOISE), middle, yerr=half, **style)
        axes.set(title=title, xlabel="labels at random, %", xticks=list(NOISE))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set(ylabel="test error, %", ylim=(0, None))
    panels[0].legend(frameon=False, fontsize=8)
    return figure
