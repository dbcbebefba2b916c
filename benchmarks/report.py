"""The results as a table, and as a picture."""

import importlib.metadata
import os
import pathlib
import platform
import textwrap

NAMES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
STEP = "training step of a CNN, 128×32×32×3"
# The endings of the names of comparisons that are drawn.
COMPARED = ("over keras.layers.MixUp", "over keras.layers.CutMix", "over none")
PACKAGES = ("keras", *NAMES, "numpy", "torchvision", "kornia", "timm")


def machine():
    """What the results were measured on: the processor, its cores, the versions."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": versions,
    }


def _processor():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def machine_line(machine):
    """The machine in a sentence."""
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, "
        f"Python {machine['python']}, {versions}."
    )


def text(rows, machine, quick, seconds):
    """Everything that is printed, as Markdown."""
    lines = [
        f"{machine_line(machine)} Measured in {seconds / 60:.1f} minutes"
        + (", with a few repeats only: a smoke run." if quick else "."),
        "",
        "| | on | median | quartiles | rounds | limit | of |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in rows if "median" in row]
    lines += not_measured(rows)
    misses = sum(missed(row) for row in rows)
    limits = sum(row.get("limit") is not None for row in rows)
    lines += ["", f"{misses} of {limits} over their limit."]
    return "\n".join(lines)


def not_measured(rows):
    """Lines that say what failed and what was skipped, and why."""
    return [
        f"\n{title.capitalize()}: {row['name']} on {NAMES[row['backend']]} "
        f"({row[title]})"
        for title in ("failed", "skipped")
        for row in rows
        if title in row
    ]


def missed(row):
    """Whether a result is over its limit."""
    return row.get("limit") is not None and row["median"] > row["limit"]


def _line(row):
    spread = "" if row["n"] == 1 else f"{_number(row['low'])} to {_number(row['high'])}"
    rounds = "" if row["n"] == 1 else row["n"]
    limit = "" if row["limit"] is None else _number(row["limit"])
    limit += " **missed**" if missed(row) else ""
    name, median = row["name"], _number(row["median"]) + row["unit"]
    on = NAMES[row["backend"]]
    cells = (name, on, median, spread, rounds, limit, row["detail"])
    return f"| {' | '.join(map(str, cells))} |"


def _number(value):
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def plot(rows, file):
    """Draws the times over those of Keras's own layers and of no layer at all.

    Each is a median on its quartiles, red where it is above its limit, a black stroke.

    Args:
        rows: The results; those of other comparisons and without a limit are left out.
        file: Where the picture goes.
    """
    from matplotlib.figure import Figure

    rows = [row for row in rows if row.get("unit") == "×" and row["limit"] is not None]
    rows = [row for row in rows if row["name"].endswith(COMPARED)][::-1]
    size = (6.5, 1 + 0.4 * len(rows))
    figure = Figure(figsize=size, dpi=150, layout="constrained")
    axes = figure.subplots()
    for y, row in enumerate(rows):
        color = "tab:red" if missed(row) else "tab:blue"
        axes.plot([row["low"], row["high"]], [y, y], color=color, linewidth=4)
        axes.plot(row["median"], y, "o", color=color)
        axes.plot(row["limit"], y, "|", color="black", markersize=14)
    names = [f"{row['name']} ({NAMES[row['backend']]})" for row in rows]
    names = [name.replace(" × ", "×").replace(STEP, "training step") for name in names]
    labels = [textwrap.fill(name, 42) for name in names]
    axes.set_yticks(range(len(rows)), labels, fontsize=9.5)
    axes.set_xscale("log")
    axes.set_xticks(
        [0.05, 0.1, 0.2, 0.5, 1, 2], ["0.05", "0.1", "0.2", "0.5", "1", "2"]
    )
    axes.minorticks_off()
    axes.margins(y=0.02)
    axes.axvline(1, color="lightgray", zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
