"""The results on CIFAR-10 in short: one chart, a table for each kind of labels."""

import pathlib

from matplotlib.figure import Figure

from benchmarks.evidence import intervals
from benchmarks.evidence import report
from benchmarks.evidence.cifar10.claims import CLAIMS
from benchmarks.evidence.cifar10.methods import SIZES
from benchmarks.evidence.cifar10.methods import STUDIES
from benchmarks.evidence.cifar10.page import seeds_of
from benchmarks.evidence.cifar10.page import tested
from benchmarks.evidence.methods import ERM

LABELS = {"clean_long": "clean labels", "worse_long": "40% of the labels wrong"}
COLORS = {"clean_long": "tab:blue", "worse_long": "tab:red"}
COLUMNS = ("error", "nll", "ece")
SECOND = """
A second run from other seeds was compared with the first on
[what was expected](numbers.md#what-was-expected). {agreement}
Most of those that hold in neither are of short trainings.
"""


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


def has_all(rows):
    """Whether there are results of everything that the page in short is about."""
    found = {(row["study"], row["method"]) for row in rows}
    studies = ("clean", "worse", *LABELS)
    return found.issuperset((study, m) for study in studies for m in methods(study))


def methods(study):
    """The names of the methods of a study."""
    return list(STUDIES[study].methods)


def table(rows, study):
    """The methods of a study and their numbers, as Markdown."""
    columns = [Numbers(rows, study, name) for name in COLUMNS]
    titles = [report.CLASSES[name] for name in COLUMNS]
    lines = [f"|  | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
    for method in methods(study):
        cells = [numbers[method] for numbers in columns]
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def text(rows, others, command):
    """The page in short.

    Args:
        rows: The results.
        others: Results from other seeds, or nothing.
        command: What was asked for, to be run again.
    """
    studies = {"clean": "clean_long", "wrong": "worse_long"}
    studies |= {"short": "clean", "short_wrong": "worse"}
    fields = {**SIZES}
    for name, study in studies.items():
        fields[f"{name}_table"] = table(rows, study)
        for column in COLUMNS:
            fields[f"{name}_{column}"] = Numbers(rows, study, column)
        fields[f"{name}_less"] = Numbers(rows, study, "error", ERM)
    file = pathlib.Path(__file__).parent / "summary.md"
    long = [row for row in rows if row["study"] in LABELS]
    short = [row for row in rows if row["study"] == "clean"]
    fields["short_seeds"] = report.seeds(short)
    fields["short_number"] = len(seeds_of(rows, "clean"))
    fields["second"] = ""
    if others:
        agreement = report.agreement(tested(rows), others, CLAIMS)
        fields["second"] = SECOND.format(agreement=agreement)
    return report.filled(file, long, command, **fields)


def chart(rows):
    """Errors of every method, less those without mixup on the same labels."""
    shown = list(dict.fromkeys([*methods("clean_long"), *methods("worse_long")]))
    shown = shown[:0:-1]
    figure = Figure(figsize=(5, 4), dpi=160, layout="constrained")
    axes = figure.subplots()
    for shift, (study, label) in zip((0.15, -0.15), LABELS.items()):
        points = [
            (*intervals.difference(rows, study, method, ERM, "error"), y + shift)
            for y, method in enumerate(shown)
            if method in STUDIES[study].methods
        ]
        means, halves, heights = zip(*points)
        style = {"fmt": "o", "color": COLORS[study], "capsize": 3, "label": label}
        axes.errorbar(means, heights, xerr=halves, **style)
    axes.axvline(0, color="gray", zorder=0)
    axes.set_yticks(range(len(shown)), shown, fontsize=11)
    axes.set_xlabel(f"test error less that of {ERM},\npercentage points", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, fontsize=11, loc="outside upper center")
    return figure
