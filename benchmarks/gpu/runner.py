"""All parts in one go, each in a process of its own, within ten minutes.

What is not begun after nine minutes is skipped, and says so. Results are written as
they come: what is there when a run is cut short, stays.
"""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from benchmarks import report
from benchmarks.gpu import table
from benchmarks.results import missing_package

# What is measured, on which backends; what takes longest comes last.
PARTS = {
    "bandwidth": ("jax", "torch"),
    "launches": ("jax", "torch"),
    "sampler": ("jax", "torch"),
    "steps": ("jax", "torch", "tensorflow"),
}
# Seconds after which nothing is begun, and after which nothing runs.
BUDGET, END = 540, 590
# How long a part may go on after the time at which it begins nothing more.
GRACE = 45
OUT_OF_TIME = "nine minutes have passed"
# No more memory than is needed, where others have some of it.
MODEST = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def driver():
    """The driver and the GPUs, as NVIDIA's tool tells them."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "No nvidia-smi here"
    query = "--query-gpu=name,driver_version,memory.total"
    command = [tool, query, "--format=csv,noheader"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    found = (result.stdout or result.stderr).strip().splitlines()
    return "; ".join(found) or "nvidia-smi says nothing"


def measure(name, backend, quick, until, kill_at):
    """Runs one part on one backend, and yields its rows as they come.

    Args:
        name: Name of the part.
        backend: The backend.
        quick: Whether tiny sizes do.
        until: The `time.time()` after which the part begins nothing.
        kill_at: The `time.time()` at which it is ended.
    """
    where = {"module": name, "backend": backend}
    command = [sys.executable, "-m", f"benchmarks.gpu.{name}", f"--until={until}"]
    command += ["--quick"] * quick
    ended = threading.Event()
    with tempfile.TemporaryFile("w+") as errors:
        started = subprocess.Popen(
            command,
            env={**os.environ, **MODEST, "KERAS_BACKEND": backend},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # With the processes that compile for it, it is ended as one.
            start_new_session=True,
        )

        def end():
            ended.set()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)

        timer = threading.Timer(max(0.0, kill_at - time.time()), end)
        timer.start()
        with started as process:
            try:
                for line in process.stdout:
                    if line.startswith("{"):
                        yield {**where, **json.loads(line)}
                code = process.wait()
            finally:
                timer.cancel()
                if process.poll() is None:
                    end()
        errors.seek(0)
        said = errors.read()
    if ended.is_set():
        yield {**where, "name": name, "skipped": f"ended, as {OUT_OF_TIME}"}
    elif code:
        print(said, file=sys.stderr)
        last = (said.strip().splitlines() or ["no message"])[-1]
        yield {**where, "name": name, "failed": last}


def all_rows(only, quick, start):
    """Yields the rows of all parts, within the time that there is."""
    parts = [(name, backend) for name in only for backend in PARTS[name]]
    for index, (name, backend) in enumerate(parts):
        where = {"module": name, "backend": backend, "name": name}
        reason = missing_package(backend)
        left = start + BUDGET - time.time()
        if reason or left <= 0:
            yield {**where, "skipped": reason or OUT_OF_TIME}
            continue
        print(f"{name} on {backend} …", file=sys.stderr, flush=True)
        # Twice its share of what is left, so that no part leaves others nothing.
        until = time.time() + min(left, 2 * left / (len(parts) - index))
        kill_at = min(until + GRACE, start + END)
        yield from measure(name, backend, quick, until, kill_at)


def write(file, content):
    """Writes JSON so that no reader sees half of it."""
    new = pathlib.Path(f"{file}.new")
    text = json.dumps(content, ensure_ascii=False, indent=1)
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def main(only, quick, file):
    """Measures, prints and writes.

    Args:
        only: Names of the parts, in order.
        quick: Whether tiny sizes do.
        file: The file to write JSON to.

    Returns:
        Whether something failed.
    """
    start = time.time()
    content = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": report.machine(),
        "driver": driver(),
        "quick": quick,
        "seconds": 0.0,
        "devices": {},
        "rows": [],
    }
    for row in all_rows(only, quick, start):
        if "device" in row:
            content["devices"][row["backend"]] = row["device"]
        else:
            content["rows"].append(row)
        content["seconds"] = round(time.time() - start, 1)
        write(file, content)
    print(table.text(content))
    return any("failed" in row for row in content["rows"])
