"""The shapes of labels, predictions and loss values that go together."""

import keras
import numpy as np
import pytest

from keras_mixup import CleanProbability
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.losses.test_mixup_loss import ROWS
from tests.losses.test_mixup_loss import SHARE
from tests.losses.test_mixup_loss import mixup_loss
from tests.modes import to_numpy

ops = keras.ops
SHAPES = [(5,), (5, 1)]
WEIGHT = np.float32([1.0, 0.5, 2.0, 0.0, 3.0])
# Of Keras's losses, those that take numbers, bits or signs.
NAMES = [
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "squared_hinge",
]
CLASSES = {
    "".join(part.title() for part in name.split("_")): name for name in NAMES
} | {"KLDivergence": "kl_divergence"}
CLASSES.pop("KlDivergence")


def numbers(name):
    rng = np.random.default_rng(0)
    y = rng.random(5) if "crossentropy" not in name else rng.integers(0, 2, 5)
    return y.astype("float32"), rng.uniform(0.1, 0.9, 5).astype("float32")


def test_the_case_of_the_report():
    mix = MixUp(1.0)
    mix(ops.ones((8, 4)), training=True)
    loss = MixupLoss("mse", mix)(np.ones((8, 1), "float32"), ops.zeros((8,)))
    assert float(loss) == 1.0


@pytest.mark.parametrize("form", ["name", "function", "object"])
@pytest.mark.parametrize("kind", CLASSES)
def test_a_last_axis_of_one_may_be_left_out(kind, form):
    name = CLASSES[kind]
    y, p = numbers(name)
    of_keras = getattr(keras.losses, name)
    loss = {
        "name": name,
        "function": of_keras,
        "object": getattr(keras.losses, kind)(),
    }[form]
    lam, weights = 1 - SHARE.astype("float64"), np.stack([WEIGHT, WEIGHT[ROWS]])
    values = [
        to_numpy(of_keras(each[:, None], p[:, None])).astype("float64")
        for each in (y, y[ROWS])
    ]
    plain_mix = MixUp(0.0)
    plain_mix(ops.zeros((5, 1)), training=True)
    plain = MixupLoss(loss, plain_mix)
    for of_labels in SHAPES:
        for of_predictions in SHAPES:
            labels, predictions = y.reshape(of_labels), p.reshape(of_predictions)
            for weight in (None, WEIGHT):
                first, second = weights if weight is not None else np.ones((2, 5))
                expected = lam * first * values[0] + SHARE * second * values[1]
                found = mixup_loss(loss, labels, predictions, weight)
                np.testing.assert_allclose(found, expected.mean(), rtol=1e-5)
                # With λ = 1 it is Keras's own loss of predictions with that axis.
                of_plain = plain.loss(labels, p[:, None], weight)
                found = to_numpy(plain(labels, predictions, weight))
                np.testing.assert_allclose(found, to_numpy(of_plain), rtol=1e-5)


def test_it_holds_in_a_graph(mode):
    y, p = numbers("mse")
    terms = [np.float64(each - p) ** 2 for each in (y, y[ROWS])]
    expected = ((1 - SHARE) * terms[0] + SHARE * terms[1]).mean()
    found = mixup_loss("mse", y[:, None], p, mode=mode)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


class Difference(keras.losses.Loss):
    """A loss that Keras trains on the differences of all pairs of samples."""

    def call(self, y_true, y_pred):
        return (y_true - y_pred) ** 2


def outer(y_true, y_pred):
    return ops.matmul(y_pred, ops.transpose(y_pred))


@pytest.mark.parametrize(
    ("loss", "labels", "predictions"),
    [
        (Difference(), (5,), (5, 1)),
        (outer, (5,), (5, 3)),
        # Keras's docs allow such labels, and its formula broadcasts them.
        (keras.losses.CategoricalGeneralizedCrossEntropy(), (5, 1), (5, 3)),
        (keras.losses.CategoricalGeneralizedCrossEntropy(), (5, 1), (5, 5)),
        (lambda y, p: ops.reshape(p, (-1,)), (5, 3), (5, 3)),
        (lambda y, p: ops.stack([p, p], axis=-1), (5, 3), (5, 3)),
    ],
)
def test_values_of_pairs_of_samples_are_refused(loss, labels, predictions, mode):
    y, p = np.zeros(labels, "float32"), np.full(predictions, 0.5, "float32")
    plain = keras.losses.get(loss)
    if isinstance(plain, keras.losses.Loss):
        assert to_numpy(plain(y, p)).shape == ()  # Keras does not mind.
    with pytest.raises(ValueError, match=r"must give a value for each sample.*\(5,"):
        mixup_loss(loss, y, p, mode=mode)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="others know the size of a batch"
)
def test_pairs_of_a_batch_of_unknown_size_are_refused():
    import tensorflow as tf

    mix = MixUp(1.0)
    loss = MixupLoss(Difference(), mix)

    @tf.function(input_signature=[tf.TensorSpec((None,)), tf.TensorSpec((None, 1))])
    def step(y, p):
        mix(p, training=True)
        return loss(y, p)

    with pytest.raises(ValueError, match=r"values of shape \(None, None\)"):
        step(np.zeros(5, "float32"), np.zeros((5, 1), "float32"))


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        # As flat as the pixels of a picture.
        (lambda y, p: ops.reshape((y - p) ** 2, (-1, 12)), (5, 4, 3, 1)),
        (lambda y, p: ops.mean((y - p) ** 2, axis=1), (5, 4, 3, 2)),
        (lambda y, p: ops.mean((y - p) ** 2, axis=(1, 2), keepdims=True), (5, 4, 3)),
        (lambda y, p: (y - p) ** 2, (5, 5)),
        (lambda y, p: (y - p) ** 2, (5, 1)),
    ],
)
def test_parts_of_a_sample_may_have_values_of_any_shape(function, shape, mode):
    y, p = (np.random.default_rng(i).random(shape, "float32") for i in (1, 2))
    terms = [((each - p) ** 2).reshape(5, -1).mean(1) for each in (y, y[ROWS])]
    expected = ((1 - SHARE) * terms[0] + SHARE * terms[1]).mean()
    found = mixup_loss(function, y, p, mode=mode)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_callback_refuses_values_of_pairs_too():
    x, y = np.zeros((5, 2), "float32"), np.zeros(5, "float32")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", Difference())
    with pytest.raises(ValueError, match=r"values of shape \(5, 5\)"):
        CleanProbability(x, y).refresh(model)
