"""Compares many cases: `python -m tests.differential --cases 2000`."""

import argparse
import sys
import time
import traceback

import keras

from tests.differential import cases
from tests.differential import compare
from tests.differential import step


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m tests.differential")
    parser.add_argument("--cases", type=int, default=2000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the number of the first")
    parser.add_argument("--case", type=int, help="one case alone, by its number")
    parser.add_argument("--way", choices=step.WAYS, help="how to run all of them")
    parser.add_argument("-v", "--verbose", action="store_true", help="print each")
    options = parser.parse_args(argv)
    numbers = range(options.seed, options.seed + options.cases)
    if options.case is not None:
        numbers = [options.case]
    failed, skipped, worst, start = [], 0, 0.0, time.perf_counter()
    for done, number in enumerate(numbers, 1):
        case = cases.case(number)
        if options.verbose:
            print(case, f"  way: {options.way or step.way_of(case)}", sep="\n")
        try:
            report = compare.check(case, options.way)
        except Exception:
            report = compare.Report([traceback.format_exc()])
        skipped, worst = skipped + report.skipped, max(worst, report.worst)
        if report.wrong:
            failed.append(number)
            print(f"--case {number} failed:", *report.wrong, sep="\n", flush=True)
        elif options.verbose:
            print(f"  right, with {report.worst:.2f} of the tolerance", flush=True)
        if done % 100 == 0 or done == len(numbers):
            keras.utils.clear_session()
            rate = done / (time.perf_counter() - start)
            print(
                f"{done} cases, {rate:.1f} a second, {len(failed)} failed, {skipped} "
                f"without gradients, worst {worst:.2f} of the tolerance",
                flush=True,
            )
    print("failed:", failed or "none")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
