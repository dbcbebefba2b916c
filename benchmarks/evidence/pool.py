"""Many trainings, as many at a time as there are cores."""

import multiprocessing
import os
from concurrent import futures

import keras

from benchmarks.evidence import records
from benchmarks.evidence.methods import STUDIES
from benchmarks.evidence.training import train


def stay_on_a_core(cores):
    """Keeps a process on a core of its own, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get()})


def work(job):
    """Trains once, and returns the job with its results."""
    study = STUDIES[job["study"]]
    method = study.methods[job["method"]]
    return {**job, **train(study, method, job["seed"], job["epochs"])}


def train_all(todo, file, processes):
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
