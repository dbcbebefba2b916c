import keras
import numpy as np
import pytest

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.models import FixedMixUp
from tests.models import fixed_plan
from tests.modes import gradient_of
from tests.modes import run

ROWS = 6
PARTNERS, SHARE = fixed_plan(ROWS)


def mixed(own):
    """Values of each sample for its own label and its partner's, by their shares."""
    share = SHARE.reshape(-1, *[1] * (own[0].ndim - 1))
    return (1 - share) * own[0] + share * own[1]


def value_of(name_or_loss, y, p, mode, **arguments):
    mix = FixedMixUp()
    loss = MixupLoss(name_or_loss, mix, regularization=0.7, **arguments)
    y = keras.ops.convert_to_tensor(y)

    def value(p):
        mix(keras.ops.zeros((ROWS, 2)), training=True)
        return loss(y, p)

    return run(value, mode, p)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("ids", [True, False])
def test_classes(ids, from_logits, mode):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(ROWS, 4)).astype("float32")
    p, y = softmax(logits.astype("float64")), rng.integers(0, 4, ROWS)
    one_hot = np.eye(4)[y]
    kind = "SparseCategorical" if ids else "Categorical"
    loss = getattr(keras.losses, f"{kind}Crossentropy")(from_logits=from_logits)
    labels = y if ids else one_hot.astype("float32")
    value = value_of(loss, labels, logits if from_logits else np.float32(p), mode)
    terms = [
        -np.log((p * one).sum(1)) + 0.7 * np.abs(p - one).mean(1)
        for one in (one_hot, one_hot[PARTNERS])
    ]
    np.testing.assert_allclose(value, mixed(terms).mean(), rtol=1e-5)


@pytest.mark.parametrize("last", [(1,), ()])
def test_class_ids_of_every_step(last, mode):
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1.0] * 3, (ROWS, 5))
    y = rng.integers(0, 3, (ROWS, 5))
    value = value_of(
        "sparse_categorical_crossentropy",
        y.reshape(ROWS, 5, *last),
        np.float32(p),
        mode,
    )
    terms = [
        -np.log((p * one).sum(-1)) + 0.7 * np.abs(p - one).mean(-1)
        for one in (np.eye(3)[y], np.eye(3)[y[PARTNERS]])
    ]
    np.testing.assert_allclose(value, mixed(terms).mean(), rtol=1e-5)


def test_several_labels_of_logits(mode):
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(ROWS, 3)).astype("float32")
    y = rng.integers(0, 2, (ROWS, 3)).astype("float32")
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    value = value_of(loss, y, logits, mode)
    p = 1 / (1 + np.exp(-logits.astype("float64")))
    terms = [
        -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(1) + 0.7 * np.abs(p - t).mean(1)
        for t in (y, y[PARTNERS])
    ]
    np.testing.assert_allclose(value, mixed(terms).mean(), rtol=1e-5)


@pytest.mark.parametrize("shape", [(ROWS, 2), (ROWS,)])
def test_targets_of_a_regression(shape, mode):
    rng = np.random.default_rng(3)
    p, y = (rng.normal(size=shape).astype("float32") for _ in range(2))
    value = value_of("mean_squared_error", y, p, mode)
    terms = [
        ((p - t) ** 2 + 0.7 * np.abs(p - t)).reshape(ROWS, -1).mean(1)
        for t in (y, y[PARTNERS])
    ]
    np.testing.assert_allclose(value, mixed(terms).mean(), rtol=1e-5)


@pytest.mark.parametrize("loss", ["binary_crossentropy", "mse"])
def test_one_output_and_labels_without_an_axis(loss, mode):
    rng = np.random.default_rng(4)
    y = rng.integers(0, 2, ROWS).astype("float32")
    p = rng.uniform(0.1, 0.9, (ROWS, 1)).astype("float32")
    assert value_of(loss, y, p, mode) == pytest.approx(
        value_of(loss, y[:, None], p, mode), rel=1e-5
    )
    term = mixed([np.abs(p - each)[:, 0] for each in (y[:, None], y[PARTNERS, None])])
    plain = MixupLoss(loss, mix := FixedMixUp())
    mix(keras.ops.zeros((ROWS, 2)), training=True)
    value = float(plain(y, keras.ops.convert_to_tensor(p))) + 0.7 * term.mean()
    assert value_of(loss, y, p, mode) == pytest.approx(value, rel=1e-5)


def test_labels_that_a_function_alone_understands():
    def of_classes(y, p):
        return keras.losses.sparse_categorical_crossentropy(y, p)

    p = softmax(np.random.default_rng(0).normal(size=(ROWS, 3)).astype("float32"))
    with pytest.raises(ValueError, match="`regularization` compares.*of_classes"):
        value_of(of_classes, np.zeros((ROWS, 1)), p, "eager")


def test_it_has_the_gradient_of_its_formula(mode):
    y = np.float32([0, 1, 2, 3, 4, 5])
    mix = FixedMixUp()
    loss = MixupLoss("mean_squared_error", mix, regularization=0.7)

    def value(p):
        mix(keras.ops.zeros((ROWS, 2)), training=True)
        return loss(keras.ops.convert_to_tensor(y), p)

    p = np.float32([0.3, 2.5, 1.0, 3.2, 9.0, -2.0])
    gradients = [2 * (p - t) + 0.7 * np.sign(p - t) for t in (y, y[PARTNERS])]
    expected = mixed(gradients) / ROWS
    np.testing.assert_allclose(gradient_of(value, p, mode), expected, rtol=1e-4)


def test_rows_that_are_not_mixed_are_regularized_and_evaluation_is_not():
    mix = MixUp(alpha=0)
    loss = MixupLoss("mean_squared_error", mix, regularization=0.7)
    y, p = np.float32([[1.0], [2.0]]), np.float32([[2.0], [2.0]])
    mix(keras.ops.zeros((2, 2)), training=True)
    np.testing.assert_allclose(float(loss(y, p)), (1 + 0.7) / 2)
    mix(keras.ops.zeros((2, 2)), training=False)
    assert float(loss(y, p)) == 0.5


def test_it_is_saved_with_the_loss():
    loss = MixupLoss("mean_squared_error", MixUp(), regularization=0.25)
    assert MixupLoss.from_config(loss.get_config()).regularization == 0.25


@pytest.mark.parametrize("weight", [-1, float("nan"), "much"])
def test_a_bad_weight_is_refused(weight):
    with pytest.raises((TypeError, ValueError), match="`regularization` must be"):
        MixupLoss("mean_squared_error", MixUp(), regularization=weight)


def test_half_of_the_rows_mixed_is_regmixup_in_the_mean():
    # ½·ℓ(clean) + ½·ℓ(mixed), of a network that is linear in its samples.
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(20_000, 3)), rng.normal(size=(3, 2))
    y = rng.integers(0, 2, len(x))

    def mean_loss(prob, seed):
        plan = MixPlan.draw(len(x), 15.0, prob=prob, pairing="roll", seed=seed)
        share = np.float64(keras.ops.convert_to_numpy(plan.share))
        rows = np.roll(np.arange(len(x)), 1)
        mixed_x = x + share[:, None] * (x[rows] - x)
        log_p = np.log(softmax(mixed_x @ kernel))
        own, other = (log_p[np.arange(len(x)), z] for z in (y, y[rows]))
        values = -(1 - share) * own - share * other
        return values.mean(), values.std() / np.sqrt(len(x))

    clean, half, mixed_only = (mean_loss(p, i) for i, p in enumerate((0, 0.5, 1)))
    assert abs(clean[0] - mixed_only[0]) > 10 * clean[1]
    error = 4 * np.hypot(half[1], np.hypot(clean[1], mixed_only[1]) / 2)
    assert abs(half[0] - (clean[0] + mixed_only[0]) / 2) < error
