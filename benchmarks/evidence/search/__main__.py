"""Which rule for λ is worth more than plain mixup, and than its control, in one run.

Trains each rule on each set from many seeds, as many trainings at a time as there are
cores, and writes results and a page. Run again, it goes on where it was interrupted.
Many rules on a few seeds choose, and those that are left are run on others:

    KERAS_BACKEND=jax python -m benchmarks.evidence.search --data cifar10.npz
    KERAS_BACKEND=jax python -m benchmarks.evidence.search --data cifar10.npz \
        --first-seed 100 --rules "2(1 − p)" --output confirmed --against search.csv
"""

import argparse
import functools
import os
import pathlib

from benchmarks.evidence import records
from benchmarks.evidence import report
from benchmarks.evidence.methods import ERM
from benchmarks.evidence.pool import jobs
from benchmarks.evidence.pool import results
from benchmarks.evidence.search import page
from benchmarks.evidence.search.methods import FLAT
from benchmarks.evidence.search.methods import REFERENCES
from benchmarks.evidence.search.methods import control
from benchmarks.evidence.search.methods import cooled
from benchmarks.evidence.search.sets import SETS
from benchmarks.evidence.search.training import work

MODULE = "benchmarks.evidence.search"
# A smoke run: what packages carry, for a few epochs.
QUICK = {"sets": ["mnist1000"], "rules": ["2(1 − p)"], "seeds": 2, "epochs": 3}
QUICK_REFERENCES = (ERM, "mixup, α = 1", "mixup, α = 1, cooldown")


def arguments():
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data", metavar="NPZ", help="CIFAR-10, without it other sets alone")
    add("--seeds", type=int, help="trainings a method [8, 2 with --quick]")
    add("--first-seed", type=int, default=0, help="the first of them [0]")
    add("--epochs", type=int, help="of each training [40 or 60, 3 with --quick]")
    add("--sets", nargs="+", choices=SETS, metavar="SET", help=f"{[*SETS]}")
    add("--rules", nargs="+", choices=FLAT, metavar="RULE", help="[all]")
    add("--without-controls", action="store_true", help="a first look")
    add("--cooldown", action="store_true", help="each rule also with cooldown")
    add("--quick", action="store_true", help="a smoke run, without --data")
    add("--output", default="search", metavar="PATH", help="of .csv and .md [search]")
    add("--against", nargs="+", default=[], metavar="CSV", help="from other seeds")
    add("--processes", type=int, default=os.cpu_count(), help="[one a core]")
    args = parser.parse_args()
    for name, value in QUICK.items() if args.quick else ():
        setattr(args, name, getattr(args, name) or value)
    able = [name for name, each in SETS.items() if args.data or not each.needs_file]
    args.sets = args.sets or able
    if missing := [name for name in args.sets if name not in able]:
        parser.error(f"{missing} need --data")
    args.seeds = args.seeds or 8
    args.rules = args.rules or [*FLAT]
    return args


def methods(args):
    """The names of the methods that were asked for, with plain mixup."""
    names = [*args.rules]
    if args.cooldown:
        names += map(cooled, args.rules)
    if not args.without_controls:
        names += map(control, names[:])
    return [*(QUICK_REFERENCES if args.quick else REFERENCES), *names]


def main():
    """Trains what has not been trained, and reports on all of it."""
    args = arguments()
    output = pathlib.Path(args.output)
    output.parent.mkdir(parents=True, exist_ok=True)
    training = functools.partial(work, source=args.data)
    epochs = {name: args.epochs or SETS[name].epochs for name in args.sets}
    wanted = jobs(args, {name: (epochs[name], methods(args)) for name in args.sets})
    rows = results(wanted, output.with_suffix(".csv"), args.processes, training)
    others = [row for other in args.against for row in records.read(other)]
    text = page.text(rows, others, report.command(MODULE))
    output.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
