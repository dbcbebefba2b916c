"""What mixup gives on CIFAR-10: every table, in one run.

Trains each method from three seeds, two trainings at a time on two cores, and writes
results and tables. Run again, it goes on where it was interrupted. Human labels come
with `--data`, an `.npz` of `x_train`, `y_train`, `x_test`, `y_test`, `aggre_label` and
`worse_label`. Processors that multiply in bfloat16 are faster with `--dtype`:

    KERAS_BACKEND=jax python -m benchmarks.evidence.cifar10 --data cifar10.npz
    KERAS_BACKEND=torch python -m benchmarks.evidence.cifar10 --data cifar10.npz \
        --dtype mixed_bfloat16
"""

import argparse
import functools
import os
import pathlib

from benchmarks.evidence import records
from benchmarks.evidence import report
from benchmarks.evidence.cifar10 import page
from benchmarks.evidence.cifar10 import summary
from benchmarks.evidence.cifar10.data import DIGITS
from benchmarks.evidence.cifar10.methods import QUICK
from benchmarks.evidence.cifar10.methods import STUDIES
from benchmarks.evidence.cifar10.training import work
from benchmarks.evidence.pool import jobs
from benchmarks.evidence.pool import results

MODULE = "benchmarks.evidence.cifar10"


def arguments():
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data", metavar="NPZ", help="[keras.datasets.cifar10, without human labels]")
    add("--seeds", type=int, help="trainings a method [3, 1 with --quick]")
    add("--first-seed", type=int, default=0, help="the first of them [0]")
    add("--epochs", type=int, help="of each training [of its study, 3 with --quick]")
    add("--quick", action="store_true", help="a smoke run, without --data on digits")
    add("--only", nargs="+", choices=STUDIES, metavar="STUDY", help=f"{[*STUDIES]}")
    add("--dtype", default="float32", help="dtype policy of Keras [float32]")
    add("--output", default="evidence/cifar10", metavar="DIR", help="[%(default)s]")
    add("--against", nargs="+", default=[], metavar="CSV", help="from other seeds")
    add("--processes", type=int, default=os.cpu_count(), help="[one a core]")
    args = parser.parse_args()
    if args.quick:
        args.data = args.data or DIGITS
    args.seeds = args.seeds or (1 if args.quick else 3)
    args.epochs = args.epochs or (3 if args.quick else None)
    # What Keras downloads has clean labels alone.
    args.only = args.only or (list(STUDIES) if args.data else ["clean"])
    return args


def studies(args):
    """The epochs and the methods of every study that was asked for."""
    return {
        name: (args.epochs or STUDIES[name].epochs, methods_of(name, args.quick))
        for name in args.only
    }


def methods_of(name, quick):
    """The names of the methods of a study, all or a few."""
    return [m for m in STUDIES[name].methods if m in QUICK or not quick]


def main():
    """Trains what has not been trained, and reports on all of it."""
    args = arguments()
    output = pathlib.Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    settings = {"source": args.data, "dtype": args.dtype, "quick": args.quick}
    file = output / "results.csv"
    training = functools.partial(work, **settings)
    results(jobs(args, studies(args)), file, args.processes, training)
    # Of all trainings that there are, whatever was asked for this time.
    rows = records.read(file)
    others = [row for other in args.against for row in records.read(other)]
    command = report.command(MODULE)
    text = page.text(rows, others, command, args.data)
    (output / "numbers.md").write_text(text, encoding="utf-8")
    if summary.has_all(rows):
        short = summary.text(rows, others, command)
        (output / "index.md").write_text(short, encoding="utf-8")
        summary.chart(rows).savefig(output / "errors.png")
    print(text)


if __name__ == "__main__":
    main()
