"""Ratios of times that are taken in turn, and a check that there was work to time."""

import time

import numpy as np


def timed(function, calls=1):
    """A function of the seconds that a call of `function` takes.

    Args:
        function: Function of nothing.
        calls: How many calls to take together, where one is too short to time.
    """

    def seconds():
        start = time.perf_counter()
        for _ in range(calls):
            function()
        return (time.perf_counter() - start) / calls

    return seconds


def in_turn(functions, rounds, warm_up=3, most=40.0):
    """Times the functions A, B, …, A, B, …, so that a busy machine hits all alike.

    Args:
        functions: Dict of names to functions that return seconds.
        rounds: How often to time each.
        warm_up: How often to call each before, to compile it and to fill caches.
        most: Seconds after which no further round begins, as on a busy machine
            some steps take many times as long.

    Returns:
        A dict of names to arrays of seconds, one a round.
    """
    for function in functions.values():
        for _ in range(warm_up):
            function()
    end = time.perf_counter() + most
    seconds = []
    while len(seconds) < rounds and (not seconds or time.perf_counter() < end):
        seconds.append([f() for f in functions.values()])
    return dict(zip(functions, np.array(seconds).T))


def quartiles(values):
    """The three quartiles of `values`, the median in the middle."""
    return [float(q) for q in np.quantile(values, [0.25, 0.5, 0.75])]


def check_mixed(name, draw, images):
    """Raises unless `draw()` gives mixed images and mixed labels.

    Args:
        name: What to call it in the error.
        draw: Function of nothing to images and labels. As some mixers draw one λ
            a batch, which may be nearly 1, it gets some tries.
        images: The images before.
    """
    before = np.array(images, "float32")
    for _ in range(20):
        mixed, labels = (np.asarray(part) for part in draw())
        if not np.allclose(mixed, before) and np.any((labels > 0) & (labels < 1)):
            return
    raise AssertionError(f"{name} mixes nothing")
