"""Weighted sums of samples, against the matrix that they stand for."""

import keras
import numpy as np
import pytest

from keras_mixup import MixPlan
from keras_mixup._backend.sample_sums import Sums

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="of PyTorch")
SIZE = 9


def drawn(terms, seed=0):
    """Terms of random samples, of which a third have no weight."""
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, SIZE, (SIZE, terms))
    weights = rng.random((SIZE, terms), dtype="float32")
    weights[rng.random(weights.shape) < 1 / 3] = 0
    return samples, weights


def matrix(samples, weights):
    found = np.zeros((SIZE, SIZE))
    for row in range(SIZE):
        np.add.at(found[row], samples[row], weights[row])
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(), (5,), (4, 3, 2), (0,), (7, 0)])
@pytest.mark.parametrize("terms", [1, 2, 3])
def test_they_are_a_product_with_a_matrix(terms, shape, dtype):
    import torch

    samples, weights = drawn(terms)
    weights = weights.astype("float16").astype("float32")
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(SIZE, *shape)))
    x = x.to(getattr(torch, dtype))
    sums = Sums.of_terms(samples, weights, x.dtype)
    tolerance = {"float16": 4e-3, "bfloat16": 4e-2}.get(dtype, 1e-6)
    for each, by in (
        (sums, matrix(samples, weights)),
        (sums.transposed(), matrix(samples, weights).T),
    ):
        found = each.of(x)
        assert found.dtype == x.dtype
        expected = np.tensordot(by, x.double().numpy(), axes=1)
        np.testing.assert_allclose(
            found.double(), expected, rtol=tolerance, atol=tolerance
        )


def test_samples_may_have_no_numbers_whatever_the_number_of_threads():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for shape in ((0,), (7, 0)):
            x = torch.zeros(SIZE, *shape, requires_grad=True)
            found = Sums.of_terms(*drawn(2), x.dtype).of(x)
            assert found.shape == x.shape
            found.sum().backward()
            assert x.grad.shape == x.shape
    finally:
        torch.set_num_threads(before)


def test_without_a_zero_they_are_that_product_as_well():
    import torch

    samples, weights = drawn(2)
    weights += 0.5
    x = torch.randn(SIZE, 3, dtype=torch.float64)
    found = Sums.of_terms(samples, weights, x.dtype).of(x)
    np.testing.assert_allclose(found, matrix(samples, weights) @ x.numpy(), rtol=1e-6)


def test_what_has_no_weight_goes_nowhere():
    import torch

    samples, weights = np.array([[0, 1], [1, 0], [2, 2]]), np.eye(3, 2)
    weights[2] = 0.5
    x = torch.tensor([[1.0], [np.inf], [np.nan]])
    found = Sums.of_terms(samples, weights.astype("float32"), x.dtype).of(x)
    np.testing.assert_array_equal(found, [[1], [1], [np.nan]])


def test_a_weight_that_16_bits_round_to_0_is_none():
    import torch

    x = torch.tensor([[1.0], [np.inf]], dtype=torch.float16)
    samples, weights = np.array([[0, 1], [1, 1]]), np.float32([[1, 1e-9], [1, 0]])
    found = Sums.of_terms(samples, weights, x.dtype).of(x)
    np.testing.assert_array_equal(found, [[1], [np.inf]])


@pytest.mark.parametrize("order", [(0, 2, 3, 1), (0, 3, 1, 2), (0, 1, 3, 2)])
def test_the_axes_stay_in_the_order_of_memory(order):
    import torch

    # As a convolution leaves it, which Keras sees by other axes.
    x = torch.randn(SIZE, 2, 5, 4).permute(order)
    sums = Sums.of_terms(*drawn(2), torch.float32)
    found = sums.of(x)
    assert found.stride() == x.stride()
    np.testing.assert_allclose(found, sums.of(x.contiguous()), atol=1e-6)


def test_samples_that_lie_side_by_side_and_repeated_ones():
    import torch

    sums = Sums.of_terms(*drawn(2), torch.float32)
    for x in (
        torch.randn(4, SIZE).T,
        torch.randn(SIZE, 1).expand(SIZE, 4),
        torch.randn(1, 4).expand(SIZE, 4),
        torch.randn(SIZE, 8)[:, ::2],
    ):
        np.testing.assert_allclose(sums.of(x), sums.of(x.contiguous()), atol=1e-6)


# What torch says of itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
def test_gradients_of_gradients():
    import torch

    sums = Sums.of_terms(*drawn(2), torch.float32)
    x = torch.randn(SIZE, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sums.of, (x,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(sums.of, (x,))


def test_a_gradient_penalty_goes_through_a_blend():
    import torch

    plan = MixPlan(torch.tensor([1, 0, 2]), torch.tensor([0.25, 0.5, 0.0]))
    x = torch.randn(3, 2, requires_grad=True)
    (slope,) = torch.autograd.grad((plan.mix(x) ** 3).sum(), x, create_graph=True)
    (slope**2).sum().backward()
    mixing = torch.tensor([[0.75, 0.25, 0], [0.5, 0.5, 0], [0, 0, 1]])
    z = x.detach().clone().requires_grad_()
    (by_hand,) = torch.autograd.grad(((mixing @ z) ** 3).sum(), z, create_graph=True)
    (by_hand**2).sum().backward()
    np.testing.assert_allclose(slope.detach(), by_hand.detach(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(x.grad, z.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1)])
def test_what_a_blend_gives_may_be_written_to(order):
    import torch

    plan = MixPlan(torch.tensor([1, 0, 2]), torch.tensor([0.25, 0.5, 0.0]))
    x = torch.randn(3, 2, 4, requires_grad=True)
    found, expected = plan.mix(x.permute(order)), plan.mix(x.detach().permute(order))
    found += 1
    torch.relu_(found)
    np.testing.assert_array_equal(found.detach(), torch.relu(expected + 1))
    found.sum().backward()
    passed = (expected + 1 > 0).float()
    by_hand = np.array([[0.75, 0.5, 0], [0.25, 0.5, 0], [0, 0, 1]]) @ (
        passed.permute(np.argsort(order).tolist()).reshape(3, -1).numpy()
    )
    np.testing.assert_allclose(x.grad.reshape(3, -1), by_hand, rtol=1e-6)


def test_partners_may_be_counted_from_the_end():
    import torch

    sums = Sums.of_terms(np.array([[0, -1], [1, -2]]), np.ones((2, 2)), torch.float32)
    assert sums.samples.tolist() == [0, 1, 1, 0]


# What torch says of itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
def test_transformed_functions_may_blend_what_they_close_over():
    import torch

    plan = MixPlan(torch.tensor([1, 0, 2]), torch.tensor([0.25, 0.5, 0.0]))
    x, weights = torch.randn(3, 2), torch.randn(2, 2)
    found = torch.func.grad(lambda w: ((plan.mix(x) @ w) ** 2).sum())(weights)
    mixed = plan.mix(x)
    np.testing.assert_allclose(found, 2 * mixed.T @ mixed @ weights, rtol=1e-4)
    jacobian = torch.autograd.functional.jacobian
    np.testing.assert_allclose(
        jacobian(plan.mix, x, vectorize=True, strategy="forward-mode"),
        jacobian(plan.mix, x),
    )
