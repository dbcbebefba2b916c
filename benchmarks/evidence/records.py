"""The results on disk: one line a training, so that a run can go on where it ended."""

import csv
import pathlib

KEYS = ("study", "method", "seed", "epochs")
NUMBERS = (
    "error",
    "best",
    "nll",
    "brier",
    "ece",
    "scaled_ece",
    "gap",
    "rmse",
    "mae",
    "ms",
)


def read(file):
    """Rows of a file of results, none if there is no file yet."""
    if not pathlib.Path(file).exists():
        return []
    with open(file, newline="", encoding="utf-8") as lines:
        return [_parsed(row) for row in csv.DictReader(lines)]


def _parsed(row):
    numbers = {name: float(row[name]) for name in NUMBERS if row[name]}
    whole = {"seed": int(row["seed"]), "epochs": int(row["epochs"])}
    return {"study": row["study"], "method": row["method"], **whole, **numbers}


def append(file, row):
    """Adds a row to a file of results, behind the names of its columns."""
    new = not pathlib.Path(file).exists()
    with open(file, "a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, (*KEYS, *NUMBERS))
        if new:
            writer.writeheader()
        cells = {k: f"{v:.6g}" if k in NUMBERS else v for k, v in row.items()}
        writer.writerow(cells)


def key(row):
    """What tells a training from every other."""
    return tuple(row[name] for name in KEYS)
