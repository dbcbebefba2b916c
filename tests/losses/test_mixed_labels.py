"""Cross-entropies of mixed labels, against the formula of pairs in float64."""

import functools

import keras
import numpy as np
import pytest

import keras_mixup
from keras_mixup.losses import joined
from tests.modes import gradient_of
from tests.modes import to_numpy

SIZE, CLASSES = 24, 5
SMOOTH = functools.partial(keras.losses.categorical_crossentropy, label_smoothing=0.1)


def sparse(y, p):
    return -np.log(np.take_along_axis(p, y[:, None], -1)[:, 0])


def categorical(y, p, smoothing=0.0):
    return -np.sum(
        ((1 - smoothing) * np.eye(CLASSES)[y] + smoothing / 5) * np.log(p), -1
    )


def binary(y, p):
    y = np.eye(CLASSES)[y]
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p), -1)


LOSSES = {
    "ids": ("sparse_categorical_crossentropy", sparse),
    "ids, logits": (keras.losses.SparseCategoricalCrossentropy(True), sparse),
    "one-hot": (keras.losses.CategoricalCrossentropy(), categorical),
    "one-hot, logits": (keras.losses.CategoricalCrossentropy(True), categorical),
    "smooth": (SMOOTH, functools.partial(categorical, smoothing=0.1)),
    "binary": ("binary_crossentropy", binary),
}
LAYERS = {
    "MixUp": lambda: keras_mixup.MixUp(1.0, prob=0.7, fold=False, seed=1),
    "three samples": lambda: keras_mixup.MixUp(1.0, num_samples=3, seed=1),
    "CutMix": lambda: keras_mixup.CutMix(seed=1),
}


def probabilities(logits):
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def labels(name):
    y = np.random.default_rng(0).integers(0, CLASSES, SIZE)
    one_hot = name not in ("ids", "ids, logits")
    return y, np.eye(CLASSES, dtype="float32")[y] if one_hot else y


def step(layer, loss, y, p, weights=None):
    """The loss of a step, of the same draw each time."""
    layer.seed_generator.state.assign([5, 7])
    layer(np.ones((SIZE, 4, 4, 1), "float32"), training=True)
    return loss(y, p, weights)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", LOSSES)
def test_values_and_gradients_are_those_of_pairs(name, layer, weighted):
    given, formula = LOSSES[name]
    mix = LAYERS[layer]()
    loss = keras_mixup.MixupLoss(given, mix)
    logits = np.random.default_rng(1).normal(size=(SIZE, CLASSES)).astype("float32")
    ids, y = labels(name)
    weights = None
    if weighted:
        weights = np.random.default_rng(2).random(SIZE, dtype="float32")
        weights[::5] = 0

    def of_logits(z):
        # Of a softmax, Keras on TensorFlow takes another binary cross-entropy.
        activation = keras.ops.sigmoid if name == "binary" else keras.ops.softmax
        p = z if "logits" in name else activation(z)
        return step(mix, loss, y, p, weights)

    def expected(z):
        plan = keras_mixup.MixPlan(*to_numpy(tuple(mix.plan)[:2]))
        p = 1 / (1 + np.exp(-z)) if name == "binary" else probabilities(z)
        w = np.ones(SIZE) if weights is None else weights
        terms = zip(plan.terms(ids), plan.terms(w), [plan.lam, *plan.shares])
        return sum(np.mean(w * s * formula(y, p)) for y, w, s in terms)

    value = float(of_logits(keras.ops.convert_to_tensor(logits)))
    exact = logits.astype("float64")
    assert value == pytest.approx(expected(exact), rel=1e-5)
    found = gradient_of(of_logits, logits, "eager")
    for place in [(0, 0), (3, 2), (11, 4)]:
        moved = np.zeros_like(exact)
        moved[place] = 1e-5
        slope = (expected(exact + moved) - expected(exact - moved)) / 2e-5
        assert found[place] == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_a_class_that_is_ruled_out_by_its_logit_has_no_part():
    if keras.backend.backend() == "jax":
        pytest.skip("The plain loss is NaN there.")
    mix = LAYERS["MixUp"]()
    loss = keras_mixup.MixupLoss(LOSSES["ids, logits"][0], mix)
    logits = np.random.default_rng(1).normal(size=(SIZE, CLASSES)).astype("float32")
    y = np.random.default_rng(0).integers(1, CLASSES, SIZE)
    without = np.delete(logits, 0, axis=-1)
    logits[:, 0] = -np.inf
    found = float(step(mix, loss, y, keras.ops.convert_to_tensor(logits)))
    expected = float(step(mix, loss, y - 1, keras.ops.convert_to_tensor(without)))
    assert found == pytest.approx(expected, rel=1e-6)


def test_mixed_labels_do_not_exceed_those_that_they_are_mixed_of():
    size = 4096
    mix = keras_mixup.MixUp(1.0, num_samples=3, fold=False, seed=1)
    loss = keras_mixup.MixupLoss("binary_crossentropy", mix)
    p = keras.ops.full((size, 2), 0.75)
    mix(np.ones((size, 1), "float32"), training=True)
    value = float(loss(np.ones((size, 2), "float32"), p))
    assert value == pytest.approx(-np.log(0.75), rel=1e-6)


def test_a_subclass_computes_its_own_values():
    class Doubled(keras.losses.SparseCategoricalCrossentropy):
        def call(self, y_true, y_pred):
            return 2 * super().call(y_true, y_pred)

    logits = np.random.default_rng(1).normal(size=(SIZE, CLASSES)).astype("float32")
    y, p = labels("ids")[1], keras.ops.softmax(logits)
    mix = LAYERS["MixUp"]()
    plain = keras.losses.SparseCategoricalCrossentropy()
    once, twice = (
        float(step(mix, keras_mixup.MixupLoss(loss, mix), y, p))
        for loss in (plain, Doubled())
    )
    assert twice == pytest.approx(2 * once, rel=1e-6)


def test_a_mask_of_samples_counts():
    logits = np.random.default_rng(1).normal(size=(SIZE, CLASSES)).astype("float32")
    y, p = labels("ids")[1], keras.ops.softmax(logits)
    seen = np.arange(SIZE) % 3 > 0
    mix = LAYERS["MixUp"]()
    each = keras.losses.SparseCategoricalCrossentropy(reduction=None)
    values = to_numpy(step(mix, keras_mixup.MixupLoss(each, mix), y, p))
    p._keras_mask = keras.ops.convert_to_tensor(seen)
    loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    assert float(step(mix, loss, y, p)) == pytest.approx(values[seen].mean(), rel=1e-5)


def test_class_ids_of_no_class_get_what_the_plain_loss_makes_of_them():
    if keras.backend.backend() != "torch":
        pytest.skip("Elsewhere the losses of Keras look at no value.")
    p = keras.ops.full((SIZE, CLASSES), 1 / CLASSES)
    mix = LAYERS["MixUp"]()
    loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    for wrong in (CLASSES, -1):
        y = np.zeros(SIZE, "int64")
        y[3] = wrong
        with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
            step(mix, loss, y, p)


def test_labels_are_mixed_on_the_host_alone(monkeypatch):
    mixed = []
    plain = joined.of_mixed_labels

    def noted(*arguments):
        mixed.append(plain(*arguments) is not None)
        return plain(*arguments)

    monkeypatch.setattr(joined, "of_mixed_labels", noted)
    mix = LAYERS["MixUp"]()
    loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    step(mix, loss, labels("ids")[1], keras.ops.full((SIZE, CLASSES), 1 / CLASSES))
    assert mixed == [True] * (keras.backend.backend() == "torch")


def weighted_values(loss, y, p, weights):
    """The values of a loss for each sample, and those of the formula of pairs."""
    mix = LAYERS["MixUp"]()
    found = to_numpy(step(mix, keras_mixup.MixupLoss(loss, mix), y, p, weights))
    plan = keras_mixup.MixPlan(*to_numpy(tuple(mix.plan)[:2]))
    terms = zip(plan.terms(y), plan.terms(weights), [plan.lam, *plan.shares])
    each = [
        w * share * to_numpy(loss.call(keras.ops.convert_to_tensor(labels), p))
        for labels, w, share in terms
    ]
    return found, sum(each)


@pytest.mark.parametrize(
    "loss", [keras.losses.CategoricalCrossentropy, keras.losses.BinaryCrossentropy]
)
def test_negative_weights_count(loss):
    y = labels("one-hot")[1]
    logits = np.random.default_rng(1).normal(size=(SIZE, CLASSES)).astype("float32")
    weights = np.where(np.arange(SIZE) % 3 > 0, 2, -1).astype("float32")
    p = keras.ops.softmax(keras.ops.convert_to_tensor(logits))
    found, expected = weighted_values(loss(reduction=None), y, p, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


# PyTorch refuses probabilities that are none, whatever they weigh.
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "binary"])
def test_predictions_without_weight_may_be_anything(name):
    if keras.backend.backend() != "torch":
        pytest.skip("Other losses of Keras make a number of NaN.")
    mix = keras_mixup.MixUp(0.0)
    p = np.full((SIZE, CLASSES), 1 / CLASSES, "float32")
    p[2] = np.nan
    weights = np.ones(SIZE, "float32")
    weights[2] = 0
    y = labels(name)[1]
    loss = keras_mixup.MixupLoss(LOSSES[name][0], mix)
    found = float(step(mix, loss, y, keras.ops.convert_to_tensor(p), weights))
    p[2] = 1 / CLASSES
    expected = float(step(mix, loss, y, keras.ops.convert_to_tensor(p), weights))
    assert found == pytest.approx(expected, rel=1e-6)


def test_classes_on_the_first_axis_are_an_error():
    loss = functools.partial(keras.losses.categorical_crossentropy, axis=0)
    mix = LAYERS["MixUp"]()
    mix(np.ones((SIZE, 1), "float32"), training=True)
    p = keras.ops.full((SIZE, CLASSES), 1 / CLASSES)
    with pytest.raises(ValueError, match="must give a value for each sample"):
        keras_mixup.MixupLoss(loss, mix)(labels("one-hot")[1], p)
