"""The results as Markdown: a table a study, and what was claimed of them."""

import datetime
import pathlib
import shlex
import sys

import keras

from benchmarks.evidence import claims
from benchmarks.evidence import intervals
from benchmarks.evidence import published
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.methods import STUDIES
from benchmarks.report import machine
from benchmarks.report import machine_line

CLASSES = {
    "error": "error, %",
    "best": "best epoch, %",
    "nll": "NLL",
    "brier": "Brier",
    "ece": "ECE, %",
    "scaled_ece": "ECE, scaled, %",
    "gap": "confidence − accuracy, %",
}
TARGETS = {"rmse": "RMSE", "mae": "MAE"}


def command(module):
    """What was typed to run a module, to be typed again."""
    line = shlex.join(["python", "-m", module, *sys.argv[1:]])
    line = f"KERAS_BACKEND={keras.backend.backend()} {line}"
    return line.replace(" --", " \\\n    --")


def tables(rows, studies=STUDIES):
    """All tables, one a study of which there are results."""
    found = {row["study"] for row in rows}
    return "\n\n".join(
        _table(rows, name, study) for name, study in studies.items() if name in found
    )


def _table(rows, name, study):
    mine = [row for row in rows if row["study"] == name]
    columns = CLASSES if study.classes else TARGETS
    columns = {key: text for key, text in columns.items() if key in mine[0]}
    first = next(iter(columns))
    titles = ["", *columns.values(), f"{columns[first]} − {ERM}", "time a step"]
    title = (
        study.title if seeds(mine) == seeds(rows) else f"{study.title}, {seeds(mine)}"
    )
    lines = [
        f"### {title}",
        "",
        f"| {' | '.join(titles)} |",
        "|---" * len(titles) + "|",
    ]
    done = {row["method"] for row in mine}
    for method in study.methods:
        if method not in done:
            continue
        cells = [method]
        for column in columns:
            numbers = intervals.column(mine, name, method, column)
            cells.append(intervals.text(*intervals.mean(list(numbers.values()))))
        versus = (mine, name, method, ERM)
        times = f"{intervals.ratio(*versus, 'ms')[0]:.2f}×"
        cells += ["", "1"] if method == ERM else [signed(versus, first), times]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def signed(versus, name):
    """A difference, in bold where its 95% interval leaves out zero."""
    mean, half = intervals.difference(*versus, name)
    text = f"{mean:+.2f} ± {half:.2f}".replace("-", "−").removesuffix(" ± inf")
    return f"**{text}**" if abs(mean) > half else text


def checked(rows, others=(), of=claims.CLAIMS):
    """Every claim, with the difference that it is about, and whether it held.

    Args:
        rows: The results.
        others: Results from other seeds, if there are any, which may be of fewer
            studies.
        of: The claims.
    """
    runs = [rows, others] if others else [rows]
    titles = ["", "what is claimed", "of", "less", *map(seeds, runs)]
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for claim in of:
        if not _tells(rows, claim):
            continue
        column = (CLASSES | TARGETS)[claim.column]
        cells = [claim.study, claim.text, f"{column}: {claim.method}", claim.against]
        cells += [_verdict(run, claim) if _tells(run, claim) else "" for run in runs]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def agreement(rows, others, of):
    """A sentence on how many claims two runs agree on.

    Args:
        rows: The results.
        others: Results from other seeds.
        of: The claims, of which those count that both runs tell of.
    """
    runs = [rows, others]
    told = [claim for claim in of if all(_tells(run, claim) for run in runs)]
    held = {
        claim: sum(claim.holds(*claim.difference(run)) for run in runs)
        for claim in told
    }
    counts = list(held.values())
    apart = [f"“{claim.text}” ({claim.study})" for claim in told if held[claim] == 1]
    alone = f", and in one alone {'; '.join(apart)}." if apart else "."
    return (
        f"Of {len(told)} lines that both runs tell of, {counts.count(2)} hold in both, "
        f"{counts.count(0)} in neither{alone}"
    )


def _tells(rows, claim):
    """Whether results are of both methods of a claim."""
    found = {row["method"] for row in rows if row["study"] == claim.study}
    return found.issuperset((claim.method, claim.against))


def _verdict(rows, claim):
    """The difference that a claim is about, and whether it held."""
    difference = claim.difference(rows)
    verdict = "" if claim.holds(*difference) else " **does not hold**"
    return intervals.text(*difference) + verdict + _fewer(rows, claim)


def _fewer(rows, claim):
    """The seeds of a study, where they are not those that the column is headed by."""
    of_study = seeds([row for row in rows if row["study"] == claim.study])
    return "" if of_study == seeds(rows) else f" ({of_study})"


def seeds(rows):
    """The seeds of results, as a title."""
    found = {row["seed"] for row in rows}
    if len(found) == 1:
        return f"seed {min(found)}"
    return f"seeds {min(found)} to {max(found)}"


def page(rows, others, command):
    """The whole page: how it came about, the claims, all tables.

    Args:
        rows: The results.
        others: Results from other seeds, or nothing.
        command: What was asked for, to be run again.
    """
    return filled(
        pathlib.Path(__file__).parent / "page.md",
        rows,
        command,
        thousands=claims.MARGINS["rmse"],
        claims=checked(rows, others),
        published=published.table(rows),
        tables=tables(rows),
    )


def filled(template, rows, command, **fields):
    """A page of results, of a template.

    Args:
        template: The file of the template.
        rows: The results.
        command: What was asked for, to be run again.
        **fields: What else the template names.
    """
    return template.read_text("utf-8").format(
        command=command,
        date=datetime.date.today(),
        machine=machine_line(machine()),
        seeds=seeds(rows),
        trainings=len(rows),
        points=claims.MARGINS["error"],
        **fields,
    )
