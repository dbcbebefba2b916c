"""Many trainings, as many at a time as there are cores."""

import multiprocessing
import os
import tempfile
from concurrent import futures

import keras

from benchmarks.evidence import records


def stay_on_a_core(cores):
    """Keeps a process on a core of its own, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get()})


def jobs(args, studies):
    """Every training that was asked for, all methods of a seed before the next seed.

    Args:
        args: What was asked for, with `first_seed` and `seeds`, their number.
        studies: Dict of the names of studies to their epochs and names of methods.
    """
    return [
        {"study": study, "method": method, "seed": seed, "epochs": epochs}
        for seed in range(args.first_seed, args.first_seed + args.seeds)
        for study, (epochs, methods) in studies.items()
        for method in methods
    ]


def results(wanted, file, processes, work):
    """Trains what is wanted and not in a file yet, and returns all that is wanted.

    Args:
        wanted: A list of jobs, dicts with the `KEYS` of `records`.
        file: Where the results are, and are added as they come.
        processes: How many trainings run at a time.
        work: Function of a job that trains once, and returns the job with its results.
    """
    done = {records.key(row) for row in records.read(file)}
    todo = [job for job in wanted if records.key(job) not in done]
    if todo:
        with tempfile.TemporaryDirectory() as compiled:
            # All seeds of a method are one program, which JAX need not compile twice.
            os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", compiled)
            os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
            # One process has one core, whatever it computes with.
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            train_all(todo, file, processes, work)
    keys = {records.key(job) for job in wanted}
    return [row for row in records.read(file) if records.key(row) in keys]


def train_all(todo, file, processes, work):
    """Trains all that is to do, and writes each result down as it comes."""
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for index in range(processes):
        cores.put(index % os.cpu_count())
    bar = keras.utils.Progbar(len(todo), unit_name="training")
    with futures.ProcessPoolExecutor(
        processes, context, stay_on_a_core, (cores,)
    ) as pool:
        trainings = [pool.submit(work, job) for job in todo]
        try:
            for training in futures.as_completed(trainings):
                records.append(file, training.result())
                bar.add(1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
