"""What users write themselves: once, for a model, NumPy and `tf.data`."""

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import ops_for
from keras_mixup import policies
from keras_mixup.pairing import LabelKernel
from keras_mixup.policies import Policy
from tests.data.test_pipeline import WAYS
from tests.modes import to_numpy
from tests.modes import train_call

X = np.float32([[0.0, 0.0], [1.0, 0.0], [4.0, 0.0], [4.0, 2.0]])
ONE_HOT = np.eye(4, dtype="float32")
# Of each sample and the one before it: 20, 1, 9, 4, over their mean of 8.5.
FAR = np.array([True, False, True, False])


class NearOnly(Policy):
    """As in the guide to policies, without a draw."""

    normalize = True

    def __call__(self, sampler, distance, loss):
        return sampler.ops.where(distance < 1.0, 0.75, 1.0)


class OfAClass(Policy):
    """Mixes samples of one class alone."""

    needs_distance, needs_labels = False, True

    def __call__(self, sampler, distance, loss):
        ids = sampler.labels
        return sampler.ops.where(
            sampler.ops.equal(ids, sampler.partner(ids)), 0.75, 1.0
        )


def largest_difference(x, partners):
    ops = ops_for(x, partners)
    return ops.max(ops.abs(x - partners), axis=-1)


def second_next(noise):
    ops = ops_for(noise)
    size = ops.shape(noise)[0]
    return (ops.arange(size) + 2) % size


def scaled(x):
    return ops_for(x).tanh(x)


class OfTheSameLabel:
    """A pairing that needs labels: each sample meets the last one of its class."""

    needs_labels = True

    def __call__(self, noise, labels=None):
        ops = ops_for(labels)
        same = ops.equal(labels[:, None], labels[None, :])
        own = ops.arange(ops.shape(labels)[0])
        return ops.max(ops.where(same, own[None, :], -1), axis=-1)


def in_model(layer, x, *_):
    """What a step of training makes of a unit matrix beside `x`."""
    mixed, plan = train_call(layer, x, "eager")
    share = plan.share[:, None]
    return mixed, (1 - share) * ONE_HOT + share * ONE_HOT[plan.partners]


@pytest.fixture(params=[in_model, *WAYS], ids=lambda way: way.__name__)
def place(request):
    return request.param


def test_a_policy(place):
    mix = AdaptiveMixUp(NearOnly(), pairing="roll")
    _, y = place(mix, X, ONE_HOT)
    lam = np.where(FAR, 1.0, 0.75)[:, None]
    np.testing.assert_allclose(
        y, lam * ONE_HOT + (1 - lam) * np.roll(ONE_HOT, 1, axis=0), atol=1e-6
    )


def test_a_distance(place):
    mix = AdaptiveMixUp(
        lambda distance, loss: 1 - distance / 8,
        distance=largest_difference,
        pairing="roll",
    )
    _, y = place(mix, X, ONE_HOT)
    # The largest differences are 4, 1, 3 and 2.
    share = np.array([4.0, 1.0, 3.0, 2.0])[:, None] / 8
    np.testing.assert_allclose(
        y, (1 - share) * ONE_HOT + share * np.roll(ONE_HOT, 1, axis=0), atol=1e-6
    )


def test_a_pairing(place):
    mix = AdaptiveMixUp(policies.Fixed(0.75), pairing=second_next)
    x, _ = place(mix, X, ONE_HOT)
    np.testing.assert_allclose(x, 0.75 * X + 0.25 * np.roll(X, -2, axis=0), atol=1e-6)


def test_views(place):
    views = (scaled, lambda x: 2 * x)
    mix = AdaptiveMixUp(policies.Fixed(0.75), pairing="roll", views=views)
    x, _ = place(mix, X, ONE_HOT)
    expected = 0.75 * np.tanh(X) + 0.5 * np.roll(X, 1, axis=0)
    np.testing.assert_allclose(x, expected, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_a_policy_that_looks_at_labels(way):
    mix = AdaptiveMixUp(OfAClass(), pairing="roll", num_classes=2)
    x, y = way(mix, X, np.array([1, 1, 0, 0]))
    lam = np.array([1.0, 0.75, 1.0, 0.75])[:, None]
    np.testing.assert_allclose(x, lam * X + (1 - lam) * np.roll(X, 1, axis=0))
    np.testing.assert_array_equal(y, np.eye(2)[[1, 1, 0, 0]])


@pytest.mark.parametrize("way", WAYS)
def test_a_pairing_that_looks_at_labels(way):
    mix = MixUp(8.0, pairing=OfTheSameLabel(), num_classes=2)
    x, y = way(mix, X, np.array([1, 0, 0, 1]))
    np.testing.assert_array_equal(y, np.eye(2)[[1, 0, 0, 1]])
    assert (x[0] > X[0]).all()  # On the way to the last sample.
    assert x[0, 0] == pytest.approx(2 * x[0, 1], rel=1e-5)
    np.testing.assert_array_equal(x[3], X[3])


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (lambda: MixUp(pairing=OfTheSameLabel()), "pairing"),
        (lambda: MixUp(pairing=LabelKernel()), "pairing"),
        (lambda: AdaptiveMixUp(OfAClass()), "policy"),
    ],
)
def test_in_a_model_what_needs_labels_is_an_error(layer, what):
    with pytest.raises(ValueError, match=f"The {what} .*needs labels.*pipeline"):
        layer()(keras.ops.convert_to_tensor(X), training=True)


def test_a_control_says_all_that_its_policy_says():
    policy = NearOnly()
    for name in Policy.__annotations__:
        policy.__dict__[name] = object()
    control = policies.Shuffled(policy)
    for name in Policy.__annotations__:
        assert getattr(control, name) is getattr(policy, name)
    # What a layer may ask of a policy is in the contract, or a method of any object.
    methods = {"from_config", "get_config", "take_contract"}
    public = {name for name in vars(Policy) if not name.startswith("_")}
    assert public - methods == set(Policy.__annotations__)


UNARY = [
    "abs",
    "all",
    "any",
    "argsort",
    "cos",
    "exp",
    "expm1",
    "floor",
    "isfinite",
    "log",
    "log1p",
    "logical_not",
    "max",
    "mean",
    "min",
    "ones_like",
    "sigmoid",
    "sign",
    "sin",
    "sqrt",
    "square",
    "stop_gradient",
    "sum",
    "tanh",
    "zeros_like",
    "argmax",
]
BINARY = [
    "equal",
    "logical_and",
    "logical_or",
    "maximum",
    "minimum",
    "not_equal",
    "power",
]
OTHERS = {
    "arange": lambda ops, x: ops.arange(4),
    "cast": lambda ops, x: ops.cast(x, "int32"),
    "clip": lambda ops, x: ops.clip(x, 0.5, 1.5),
    "concatenate": lambda ops, x: ops.concatenate([x, x], axis=1),
    "convert_to_tensor": lambda ops, x: ops.convert_to_tensor(x),
    "cumsum": lambda ops, x: ops.cumsum(x, axis=-1),
    "expand_dims": lambda ops, x: ops.expand_dims(x, 1),
    "flip": lambda ops, x: ops.flip(x, axis=1),
    "one_hot": lambda ops, x: ops.one_hot(ops.cast(x[:, 0], "int32"), 5),
    "reshape": lambda ops, x: ops.reshape(x, (2, 4)),
    "roll": lambda ops, x: ops.roll(x, 1, axis=0),
    "shape": lambda ops, x: ops.shape(x)[1],
    "squeeze": lambda ops, x: ops.squeeze(x[:, :1], axis=1),
    "stack": lambda ops, x: ops.stack([x, x], axis=-1),
    "take": lambda ops, x: ops.take(x, ops.arange(2), axis=0),
    "take_along_axis": lambda ops, x: ops.take_along_axis(
        x, ops.argsort(x[:, :1] + x), axis=-1
    ),
    "transpose": lambda ops, x: ops.transpose(ops.transpose(x)[None], axes=(1, 0, 2)),
    "where": lambda ops, x: ops.where(x > 1, x, 0.0),
}


def calls():
    for name in UNARY:
        boolean = name in ("all", "any", "logical_not")
        axis = (
            {"axis": 1} if name in ("all", "any", "max", "min", "mean", "sum") else {}
        )
        axis = {"axis": -1} if name == "argmax" else axis
        yield (
            name,
            lambda ops, x, name=name, axis=axis, boolean=boolean: getattr(ops, name)(
                x > 1 if boolean else x, **axis
            ),
        )
    for name in BINARY:
        boolean = name.startswith("logical")
        yield (
            name,
            lambda ops, x, name=name, boolean=boolean: getattr(ops, name)(
                x > 1 if boolean else x, x > 2 if boolean else ops.flip(x, axis=1)
            ),
        )
    yield from OTHERS.items()


@pytest.mark.parametrize(
    ("name", "call"), list(calls()), ids=lambda each: str(each)[:20]
)
def test_operations_are_those_of_keras(name, call):
    x = X + 0.5
    expected = to_numpy(call(keras.ops, keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(call(ops_for(x), x), expected, rtol=1e-5)
    tf = pytest.importorskip("tensorflow")
    found = call(ops_for(tf.constant(x)), tf.constant(x))
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5)


def test_all_that_is_promised_is_there_and_nothing_else_is_said_to_be():
    tested = {name for name, _ in calls()}
    promised = set(ops_for.__doc__.split("Returns:")[1].split("Raises:")[0].split("`"))
    operations = {name for name in vars(ops_for(X)) if not name.startswith("_")}
    assert tested == operations == promised & operations
    with pytest.raises(AttributeError, match="has no operation 'softmax'.*sigmoid"):
        _ = ops_for(X).softmax
