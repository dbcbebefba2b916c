"""The results on CIFAR-10 as Markdown."""

import datetime
import pathlib

from benchmarks.evidence import claims
from benchmarks.evidence import published
from benchmarks.evidence import report
from benchmarks.evidence.cifar10.claims import CLAIMS
from benchmarks.evidence.cifar10.data import images
from benchmarks.evidence.cifar10.methods import DECAY
from benchmarks.evidence.cifar10.methods import MORE
from benchmarks.evidence.cifar10.methods import STUDIES
from benchmarks.evidence.cifar10.network import build
from benchmarks.evidence.cifar10.published import NUMBERS
from benchmarks.evidence.methods import ERM
from benchmarks.report import machine
from benchmarks.report import machine_line


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
    return (
        (pathlib.Path(__file__).parent / "page.md")
        .read_text("utf-8")
        .format(
            command=command,
            date=datetime.date.today(),
            machine=machine_line(machine()),
            seeds=report.seeds(rows),
            trainings=len(rows),
            weights=f"{weights:,}",
            images=f"{len(split.y):,}",
            tested=f"{len(split.y_test):,}",
            epochs=rows[0]["epochs"],
            batch_size=study.batch_size,
            rate=study.rate,
            decay=DECAY,
            more=MORE,
            points=claims.MARGINS["error"],
            claims=report.checked(rows, others, CLAIMS),
            published=published.table(rows, NUMBERS),
            tables=report.tables(rows, STUDIES),
        )
    )
