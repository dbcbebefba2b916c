"""The results on CIFAR-10 in short: one chart, two tables, advice with its numbers."""

import pathlib

from matplotlib.figure import Figure

from benchmarks.evidence import intervals
from benchmarks.evidence import report
from benchmarks.evidence.cifar10 import claims
from benchmarks.evidence.cifar10.data import IMAGES
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM

CLEAN = (
    ERM,
    claims.SMOOTH,
    claims.DECAYED,
    claims.LITTLE,
    claims.MIXUP,
    claims.CUTMIX,
    claims.EACH,
    claims.COOL,
    claims.MANIFOLD,
)
NOISY = (
    ERM,
    claims.DECAYED,
    claims.MIXUP,
    claims.CUTMIX,
    claims.STRONG_DECAYED,
    f"{claims.TRUSTING}, {CONTROL}",
    claims.TRUSTING,
)
LABELS = {
    "clean": "clean labels",
    "aggre": "9% of the labels wrong",
    "worse": "40% of the labels wrong",
}
STYLES = {"clean": "tab:blue", "aggre": "tab:orange", "worse": "tab:red"}


class Numbers(dict):
    """A dict of methods to one number of a study, as text, computed when looked up.

    Args:
        rows: The results.
        study: Name of the study.
        column: The number.
        against: What it is the difference to, `None` for the number itself.
    """

    def __init__(self, rows, study, column, against=None):
        self.of, self.column, self.against = (rows, study), column, against

    def __missing__(self, method):
        if self.against is None:
            found = intervals.column(*self.of, method, self.column)
            return intervals.text(*intervals.mean(list(found.values())))
        versus = (*self.of, method, self.against, self.column)
        return intervals.text(*intervals.difference(*versus))


def table(methods, columns):
    """Methods and their numbers, as Markdown.

    Args:
        methods: Names of the methods.
        columns: Dict of titles to `Numbers`.
    """
    lines = [f"|  | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for method in methods:
        cells = [numbers[method] for numbers in columns.values()]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def finished(rows):
    """The studies of which there are results of every method in short."""
    found = {(row["study"], row["method"]) for row in rows}
    return [
        study
        for study in LABELS
        if found.issuperset((study, method) for method in shown(study))
    ]


def shown(study):
    """The methods in short of a study."""
    return CLEAN if study == "clean" else NOISY


def text(rows, command):
    """The page in short.

    Args:
        rows: The results, of clean labels and of one kind of wrong ones at least.
        command: What was asked for, to be run again.
    """
    error = {study: Numbers(rows, study, "error") for study in finished(rows)}
    clean = {report.CLASSES[name]: name for name in ("error", "nll", "ece")}
    clean = {title: Numbers(rows, "clean", name) for title, name in clean.items()}
    noisy = {LABELS[study]: error[study] for study in error if study != "clean"}
    less = {f"{name}_less": Numbers(rows, name, "error", ERM) for name in error}
    return report.filled(
        pathlib.Path(__file__).parent / "summary.md",
        rows,
        command,
        images=f"{IMAGES:,}",
        epochs=rows[0]["epochs"],
        clean_table=table(CLEAN, clean),
        noisy_table=table(NOISY, noisy),
        nll=clean[report.CLASSES["nll"]],
        **error,
        **less,
    )


def chart(rows):
    """Errors of every method in short, less those without mixup of the same labels."""
    methods = list(dict.fromkeys([*CLEAN, *NOISY]))[:0:-1]
    figure = Figure(figsize=(5, 6), dpi=160, layout="constrained")
    axes = figure.subplots()
    for shift, study in zip((0.25, 0, -0.25), finished(rows)):
        points = [
            (*intervals.difference(rows, study, method, ERM, "error"), y + shift)
            for y, method in enumerate(methods)
            if method in shown(study)
        ]
        means, halves, heights = zip(*points)
        style = {"fmt": "o", "color": STYLES[study], "capsize": 3}
        axes.errorbar(means, heights, xerr=halves, label=LABELS[study], **style)
    axes.axvline(0, color="gray", zorder=0)
    axes.set_yticks(range(len(methods)), methods, fontsize=11)
    axes.set_xlabel(f"test error less that of {ERM},\npercentage points", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=11, loc="outside upper center")
    return figure
