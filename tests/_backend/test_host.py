"""PyTorch on the host: plans drawn as arrays, and what is mixed by them."""

import collections

import keras
import numpy as np
import pytest

import keras_mixup
from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import ManifoldMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import RandomChoice
from keras_mixup._backend import host
from keras_mixup.layers import base
from keras_mixup.plans import application
from keras_mixup.plans import paste
from keras_mixup.policies import Shuffled
from tests.modes import to_numpy

BACKEND = keras.backend.backend()
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="of PyTorch")

LAYERS = {
    "MixUp": lambda: MixUp(1.0, prob=0.7, seed=3),
    "three samples": lambda: MixUp(1.0, num_samples=3, seed=3),
    "reverse": lambda: MixUp(1.0, pairing="reverse", seed=3),
    "one λ": lambda: MixUp(1.0, per_sample=False, seed=3),
    "CutMix": lambda: CutMix(seed=3),
    "inside": lambda: CutMix(region=keras_mixup.regions.Box("inside"), seed=3),
    "Fourier": lambda: CutMix(region="fourier", seed=3),
    "choice": lambda: RandomChoice([MixUp(0.8), CutMix(1.0)], seed=3),
    "ManifoldMixUp": lambda: ManifoldMixUp(1.0, seed=3),
    "similarity": lambda: AdaptiveMixUp("similarity", seed=3),
    "exponential": lambda: AdaptiveMixUp("exponential", distance="cosine", seed=3),
    "control": lambda: AdaptiveMixUp(Shuffled("similarity"), seed=3),
    "inverse_loss": lambda: AdaptiveMixUp("inverse_loss", seed=3),
}
DTYPES = ["float32", "float64", "float16", "bfloat16"]


def images(dtype="float32", size=64):
    """Images with a few NaN and infinities, which must not leak."""
    x = np.random.default_rng(0).normal(size=(size, 6, 7, 3))
    x[::9, 0, 0, 0], x[4, 1] = np.nan, np.inf
    return keras.ops.convert_to_tensor(x, dtype)


@pytest.fixture
def nothing_on_host(monkeypatch):
    """A switch to how it goes on another device."""

    def switch():
        monkeypatch.setattr(base, "is_on_host", lambda *tensors: False)
        monkeypatch.setattr(application, "may_blend", lambda *arguments: False)
        monkeypatch.setattr(paste, "may_mix_boxes", lambda *arguments: False)

    return switch


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYERS)
def test_on_the_host_a_layer_mixes_as_on_any_device(name, dtype, nothing_on_host):
    x = images(dtype)
    first, second = LAYERS[name](), LAYERS[name]()
    found = [to_numpy(keras.ops.cast(first(x, training=True), "float32"))]
    plan = first.plan
    nothing_on_host()
    found.append(to_numpy(keras.ops.cast(second(x, training=True), "float32")))
    np.testing.assert_array_equal(
        to_numpy(plan.partners), to_numpy(second.plan.partners)
    )
    np.testing.assert_allclose(
        to_numpy(plan.share), to_numpy(second.plan.share), atol=2e-6
    )
    tolerance = {"float16": 4e-3, "bfloat16": 4e-2}.get(dtype, 1e-5)
    np.testing.assert_allclose(*found, atol=tolerance, rtol=tolerance)
    states = [to_numpy(each.seed_generator.state.value) for each in (first, second)]
    np.testing.assert_array_equal(*states)


@pytest.mark.parametrize("name", LAYERS)
def test_a_batch_is_taken_along_to_the_device_of_the_plan(name):
    x = images()
    # A device that needs no hardware, and has no values.
    with keras.device("meta"):
        mixed = LAYERS[name]()(x, training=True)
    assert mixed.device.type == "meta"


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_of_hidden_states_are_those_of_the_formula(dtype):
    import torch

    x = torch.randn(8, 5, dtype=getattr(torch, dtype), requires_grad=True)
    share = np.array([0, 0.25, 1, 0.5, 0.125, 0, 0.75, 1], "float32")
    partners = np.array([3, 2, 5, 0, 7, 1, 4, 6])
    plan = keras_mixup.MixPlan(*map(torch.from_numpy, (partners, share)))
    upstream = torch.randn(8, 5).to(x.dtype)
    plan.mix(x).backward(upstream)
    by_hand = (1 - share)[:, None] * upstream.float().numpy()
    np.add.at(by_hand, partners, share[:, None] * upstream.float().numpy())
    tolerance = {"float16": 4e-3, "bfloat16": 4e-2}.get(dtype, 1e-6)
    np.testing.assert_allclose(
        x.grad.float().numpy(), by_hand, atol=tolerance, rtol=tolerance
    )


def operations(function):
    """The names of the operations of ATen that a function runs, and how often."""
    from torch.utils._python_dispatch import TorchDispatchMode

    counts = collections.Counter()

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
            counts[operation.overloadpacket.__name__] += 1
            return operation(*args, **(kwargs or {}))

    function()
    with Count():
        function()
    return counts


@pytest.mark.parametrize("name", ["MixUp", "CutMix", "choice"])
def test_a_step_adds_few_operations_and_reads_nothing_back(name):
    import torch

    x, y = torch.rand(128, 8, 8, 3), torch.arange(128) % 10
    p = torch.softmax(torch.randn(128, 10), -1).requires_grad_()
    plain = keras.losses.SparseCategoricalCrossentropy()
    layer = LAYERS[name]()
    loss = MixupLoss("sparse_categorical_crossentropy", layer)

    def mixed():
        layer(x, training=True)
        loss(y, p).backward()

    counts, without = operations(mixed), operations(lambda: plain(y, p).backward())
    assert counts.total() - without.total() <= 60
    assert counts["_local_scalar_dense"] == without["_local_scalar_dense"] == 0


def test_arrays_and_tensors_become_each_other():
    plan = keras_mixup.MixPlan.draw(8, region="box", grid=(4, 4), seed=0)
    arrays = host.as_arrays({"plan": plan, "none": None, "several": [plan.share, 3]})
    assert type(arrays["plan"]) is keras_mixup.MixPlan
    assert isinstance(arrays["plan"].region.edges, np.ndarray)
    assert arrays["none"] is None
    assert arrays["several"][1] == 3
    flipped = np.arange(4.0)[::-1]
    np.testing.assert_array_equal(to_numpy(host.as_tensors(flipped)), flipped)
    read_only = np.broadcast_to(np.float32(2), (3,))
    np.testing.assert_array_equal(to_numpy(host.as_tensors(read_only)), [2, 2, 2])


def test_shares_keep_their_gradient():
    import torch

    x = torch.randn(3, 6, 5)
    share = torch.tensor([0.25, 0.5, 0.3], requires_grad=True)
    plan = keras_mixup.MixPlan(torch.tensor([1, 2, 0]), share)
    plan.mix(x).sum().backward()
    by_hand = (x[plan.partners] - x).sum(dim=(1, 2))
    np.testing.assert_allclose(share.grad, by_hand, rtol=1e-5, atol=1e-5)
    edges = torch.tensor([[[0.0, 1.0]]] * 3)
    region = keras_mixup.plans.region.PlanRegion(edges=edges, share=share)
    share.grad = None
    plan._replace(region=region).mix(x).sum().backward()
    np.testing.assert_allclose(share.grad, by_hand, rtol=1e-5, atol=1e-5)


# What torch says of itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")
@pytest.mark.parametrize("name", ["MixUp", "CutMix", "choice"])
def test_derivatives_of_every_kind(name):
    import torch

    layer = LAYERS[name]()
    x = torch.randn(4, 3, 3, 1, dtype=torch.float64)
    layer(x, training=True)
    plan, x = layer.plan, x.requires_grad_()
    assert torch.autograd.gradcheck(plan.mix, (x,), check_forward_ad=True)
    x = x.detach()
    gradient = torch.func.grad(lambda x: (plan.mix(x) ** 2).sum())(x)
    _, tangent = torch.func.jvp(plan.mix, (x,), (torch.ones_like(x),))
    y = x.clone().requires_grad_()
    (plan.mix(y) ** 2).sum().backward()
    np.testing.assert_allclose(gradient, y.grad, rtol=1e-6)
    np.testing.assert_allclose(tangent, torch.ones_like(x), rtol=1e-6)


def test_a_subclass_draws_from_the_inputs_themselves():
    seen = []

    class Looking(MixUp):
        def draw_plan(self, x, noise, **arguments):
            seen.append(x)
            return super().draw_plan(x, noise, **arguments)

    x = images()
    Looking(1.0)(x, training=True)
    RandomChoice([Looking(1.0), CutMix()])(x, training=True)
    assert all(each is x for each in seen)
    assert len(seen) == 2


def test_what_the_user_writes_gets_tensors():
    import torch

    seen = []

    def noted(function):
        def of_tensors(*tensors):
            seen.extend(each for each in tensors if each is not None)
            return function(*tensors)

        return of_tensors

    def distance(x, y):
        return torch.sum((x - y) ** 2, dim=-1)

    x = torch.rand(8, 3)
    features = noted(lambda x: x * 2)
    for policy in ("similarity", noted(lambda distance, loss: torch.exp(-distance))):
        AdaptiveMixUp(policy, distance=noted(distance), features=features)(
            x, training=True
        )
    # Twice features and distances of both samples, and once a distance and a loss.
    assert len(seen) == 8
    assert all(isinstance(each, torch.Tensor) for each in seen)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "int32"])
def test_partners_of_any_integers(dtype):
    import torch

    x, share = torch.randn(2, 3), torch.tensor([0.25, 0.5])
    plan = keras_mixup.MixPlan(torch.tensor([1, 0], dtype=getattr(torch, dtype)), share)
    expected = x * (1 - share)[:, None] + x.flip(0) * share[:, None]
    np.testing.assert_allclose(plan.mix(x), expected, rtol=1e-6)


def test_infinite_weights_and_labels_say_no_word():
    import torch

    layer = MixUp(1.0)
    layer(torch.randn(4, 2), training=True)
    p = torch.rand(4, 1)
    loss = keras.losses.MeanAbsoluteError(dtype="float16")
    MixupLoss(loss, layer)(torch.full((4, 1), 1e5), p)
    layer(torch.randn(4, 2), training=True)
    MixupLoss("mae", layer)(p, p, torch.tensor([np.inf, 1, 2, 0]))
