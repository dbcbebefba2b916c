"""The results of a GPU as Markdown."""

from benchmarks.report import NAMES
from benchmarks.report import machine_line
from benchmarks.report import not_measured


def text(content):
    """Everything that is printed.

    Args:
        content: What is written as JSON.
    """
    rows = content["rows"]
    lines = [
        f"{content['date']}. {machine_line(content['machine'])} "
        f"{content['driver']}. Measured in {content['seconds'] / 60:.1f} minutes"
        + (", at tiny sizes: a dry run." if content["quick"] else "."),
        "",
    ]
    for backend, device in content["devices"].items():
        on_cpu = " **The device is a CPU: no number is of a GPU.**"
        versions = ", ".join(f"{key} {value}" for key, value in device.items())
        lines.append(
            f"- {NAMES[backend]}: {versions}.{on_cpu * (device['kind'] == 'cpu')}"
        )
    lines += [
        "",
        "| | on | median | quartiles | rounds | of |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_line(row) for row in rows if "median" in row]
    lines += not_measured(rows)
    return "\n".join(lines)


def _line(row):
    once = row["n"] == 1
    spread = "" if once else f"{_number(row['low'])} to {_number(row['high'])}"
    median = _number(row["median"]) + row["unit"]
    rounds = "" if once else row["n"]
    cells = (row["name"], NAMES[row["backend"]], median, spread, rounds, row["detail"])
    return f"| {' | '.join(map(str, cells))} |"


def _number(value):
    """Three digits, and all of those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
