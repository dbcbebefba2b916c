"""Work of NumPy on all cores."""

import multiprocessing
import os
import sys

import numpy as np
import pytest

import keras_mixup
from keras_mixup._backend import threads
from keras_mixup.plans import blend

LARGE = 2**30


@pytest.fixture(autouse=True)
def three_cores(monkeypatch):
    monkeypatch.setattr(threads, "_cores", lambda: 3)
    threads._pool.cache_clear()
    yield
    threads._pool.cache_clear()


@pytest.mark.parametrize(("count", "parts"), [(1, 1), (2, 2), (7, 3), (300, 3)])
def test_parts_are_disjoint_and_all_of_the_work(count, parts):
    found = []
    threads.share_out(lambda *bounds: found.append(bounds), count, LARGE)
    assert len(found) == parts
    assert [i for bounds in sorted(found) for i in range(*bounds)] == list(range(count))


def test_small_work_stays_where_it_is():
    found = []
    threads.share_out(lambda *bounds: found.append(bounds), 9, 1000)
    assert found == [(0, 9)]


def test_an_error_of_any_part_is_raised():
    def fail(begin, end):
        if begin:
            raise ArithmeticError(begin)

    with pytest.raises(ArithmeticError):
        threads.share_out(fail, 9, LARGE)


def test_a_batch_is_blended_alike_by_any_number_of_threads(monkeypatch):
    x = np.random.default_rng(0).normal(size=(37, 50, 301)).astype("float32")
    x[3, 1], x[5] = np.nan, np.inf
    plan = keras_mixup.MixPlan.draw(37, 1.0, prob=0.6, seed=np.random.default_rng(1))
    monkeypatch.setattr(threads, "_LEAST", 2**18)
    shared_out = plan.mix(x)
    monkeypatch.setattr(blend, "share_out", lambda function, n, size: function(0, n))
    np.testing.assert_array_equal(shared_out, plan.mix(x))


@pytest.mark.skipif(sys.platform == "win32", reason="No fork.")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:os.fork.*:RuntimeWarning")
def test_a_fork_has_threads_of_its_own():
    x = np.ones((64, 300, 300), "float32")
    plan = keras_mixup.MixPlan.draw(64, 1.0, seed=np.random.default_rng(1))
    plan.mix(x)
    pid = os.fork()
    if pid == 0:
        # Not a process of `multiprocessing`, so that it shares out, too.
        os._exit(0 if plan.mix(x).sum() == x.sum() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert multiprocessing.parent_process() is None


def test_work_of_a_thread_that_outlives_the_program_is_done(monkeypatch):
    class Ended:
        def submit(self, *arguments):
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")

        @staticmethod
        def cache_clear():
            pass

    monkeypatch.setattr(threads, "_pool", Ended)
    found = []
    threads.share_out(lambda *bounds: found.append(bounds), 9, LARGE)
    assert [i for bounds in sorted(found) for i in range(*bounds)] == list(range(9))
