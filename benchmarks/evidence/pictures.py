"""The results as pictures: differences to no mixup, and errors under label noise."""

from matplotlib.figure import Figure

from benchmarks.evidence import intervals
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.methods import STUDIES

NOISE = {20: "noise20", 50: "noise50", 80: "noise80"}
DIFFERENCES = {"error": "error, points", "ece": "ECE, points", "nll": "NLL"}
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
    for name, title in DIFFERENCES.items() if clean else ():
        differences(rows, clean, name, title).savefig(folder / f"{name}.png")
    if found.issuperset(NOISE.values()):
        noise(rows).savefig(folder / "noise.png")


def differences(rows, studies, name, title):
    """One number of every method, less that without mixup.

    Args:
        rows: The results.
        studies: Names of the studies.
        name: The number.
        title: What it is called, with its unit.
    """
    lines = [(s, m) for s in studies for m in STUDIES[s].methods if m != ERM][::-1]
    figure = Figure(figsize=(5.5, 1 + 0.27 * len(lines)), dpi=160, layout="tight")
    axes = figure.subplots()
    for y, (study, method) in enumerate(lines):
        middle, half = intervals.difference(rows, study, method, ERM, name)
        color = EQUAL if abs(middle) <= half else LESS if middle < 0 else MORE
        axes.errorbar(middle, y, xerr=half, fmt=".", color=color, capsize=2)
    axes.axvline(0, color="lightgray", zorder=0)
    axes.set_xlabel(f"{title},\nless that of {ERM}", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    labels = [f"{method}  ({study})" for study, method in lines]
    axes.set_yticks(range(len(lines)), labels, fontsize=10)
    return figure


def noise(rows):
    """Errors of the last epoch, and of the best one, by the share of random labels."""
    figure = Figure(figsize=(5, 7), dpi=160, layout="constrained")
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
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
        axes.set(title=title, ylabel="test error, %", xticks=list(NOISE))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set(ylim=(0, None))
    panels[0].legend(frameon=False, fontsize=10)
    panels[1].set(xlabel="random labels, %")
    return figure
