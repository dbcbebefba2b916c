"""What mixup is worth: every table and picture of the evidence, in one run.

Trains each method on each data set from 20 seeds, two trainings at a time on two
cores, and writes results, tables and pictures. Run again, it goes on where it was
interrupted. Beside the results of another run it shows which conclusions move:

    KERAS_BACKEND=jax python -m benchmarks.evidence
    KERAS_BACKEND=jax python -m benchmarks.evidence --first-seed 20 --output again
    KERAS_BACKEND=jax python -m benchmarks.evidence --against again/results.csv
"""

import argparse
import os
import pathlib

from benchmarks.evidence import pictures
from benchmarks.evidence import records
from benchmarks.evidence import report
from benchmarks.evidence.methods import STUDIES
from benchmarks.evidence.pool import jobs
from benchmarks.evidence.pool import results
from benchmarks.evidence.training import work


def arguments():
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evidence", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--seeds", type=int, help="trainings a method [20, 2 with --quick]")
    add("--first-seed", type=int, default=0, help="the first of them [0]")
    add("--quick", action="store_true", help="few seeds and epochs: a smoke run")
    add("--only", nargs="+", choices=STUDIES, default=list(STUDIES), metavar="STUDY")
    add("--output", default="evidence", metavar="DIR", help="[evidence]")
    add("--against", nargs="+", default=[], metavar="CSV", help="from other seeds")
    add("--processes", type=int, default=os.cpu_count(), help="[one a core]")
    args = parser.parse_args()
    args.seeds = args.seeds or (2 if args.quick else 20)
    return args


def main():
    """Trains what has not been trained, and reports on all of it."""
    args = arguments()
    output = pathlib.Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    shorter = 15 if args.quick else 1
    studies = {
        name: (max(3, STUDIES[name].epochs // shorter), STUDIES[name].methods)
        for name in args.only
    }
    rows = results(jobs(args, studies), output / "results.csv", args.processes, work)
    others = [row for other in args.against for row in records.read(other)]
    page = report.page(rows, others, report.command("benchmarks.evidence"))
    (output / "index.md").write_text(page, encoding="utf-8")
    pictures.draw(rows, output)
    print(page)


if __name__ == "__main__":
    main()
