"""Numbers of others, and of the prototype of this package, beside those measured."""

from benchmarks.evidence import intervals
from benchmarks.evidence.methods import ERM

ZHANG = "[Zhang et al.](https://arxiv.org/abs/1710.09412), CIFAR-10, PreAct ResNet-18"
PROTOTYPE = "a prototype of this package, with other batch sizes and rates"
STRONG = "mixup, α = 32"

# Whose it is, the number, and the study, the method and the column of ours.
NUMBERS = (
    (ZHANG, 44.6, "noise50", ERM, "error"),
    (ZHANG, 12.7, "noise50", STRONG, "error"),
    (ZHANG, 18.8, "noise50", ERM, "best"),
    (ZHANG, 11.3, "noise50", STRONG, "best"),
    (ZHANG, 73.9, "noise80", ERM, "error"),
    (ZHANG, 30.9, "noise80", STRONG, "error"),
    (ZHANG, 36.5, "noise80", ERM, "best"),
    (ZHANG, 25.3, "noise80", STRONG, "best"),
    (PROTOTYPE, 38.7, "noise50", ERM, "error"),
    (PROTOTYPE, 40.4, "noise50", f"{ERM}, L2", "error"),
    (PROTOTYPE, 33.0, "noise50", STRONG, "error"),
    (PROTOTYPE, 16.1, "noise50", f"{STRONG}, L2", "error"),
    (PROTOTYPE, 39.2, "mnist1d", ERM, "error"),
    (PROTOTYPE, 23.1, "mnist1d", ERM, "ece"),
    (PROTOTYPE, 38.2, "mnist1d", "mixup, α = 0.2", "error"),
    (PROTOTYPE, 6.5, "mnist1d", "mixup, α = 0.2", "ece"),
    (PROTOTYPE, 36.8, "mnist1d", "mixup, α = 1", "error"),
    (PROTOTYPE, 4.4, "mnist1d", "mixup, α = 1", "ece"),
    (PROTOTYPE, 36.8, "mnist1d", "Manifold Mixup, α = 1", "error"),
    (PROTOTYPE, 2.9, "mnist1d", "Manifold Mixup, α = 1", "ece"),
    (PROTOTYPE, 37.2, "mnist1d", "similarity", "error"),
    (PROTOTYPE, 4.6, "mnist1d", "similarity", "ece"),
)
COLUMNS = {"error": "last error, %", "best": "best error, %", "ece": "ECE, %"}


def table(rows, numbers=NUMBERS):
    """Each number beside ours, as Markdown."""
    lines = ["| where | what | theirs | here |", "|---|---|---|---|"]
    for whose, theirs, study, method, column in numbers:
        ours = intervals.column(rows, study, method, column)
        if ours:
            here = intervals.text(*intervals.mean(list(ours.values())))
            what = f"{study}, {method}: {COLUMNS[column]}"
            lines.append(f"| {whose} | {what} | {theirs} | {here} |")
    return "\n".join(lines)
