"""A stage of a `tf.data` pipeline on one batch in memory, as a function to time."""

import time

import tensorflow as tf

from benchmarks.timing import check_mixed
from benchmarks.timing import timed

START = 4


def endless(batch, mix):
    """An iterator over one batch that mixes it when asked, and not before."""
    options = tf.data.Options()
    # Or one batch is made while another stage is timed.
    options.experimental_optimization.inject_prefetch = False
    options.experimental_optimization.map_parallelization = False
    return iter(_repeated(batch).map(mix).with_options(options))


def one_by_one(batch, mix):
    """A function of the seconds that the next batch takes."""
    iterator = endless(batch, mix)
    _check(lambda: next(iterator), batch)
    return timed(lambda: next(iterator))


def throughput(batch, stage, count):
    """A function of the seconds a batch over `count` of them, after the first few.

    Each call has an iterator of its own, to its end: none works between the calls.

    Args:
        batch: The batch.
        stage: Function from a data set to the mixed one.
        count: How many batches to time together.
    """
    dataset = stage(_repeated(batch, START + count))
    _check(lambda: next(iter(dataset)), batch)

    def seconds():
        iterator = iter(dataset)
        for _ in range(START):
            next(iterator)
        start = time.perf_counter()
        for _ in iterator:
            pass
        return (time.perf_counter() - start) / count

    return seconds


def parallel(mix):
    """The stage that most pipelines have."""
    return lambda dataset: dataset.map(mix, num_parallel_calls=tf.data.AUTOTUNE)


def _repeated(batch, count=None):
    return tf.data.Dataset.from_tensors(batch).cache().repeat(count)


def _check(draw, batch):
    def parts(element):
        if isinstance(element, dict):
            return element["images"], element["labels"]
        return element

    check_mixed("A stage", lambda: parts(draw()), parts(batch)[0])
