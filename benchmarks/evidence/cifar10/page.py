"""The results on CIFAR-10 as Markdown."""

import pathlib

from benchmarks.evidence import published
from benchmarks.evidence import report
from benchmarks.evidence.cifar10.claims import CLAIMS
from benchmarks.evidence.cifar10.claims import FOUND
from benchmarks.evidence.cifar10.data import images
from benchmarks.evidence.cifar10.methods import DECAY
from benchmarks.evidence.cifar10.methods import MORE
from benchmarks.evidence.cifar10.methods import SIZES
from benchmarks.evidence.cifar10.methods import STUDIES
from benchmarks.evidence.cifar10.network import build
from benchmarks.evidence.cifar10.published import NUMBERS
from benchmarks.evidence.methods import ERM

# Told, since who looks at results before all are in may stop at those that please.
SECOND = """
{agreement}

The second run was planned with three seeds (`--first-seed 4 --seeds 3`, short trainings
`--first-seed 3 --seeds 3`). After these the interval of “with both in turn” of the long
trainings included zero, and those with clean labels got a fourth, as in the first run.

The first run of the short trainings showed something else than was expected. This was
written down from it, when 8 of the 63 trainings of the second were done:

{found}
"""


def seeds_of(rows, study):
    """The seeds that a study was trained from."""
    return {row["seed"] for row in rows if row["study"] == study}


def tested(rows):
    """The results that claims are held against: of studies of several seeds, if any."""
    return [row for row in rows if len(seeds_of(rows, row["study"])) > 1] or rows


def text(rows, others, command, source=None):
    """The whole page: how it came about, what was expected, all tables.

    Args:
        rows: The results.
        others: Results from other seeds, or nothing.
        command: What was asked for, to be run again.
        source: As for `data.arrays`.
    """
    study = STUDIES["clean"]
    split = images(0, source)
    weights = build(study, study.methods[ERM], steps=10, mix=None).count_params()
    return report.filled(
        pathlib.Path(__file__).parent / "page.md",
        rows,
        command,
        weights=f"{weights:,}",
        **SIZES,
        tested=f"{len(split.y_test):,}",
        batch_size=study.batch_size,
        rate=study.rate,
        decay=DECAY,
        more=MORE,
        claims=report.checked(tested(rows), others, CLAIMS),
        second=_second(tested(rows), others) if others else "",
        published=published.table(rows, NUMBERS),
        tables=report.tables(rows, STUDIES),
    )


def _second(rows, others):
    return SECOND.format(
        agreement=report.agreement(rows, others, CLAIMS),
        found=report.checked(rows, others, FOUND),
    )
