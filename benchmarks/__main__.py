"""Every ratio of this package's cost, in one run and in one table.

Keras has one backend a process, so each of them is measured in a process of its
own, one after the other. A module of measurements can be run by itself as well:

    KERAS_BACKEND=jax python -m benchmarks.training

With `--device gpu` it is another list of measurements, in `benchmarks/gpu`.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from benchmarks import report
from benchmarks.gpu import runner
from benchmarks.results import missing_package

BACKENDS = ("tensorflow", "jax", "torch")
DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"}
# With oneDNN, TensorFlow keeps the memory that it frees: no peak would show.
UNPOOLED = {"TF_ENABLE_ONEDNN_OPTS": "0"}
# Small steps on several threads wait for each other where a machine is busy.
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
# What is measured, on which backends, in which environment.
MODULES = {
    "pipelines": (("tensorflow",), {}),
    "regions": (("tensorflow",), {}),
    "peers": (("torch",), {}),
    "eager": (("torch",), {}),
    "training": (BACKENDS, {}),
    "sampling": (BACKENDS, {}),
    "traces": (("tensorflow", "jax"), {}),
    "memory": (BACKENDS, ONE_THREAD),
    "peaks": (("tensorflow",), UNPOOLED),
    "collectives": (("jax",), DEVICES),
}


def measure(module, backend, environment, quick):
    """Runs one module on one backend, and returns its rows."""
    where = {"module": module, "backend": backend}
    reason = missing_package(backend)
    if reason:
        return [{**where, "name": module, "skipped": reason}]
    environment = {
        **os.environ,
        **environment,
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    command = [sys.executable, "-m", f"benchmarks.{module}", *["--quick"] * quick]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    lines = [line for line in process.stdout.splitlines() if line.startswith("{")]
    rows = [{**where, **json.loads(line)} for line in lines]
    if process.returncode:
        print(process.stderr, file=sys.stderr)
        error = (process.stderr.strip().splitlines() or ["no message"])[-1]
        rows.append({**where, "name": module, "failed": error})
    return rows


def arguments():
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="only a few repeats")
    parser.add_argument(
        "--device",
        choices=("cpu", "gpu"),
        default="cpu",
        help="the host, or in ten minutes a GPU (with --quick a CPU does)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        help=f"of {', '.join(MODULES)}; on a GPU of {', '.join(runner.PARTS)}",
    )
    parser.add_argument(
        "--json", metavar="FILE", help="write the results there too (gpu.json)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw the ratios (matplotlib)")
    args = parser.parse_args()
    names = list(runner.PARTS if args.device == "gpu" else MODULES)
    args.only = args.only or names
    if not set(args.only) <= set(names):
        parser.error(f"--only of {', '.join(names)}. Received: {' '.join(args.only)}")
    if args.plot and args.device == "gpu":
        parser.error("--plot draws what is measured on the host")
    return args


def main():
    """Measures, prints, and writes what was asked for."""
    args = arguments()
    if args.device == "gpu":
        return runner.main(args.only, args.quick, args.json or "gpu.json")
    start, rows = time.time(), []
    for module in args.only:
        backends, environment = MODULES[module]
        for backend in backends:
            print(f"{module} on {backend} …", file=sys.stderr, flush=True)
            rows += measure(module, backend, environment, args.quick)
    machine = report.machine()
    print(report.text(rows, machine, args.quick, time.time() - start))
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            content = {"machine": machine, "quick": args.quick, "rows": rows}
            json.dump(content, file, ensure_ascii=False, indent=1)
    if args.plot:
        report.plot(rows, args.plot)
    return any("failed" in row for row in rows)


if __name__ == "__main__":
    sys.exit(main())
