"""Work on large arrays of NumPy, shared out among the cores of the machine."""

import functools
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

# The bytes of a part below which handing it over takes longer than it saves.
_LEAST = 2**20
_PROCESS = os.getpid()


def share_out(function, count, size):
    """Calls a function on parts of `range(count)` that together are all of it.

    In a worker process, of which there are as many as cores, nothing is shared out.

    Args:
        function: Function of the first number of a part and of the one behind it.
        count: How many numbers there are.
        size: The bytes that all of the work writes.
    """
    parts = min(_cores(), size // _LEAST, count)
    if parts < 2 or is_worker():
        function(0, count)
        return
    bounds = [count * part // parts for part in range(parts + 1)]
    others = []
    try:
        for part in range(1, parts):
            others.append(_pool().submit(function, *bounds[part : part + 2]))
    except RuntimeError:
        # No thread begins once that of the program has ended.
        function(bounds[len(others) + 1], count)
    function(*bounds[:2])
    for other in others:
        other.result()


def is_worker():
    """Whether this is a process of which there may be as many as cores."""
    return multiprocessing.parent_process() is not None


def is_fork():
    """Whether this process is a copy of another one, whose threads it has not."""
    return os.getpid() != _PROCESS


@functools.cache
def _cores():
    # Fewer than the machine has, where a process is kept to some of them.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def _pool():
    return ThreadPoolExecutor(_cores(), thread_name_prefix="keras_mixup")


if hasattr(os, "register_at_fork"):
    # The threads of a pool do not live on in a fork of its process.
    os.register_at_fork(after_in_child=_pool.cache_clear)
