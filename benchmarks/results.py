"""What the processes that measure hand to the one that prints: lines of JSON."""

import argparse
import importlib
import importlib.util
import json

import numpy as np

from benchmarks.timing import quartiles


def emit(name, values, limit, detail, unit="×"):
    """Hands over the median and the quartiles of what was measured.

    Args:
        name: What was measured.
        values: Numbers, at least one.
        limit: The most that the median may be, `None` for what is no aim of ours.
        detail: What the numbers are made of.
        unit: Unit of the numbers.
    """
    low, median, high = quartiles(values)
    row = {"name": name, "median": median, "low": low, "high": high}
    row |= {"limit": limit, "unit": unit, "detail": detail, "n": len(values)}
    print(json.dumps(row, ensure_ascii=False), flush=True)


def emit_ratio(name, times, subject, against, limit):
    """Hands over the ratios, round by round, of two that were timed in turn."""
    ms = {key: 1000 * np.median(times[key]) for key in (subject, against)}
    detail = f"{ms[subject]:.3g} ms / {ms[against]:.3g} ms"
    emit(name, times[subject] / times[against], limit, detail)


def emit_skipped(name, reason):
    """Hands over that something cannot be measured here, and why."""
    print(json.dumps({"name": name, "skipped": reason}), flush=True)


def emit_failed(name, error):
    """Hands over that a measurement raised an error."""
    reason = (str(error).strip().splitlines() or [""])[0]
    failed = f"{type(error).__name__}: {reason}"
    print(json.dumps({"name": name, "failed": failed}), flush=True)


def missing(module):
    """Why `module` cannot be imported, or `None` if it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # Packages of other builds fail in many ways.
        reason = (str(error).splitlines() or [""])[0]
        return f"{type(error).__name__}: {reason}"
    return None


def missing_package(name):
    """Why a package is not there, or `None` if it is, without importing it."""
    return None if importlib.util.find_spec(name) else f"{name} is not installed"


def run(measure):
    """Runs a module of measurements as a process of its own."""
    parser = argparse.ArgumentParser(description="Prints its results as lines of JSON.")
    parser.add_argument("--quick", action="store_true", help="only a few repeats")
    measure(parser.parse_args().quick)
