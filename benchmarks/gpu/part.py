"""One process of measurements: what it may still begin, and what went wrong in it."""

import argparse
import json
import time
import traceback

from benchmarks.gpu.device import description
from benchmarks.results import emit_failed
from benchmarks.results import emit_skipped

OUT_OF_TIME = "out of time"
NO_GPU = "no GPU: on a CPU only --quick is measured"


class Part:
    """What a module of measurements is run with.

    Args:
        quick: Whether tiny sizes and a few repeats do.
        on_cpu: Whether the device is the host.
        until: The `time.time()` after which nothing is begun.
    """

    def __init__(self, quick, on_cpu, until):
        self.quick, self.on_cpu, self._until = quick, on_cpu, until

    def left(self):
        """The seconds that are left."""
        return max(0.0, self._until - time.time())

    def attempt(self, name, function, *args):
        """What a function returns, or `None` where it was not begun or raised.

        What one measurement raises, the others need not miss: it becomes a result.

        Args:
            name: What is measured.
            function: The function.
            *args: Its arguments.
        """
        if not self.left():
            emit_skipped(name, OUT_OF_TIME)
            return None
        try:
            return function(*args)
        except Exception as error:  # Compilers and drivers fail in many ways.
            traceback.print_exc()
            emit_failed(name, error)
            return None


def run(name, measure):
    """Runs a module of measurements as a process of its own.

    Args:
        name: Name of the module.
        measure: Function of a `Part`.
    """
    parser = argparse.ArgumentParser(description="Prints its results as lines of JSON.")
    parser.add_argument("--quick", action="store_true", help="tiny sizes")
    parser.add_argument("--until", type=float, default=float("inf"))
    args = parser.parse_args()
    device = description()
    print(json.dumps({"name": name, "device": device}, default=str), flush=True)
    on_cpu = device["kind"] == "cpu"
    if on_cpu and not args.quick:
        emit_skipped(name, NO_GPU)
        return
    measure(Part(args.quick, on_cpu, args.until))
