"""The results as Markdown: a table a set, and what is left of all rules."""

import pathlib

from benchmarks.evidence import intervals
from benchmarks.evidence import report
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.search import verdicts
from benchmarks.evidence.search.methods import REFERENCES
from benchmarks.evidence.search.methods import control
from benchmarks.evidence.search.methods import cooled
from benchmarks.evidence.search.rules import RULES
from benchmarks.evidence.search.sets import CLEAN
from benchmarks.evidence.search.sets import SETS

# Seeds, without which there is no answer.
ENOUGH = 8
TITLES = (
    "",
    "seeds",
    "error, %",
    "− best plain mixup",
    "− its control",
    "− best with cooldown",
    f"− {ERM}",
    "NLL",
)


def text(rows, others, command):
    """The whole page: what is left, how it came about, all tables.

    Args:
        rows: The results.
        others: Results from other seeds, that chose the rules, or nothing.
        command: What was asked for, to be run again.
    """
    filled = report.filled(
        pathlib.Path(__file__).parent / "page.md",
        rows,
        command,
        rules=count(rows) + (f", chosen from {count(others)}" if others else ""),
        answer=answer(rows),
        tables=tables(rows),
        screened=screened(others),
    )
    return filled.rstrip() + "\n"


def count(rows):
    """How many rules of how many families there are results of."""
    names = rules_of(rows)
    families = [
        family
        for family, rules in RULES.items()
        if any(each in names for name in rules for each in (name, cooled(name)))
    ]
    return f"{len(names)} rules in {len(families)} families"


def answer(rows):
    """What beats plain mixup and its control on two sets of clean labels or more.

    Where a rule has too few seeds on two of these sets, that is what it says.
    """
    names = rules_of(rows)
    if unknown := [name for name in names if len(_known_sets(rows, name)) < 2]:
        return (
            f"**Not known yet**: {len(unknown)} of {len(names)} rules have fewer "
            f"than {ENOUGH} seeds with a control on two sets of clean labels."
        )
    won = {
        name: [SETS[s].title for s in CLEAN if verdicts.beats(rows, s, name)]
        for name in names
    }
    if any(len(sets) > 1 for sets in won.values()):
        found = [f"`{name}` ({'; '.join(s)})" for name, s in won.items() if len(s) > 1]
        return f"**On two sets or more these do**: {', '.join(found)}."
    once = [f"`{name}` ({sets[0]})" for name, sets in won.items() if sets]
    on_one = f" On one set: {', '.join(once)}." if once else ""
    return f"**None of the rules does, on two sets of clean labels.**{on_one}"


def _known_sets(rows, name):
    return [
        study
        for study in CLEAN
        if len(verdicts.errors(rows, study, control(name))) >= ENOUGH
    ]


def rules_of(rows):
    """The names of the rules that there are results of, without controls."""
    found = {row["method"] for row in rows}
    flat = [name for family in RULES.values() for name in family]
    names = [each for name in flat for each in (name, cooled(name))]
    return [name for name in names if name in found]


def tables(rows):
    """All tables, one a set of which there are results."""
    found = {row["study"] for row in rows}
    return "\n\n".join(_table(rows, name) for name in SETS if name in found)


def _table(rows, study):
    rows = [row for row in rows if row["study"] == study]
    lines = [
        f"### {SETS[study].title}",
        "",
        f"The best plain mixup is {verdicts.best(rows, study)}, and with cooldown "
        f"{verdicts.cooled_best(rows, study)}.",
        "",
    ]
    lines += [f"| {' | '.join(TITLES)} |", "|---" * len(TITLES) + "|"]
    done = {row["method"] for row in rows}
    for method in [*REFERENCES, *rules_of(rows)]:
        if method in done:
            lines.append(_line(rows, study, method))
        if control(method) in done:
            lines.append(_line(rows, study, control(method)))
    return "\n".join(lines)


def _line(rows, study, method):
    errors = verdicts.errors(rows, study, method)
    cells = [method, str(len(errors)), number(errors)]
    others = (
        verdicts.best(rows, study),
        control(method),
        verdicts.cooled_best(rows, study),
        ERM,
    )
    for against in others:
        found = verdicts.difference(rows, study, method, against)
        cells.append("" if found is None or against == method else signed(found))
    nll = intervals.column(rows, study, method, "nll").values()
    return f"| {' | '.join([*cells, number([*nll])])} |"


def number(values):
    """A mean with half of its interval, which one value has not."""
    return intervals.text(*intervals.mean(values)).replace(" ± inf", "")


def signed(difference):
    """A difference, in bold where its 95% interval leaves out zero."""
    mean, half = difference
    text = f"{mean:+.2f} ± {half:.2f}".replace("-", "−").replace(" ± inf", "")
    return f"**{text}**" if abs(mean) > half else text


def screened(rows):
    """The tables of the seeds that chose, under a heading of their own."""
    if not rows:
        return ""
    title = f"## The first run, {report.seeds(rows)}, which chose"
    parts = [title, ahead(rows), tables(rows).replace("### ", "### First: ")]
    return "\n\n".join(parts)


def ahead(rows):
    """Which rules have a lower mean error than the best plain mixup, and where."""
    lower = {
        study: [
            name
            for name in rules_of(rows)
            if (found := verdicts.rivals_less(rows, study, name)) and found.mean < 0
        ]
        for study in CLEAN
    }
    all_names = [name for names in lower.values() for name in names]
    several = [name for name in rules_of(rows) if all_names.count(name) > 1]
    sets = [
        f"- {SETS[study].title}: {', '.join(f'`{name}`' for name in names) or 'none'}."
        for study, names in lower.items()
    ]
    have = "have" if len(several) > 1 else "has"
    lines = [
        f"{count(rows)}. {len(several) or 'None'} of them {have}, on two sets of clean "
        "labels or more, a lower mean error than the best plain mixup. On each set "
        "these have:",
        "",
        *sets,
    ]
    return "\n".join(lines)
