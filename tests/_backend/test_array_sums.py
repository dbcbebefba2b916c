"""Blends of arrays by the kernel of PyTorch, against those of NumPy."""

import os
import sys

import keras
import numpy as np
import pytest

from keras_mixup import MixPlan
from keras_mixup._backend import array_sums
from keras_mixup.plans import blend

IS_TORCH = keras.backend.backend() == "torch"
of_torch = pytest.mark.skipif(not IS_TORCH, reason="of PyTorch")
SHAPE = (64, 32, 32, 3)


def images(shape=SHAPE, dtype="float32"):
    return np.random.default_rng(0).normal(size=shape).astype(dtype)


def plan(**settings):
    return MixPlan.draw(SHAPE[0], 1.0, seed=np.random.default_rng(1), **settings)


@pytest.fixture
def counted(monkeypatch):
    """The blends that the kernel of PyTorch made."""
    calls = []

    def count(*arguments):
        calls.append(arguments)
        return array_sums.blend_arrays(*arguments)

    monkeypatch.setattr(blend, "blend_arrays", count)
    return calls


def by_numpy(plan, x, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(blend, "may_blend_arrays", lambda *arguments: False)
        return plan.mix(x)


@pytest.mark.parametrize("settings", [{}, {"num_samples": 3}, {"per_sample": False}])
def test_both_kernels_give_the_same_numbers(settings, counted, monkeypatch):
    x, drawn = images(), plan(**settings)
    before = x.copy()
    mixed = drawn.mix(x)
    assert len(counted) == IS_TORCH
    assert type(mixed) is np.ndarray
    assert mixed.flags.writeable
    np.testing.assert_allclose(mixed, by_numpy(drawn, x, monkeypatch), atol=1e-6)
    np.testing.assert_array_equal(x, before)


def test_they_are_weighted_sums():
    x, drawn = images(), plan()
    share = drawn.share.reshape(-1, 1, 1, 1).astype("float64")
    expected = (1 - share) * x + share * x[drawn.partners]
    np.testing.assert_allclose(drawn.mix(x), expected, atol=1e-6)


def test_what_is_no_number_goes_where_it_does_on_numpy(monkeypatch):
    x, drawn = images(), plan()
    x[3], x[5], x[7, 0] = np.nan, np.inf, -np.inf
    np.testing.assert_allclose(drawn.mix(x), by_numpy(drawn, x, monkeypatch), atol=1e-6)


def read_only(x):
    x.flags.writeable = False
    return x


OTHERS = {
    "small": lambda: images((64, 100)),
    "large": lambda: images((64, 400, 400)),
    "half": lambda: images(dtype="float16"),
    "double": lambda: images(dtype="float64"),
    "swapped": lambda: images(dtype=">f4"),
    "strided": lambda: images((64, 32, 32, 6))[..., ::2],
    "turned": lambda: np.asfortranarray(images()),
    "read-only": lambda: read_only(images()),
    "bytes": lambda: np.arange(64 * 3072, dtype="uint8").reshape(SHAPE),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_arrays_are_left_to_numpy(kind, counted):
    x = OTHERS[kind]()
    drawn = plan()
    mixed = drawn.mix(x, dtype="float64" if kind == "double" else "float32")
    assert not counted
    share = drawn.share.reshape(-1, *(1,) * (x.ndim - 1)).astype("float64")
    wide = x.astype("float64")
    expected = (1 - share) * wide + share * wide[drawn.partners]
    np.testing.assert_allclose(mixed, expected, rtol=1e-6, atol=1e-5)


def test_what_is_not_mixed_keeps_all_of_its_bits(counted):
    x, drawn = images(), plan(prob=0.5)
    x[::2] = -0.0
    alone = drawn.share <= 0
    assert 0 < alone.sum() < len(x)
    np.testing.assert_array_equal(
        drawn.mix(x)[alone].view("uint32"), x[alone].view("uint32")
    )
    assert not counted


@of_torch
@pytest.mark.parametrize("name", ["is_worker", "is_fork"])
def test_in_other_processes_only_without_further_threads(name, counted, monkeypatch):
    import torch

    monkeypatch.setattr(array_sums, name, lambda: True)
    before = torch.get_num_threads()
    try:
        for threads in (2, 1):
            torch.set_num_threads(threads)
            plan().mix(images())
            assert len(counted) == (threads == 1)
    finally:
        torch.set_num_threads(before)


@of_torch
@pytest.mark.skipif(sys.platform == "win32", reason="No fork.")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_does_not_wait_for_threads_that_it_has_not():
    import torch

    x, drawn = images(), plan()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        expected = drawn.mix(x)
        pid = os.fork()
        if pid == 0:
            found = drawn.mix(x)
            os._exit(0 if np.allclose(found, expected, atol=1e-6) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        torch.set_num_threads(before)


@of_torch
def test_no_gradient_flows_through_arrays_and_none_is_switched_off():
    import torch

    mixed = plan().mix(images())
    assert torch.is_grad_enabled()
    assert torch.from_numpy(mixed).requires_grad is False


@pytest.mark.skipif(IS_TORCH, reason="Not of PyTorch")
def test_under_other_backends_the_kernel_is_not_used(counted):
    plan().mix(images())
    assert not counted
