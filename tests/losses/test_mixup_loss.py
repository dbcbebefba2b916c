import keras
import numpy as np
import pytest

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.modes import compiled
from tests.modes import gradient_of
from tests.modes import run
from tests.modes import to_numpy

ROWS = np.array([2, 0, 1, 3, 4], "int32")
SHARE = np.array([0.25, 0.5, 0.0, 0.125, 0.375], "float32")
CLASSES = 3


class FixedMixUp(MixUp):
    """A layer whose plan is known beforehand, also in a compiled step."""

    def draw_plan(self, x, **_):
        return MixPlan(*map(keras.ops.convert_to_tensor, (ROWS, SHARE)))


def probabilities(shape=(5, CLASSES), seed=0):
    scores = np.exp(np.random.default_rng(seed).normal(size=shape))
    return (scores / scores.sum(-1, keepdims=True)).astype("float32")


def mixup_loss(loss, y_true, y_pred, sample_weight=None, mode="eager", layer=None):
    """The loss of a step in which `layer` mixed, computed in that step."""
    layer = layer or FixedMixUp()
    wrapped = MixupLoss(loss, layer)

    def step(y_true, y_pred, *weights):
        layer(keras.ops.zeros((5, 1)), training=True)
        return wrapped(y_true, y_pred, *weights)

    weights = [] if sample_weight is None else [sample_weight]
    return run(step, mode, y_true, y_pred, *weights)


def pair_formula(loss, y_true, y_pred, sample_weight=None):
    """Σ of both weighted terms, in float64, over the number of loss values."""
    values = [to_numpy(loss(y, y_pred)) for y in (y_true, y_true[ROWS])]
    lam = (1 - SHARE.astype("float64")).reshape(-1, *[1] * (values[0].ndim - 1))
    weights = np.ones(5) if sample_weight is None else sample_weight
    weights = [
        w.reshape(*w.shape, *[1] * (values[0].ndim - w.ndim))
        for w in (weights, weights[ROWS])
    ]
    return lam * weights[0] * values[0] + (1 - lam) * weights[1] * values[1]


def unreduced(name):
    return getattr(keras.losses, name)(reduction=None)


LABELS = {
    "SparseCategoricalCrossentropy": np.array([0, 2, 1, 1, 0]),
    "CategoricalCrossentropy": np.eye(CLASSES, dtype="float32")[[0, 2, 1, 1, 0]],
    "CategoricalFocalCrossentropy": np.eye(CLASSES, dtype="float32")[[0, 2, 1, 1, 0]],
    "KLDivergence": probabilities(seed=3),
    "MeanSquaredError": np.random.default_rng(1).normal(size=(5, CLASSES)),
    "MeanAbsoluteError": np.random.default_rng(1).normal(size=(5, CLASSES)),
    "Huber": 3 * np.random.default_rng(1).normal(size=(5, CLASSES)),
    "LogCosh": np.random.default_rng(1).normal(size=(5, CLASSES)),
    "BinaryCrossentropy": np.float32(np.random.default_rng(1).random((5, 3)) < 0.5),
    "BinaryFocalCrossentropy": np.float32(
        np.random.default_rng(1).random((5, 3)) < 0.5
    ),
    "Hinge": np.sign(np.random.default_rng(1).normal(size=(5, CLASSES))),
    "SquaredHinge": np.sign(np.random.default_rng(1).normal(size=(5, CLASSES))),
    "CategoricalHinge": np.eye(CLASSES, dtype="float32")[[0, 2, 1, 1, 0]],
    "CosineSimilarity": np.random.default_rng(1).normal(size=(5, CLASSES)),
}


@pytest.mark.parametrize("name", LABELS)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss_is_the_pair_formula(name, weighted, mode):
    y_true, y_pred = LABELS[name], probabilities()
    weight = np.float32([1.0, 0.5, 2.0, 0.0, 3.0]) if weighted else None
    loss = mixup_loss(getattr(keras.losses, name)(), y_true, y_pred, weight, mode)
    expected = pair_formula(unreduced(name), y_true, y_pred, weight).mean()
    assert loss == pytest.approx(expected, rel=2e-6, abs=1e-6)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_cross_entropy_is_that_of_soft_labels(label_smoothing, mode):
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    one_hot = np.eye(CLASSES, dtype="float32")[ids]
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=label_smoothing)
    soft = (1 - SHARE[:, None]) * one_hot + SHARE[:, None] * one_hot[ROWS]
    expected = to_numpy(loss(soft, y_pred))
    assert mixup_loss(loss, one_hot, y_pred, mode=mode) == pytest.approx(
        expected, abs=1e-6
    )
    if not label_smoothing:
        sparse = mixup_loss("sparse_categorical_crossentropy", ids, y_pred, mode=mode)
        assert sparse == pytest.approx(expected, abs=1e-6)


def test_squared_error_is_not_that_of_soft_labels():
    y, y_pred = LABELS["MeanSquaredError"].astype("float32"), probabilities()
    soft = (1 - SHARE[:, None]) * y + SHARE[:, None] * y[ROWS]
    loss = keras.losses.MeanSquaredError()
    assert mixup_loss(loss, y, y_pred) > to_numpy(loss(soft, y_pred)) + 0.01


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "reduction", ["sum", "mean", "sum_over_batch_size", "mean_with_sample_weight", None]
)
def test_reductions_are_those_of_the_loss(reduction, weighted, mode):
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    weight = np.float32([1.0, 0.5, 2.0, 0.0, 3.0]) if weighted else None
    loss = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    found = mixup_loss(loss, ids, y_pred, weight, mode)
    terms = pair_formula(
        unreduced("SparseCategoricalCrossentropy"), ids, y_pred, weight
    )
    weights = np.ones(5) if weight is None else weight
    whole = ((1 - SHARE) * weights + SHARE * weights[ROWS]).sum()
    expected = {
        "sum": terms.sum(),
        "mean_with_sample_weight": terms.sum() / whole,
        None: terms,
    }.get(reduction, terms.mean())
    assert found == pytest.approx(expected, rel=2e-6, abs=1e-6)


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 2)])
@pytest.mark.parametrize("weights", [None, "samples", "all"])
def test_losses_with_more_axes(shape, weights, mode):
    rng = np.random.default_rng(5)
    ids, y_pred = rng.integers(0, CLASSES, shape), probabilities((*shape, CLASSES))
    if weights == "samples" and len(shape) > 2:
        pytest.skip("Keras itself takes no sample weights for losses of rank 3")
    weight = {
        None: None,
        "samples": rng.random((5, 1), dtype="float32"),
        "all": rng.random(shape, dtype="float32"),
    }[weights]
    found = mixup_loss("sparse_categorical_crossentropy", ids, y_pred, weight, mode)
    loss = unreduced("SparseCategoricalCrossentropy")
    assert found == pytest.approx(
        pair_formula(loss, ids, y_pred, weight).mean(), rel=3e-6
    )


def test_masks_of_the_predictions_count(mode):
    ids = np.random.default_rng(5).integers(0, CLASSES, (5, 4))
    y_pred = probabilities((5, 4, CLASSES))
    mask = np.arange(4) < np.array([[1], [4], [2], [3], [4]])
    layer = FixedMixUp()
    wrapped = MixupLoss("sparse_categorical_crossentropy", layer)

    class Masked(keras.layers.Layer):
        def call(self, x):
            return x

        def compute_mask(self, inputs, previous_mask=None):
            return keras.ops.convert_to_tensor(mask)

    masked = Masked()
    masked.supports_masking = True

    def step(ids, y_pred):
        layer(keras.ops.zeros((5, 1)), training=True)
        return wrapped(ids, masked(y_pred))

    loss = unreduced("SparseCategoricalCrossentropy")
    expected = pair_formula(loss, ids, y_pred)[mask].sum() / mask.sum()
    assert run(step, mode, ids, y_pred) == pytest.approx(expected, rel=3e-6)


def test_labels_and_predictions_whose_ranks_differ_by_one(mode):
    y = np.random.default_rng(0).normal(size=5).astype("float32")
    y_pred = np.random.default_rng(1).normal(size=(5, 1)).astype("float32")
    expected = ((1 - SHARE) * (y - y_pred[:, 0]) ** 2).mean()
    expected += (SHARE * (y[ROWS] - y_pred[:, 0]) ** 2).mean()
    for loss in ("mse", keras.losses.MeanSquaredError()):
        for labels, predictions in [
            (y, y_pred),
            (y[:, None], y_pred),
            (y, y_pred[:, 0]),
        ]:
            found = mixup_loss(loss, labels, predictions, mode=mode)
            assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_are_those_of_the_formula(weighted, mode):
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    weight = np.float32([1.0, 0.5, 2.0, 0.0, 3.0]) if weighted else np.ones(5, "f4")
    one_hot = np.eye(CLASSES)[ids]
    layer = FixedMixUp()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    wrapped = MixupLoss(loss, layer)

    def step(logits):
        layer(keras.ops.zeros((5, 1)), training=True)
        return wrapped(ids, logits, weight if weighted else None)

    gradient = gradient_of(step, np.log(y_pred), mode)
    own = ((1 - SHARE) * weight)[:, None] * (y_pred - one_hot)
    other = (SHARE * weight[ROWS])[:, None] * (y_pred - one_hot[ROWS])
    assert gradient == pytest.approx((own + other) / 5, abs=1e-6)


def test_gradients_of_a_loss_that_is_not_linear_in_the_label(mode):
    y, y_pred = LABELS["Huber"].astype("float32"), probabilities()
    layer = FixedMixUp()
    wrapped = MixupLoss(keras.losses.Huber(), layer)

    def step(prediction):
        layer(keras.ops.zeros((5, 1)), training=True)
        return wrapped(y, prediction)

    gradient = gradient_of(step, y_pred, mode)
    own = (1 - SHARE)[:, None] * np.clip(y_pred - y, -1, 1)
    other = SHARE[:, None] * np.clip(y_pred - y[ROWS], -1, 1)
    assert gradient == pytest.approx((own + other) / 15, abs=1e-6)


def test_own_losses(mode):
    class Cubic(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.sum((y_pred - y_true) ** 3, axis=-1)

    def cubic(y_true, y_pred):
        return keras.ops.sum((y_pred - y_true) ** 3, axis=-1)

    y, y_pred = LABELS["MeanSquaredError"].astype("float32"), probabilities()
    lam = 1 - SHARE
    expected = (lam * ((y_pred - y) ** 3).sum(-1)).mean()
    expected += (SHARE * ((y_pred - y[ROWS]) ** 3).sum(-1)).mean()
    for loss in (Cubic(), Cubic, cubic):
        assert mixup_loss(loss, y, y_pred, mode=mode) == pytest.approx(
            expected, rel=1e-5
        )
    y, y_pred = y[:, 0], y_pred[:, 0]
    expected = (lam * (y_pred - y) ** 3 + SHARE * (y_pred - y[ROWS]) ** 3).mean()
    assert mixup_loss(Cubic(), y, y_pred, mode=mode) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("name", LABELS)
def test_it_is_the_plain_loss_where_nothing_was_mixed(name, mode):
    y_true, y_pred = LABELS[name], probabilities()
    weight = np.float32([1.0, 0.5, 2.0, 0.0, 3.0])
    loss = getattr(keras.losses, name)()
    wrapped = MixupLoss(loss, layer := MixUp())

    def step(y_true, y_pred, weight):
        layer(keras.ops.zeros((5, 1)), training=False)
        return wrapped(y_true, y_pred, weight)

    plain = run(lambda *args: loss(*args), mode, y_true, y_pred, weight)
    assert run(step, mode, y_true, y_pred, weight) == plain


def test_two_layers_on_one_path(mode):
    class Second(MixUp):
        def draw_plan(self, x, **_):
            return MixPlan(
                keras.ops.convert_to_tensor(ROWS[::-1].copy()),
                keras.ops.convert_to_tensor(SHARE[::-1].copy()),
            )

    first, second = FixedMixUp(), Second()
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    wrapped = MixupLoss("sparse_categorical_crossentropy", [first, second])

    def step(ids, y_pred):
        x = first(keras.ops.zeros((5, 1)), training=True)
        second(x, training=True)
        return wrapped(ids, y_pred)

    soft = np.eye(CLASSES)[ids]
    for rows, share in [(ROWS, SHARE), (ROWS[::-1], SHARE[::-1])]:
        soft = (1 - share)[:, None] * soft + share[:, None] * soft[rows]
    expected = -(soft * np.log(y_pred)).sum(-1).mean()
    assert run(step, mode, ids, y_pred) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision_predictions(dtype, mode):
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    y_pred = to_numpy(keras.ops.cast(y_pred, dtype))
    found = mixup_loss("sparse_categorical_crossentropy", ids, y_pred, mode=mode)
    assert found.dtype == "float32"
    loss = unreduced("SparseCategoricalCrossentropy")
    expected = pair_formula(loss, ids, y_pred.astype("float32")).mean()
    assert found == pytest.approx(expected, rel=3e-6)


# Bad input.


def test_a_layer_that_does_not_exist():
    loss = MixupLoss("mse", "no_such_layer")
    with pytest.raises(ValueError, match="no MixUp layer named 'no_such_layer'"):
        loss(np.ones((2, 1)), np.ones((2, 1)))


def test_a_layer_that_is_named_before_it_exists():
    loss = MixupLoss("mse", "born_later")
    layer = FixedMixUp(name="born_later")
    layer(keras.ops.zeros((5, 1)), training=True)
    y = np.float32([[1], [2], [3], [4], [5]])
    expected = (SHARE * (y[ROWS] - y)[:, 0] ** 2).mean()
    assert to_numpy(loss(y, y)) == pytest.approx(expected)


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="torch compiles nothing by itself"
)
def test_a_plan_that_died_with_its_trace_is_named():
    layer = MixUp(name="traced")
    layer(np.ones((5, 1)))
    loss = MixupLoss("mse", layer)

    def forward(x):
        if keras.backend.backend() == "jax":
            state = [v.value for v in layer.non_trainable_variables]
            return layer.stateless_call([], state, x, training=True)[0]
        return layer(x, training=True)

    traced = compiled(forward, "jit")
    traced(keras.ops.ones((5, 1)))
    with pytest.raises(ValueError, match="apart from the training step.*'traced'"):
        loss(np.ones((5, 1)), np.ones((5, 1)))


def test_a_plan_for_another_batch_size_is_named():
    layer = FixedMixUp()
    layer(keras.ops.zeros((5, 1)), training=True)
    with pytest.raises(ValueError, match="`y_true` must have 5 samples"):
        MixupLoss("mse", layer)(np.ones((4, 1)), np.ones((4, 1)))


def test_a_loss_of_the_whole_batch_is_refused():
    def whole(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 2)

    for loss in (whole, keras.losses.Dice()):
        with pytest.raises(ValueError, match="one number for the whole batch"):
            mixup_loss(loss, np.ones((5, 2), "float32"), probabilities((5, 2)))


def test_dice_with_an_axis_is_the_pair_formula():
    y_true = np.float32(np.random.default_rng(1).random((5, 4, 4, 1)) < 0.5)
    y_pred = np.random.default_rng(2).random((5, 4, 4, 1), dtype="float32")
    loss = keras.losses.Dice(axis=(1, 2, 3))
    values = pair_formula(
        keras.losses.Dice(axis=(1, 2, 3), reduction=None), y_true, y_pred
    )
    assert values.shape == (5,)
    assert mixup_loss(loss, y_true, y_pred) == pytest.approx(values.mean(), rel=1e-5)


@pytest.mark.parametrize("loss", [None, 3, np.ones(2), keras.layers.Dense(1)])
def test_something_that_is_no_loss(loss):
    with pytest.raises(TypeError, match="`loss` must be a Keras loss"):
        MixupLoss(loss, MixUp())


@pytest.mark.parametrize("weight", [2.0, [1, 0.5, 2, 0, 3]])
def test_weights_and_labels_that_are_no_tensors(weight):
    ids, y_pred = LABELS["SparseCategoricalCrossentropy"], probabilities()
    layer = FixedMixUp()
    wrapped = MixupLoss("sparse_categorical_crossentropy", layer)
    layer(keras.ops.zeros((5, 1)), training=True)
    weights = np.broadcast_to(np.float32(weight), 5)
    loss = unreduced("SparseCategoricalCrossentropy")
    expected = pair_formula(loss, ids, y_pred, weights).mean()
    found = to_numpy(wrapped(ids.tolist(), y_pred, sample_weight=weight))
    assert found == pytest.approx(expected, rel=1e-5)


def test_an_unknown_loss_name():
    with pytest.raises(ValueError, match="crossentrpy"):
        MixupLoss("crossentrpy", MixUp())


def test_a_mixup_loss_in_a_mixup_loss():
    with pytest.raises(TypeError, match="pass them as a list"):
        MixupLoss(MixupLoss("mse", MixUp()), MixUp())


@pytest.mark.parametrize("mixup", [None, keras.layers.Dense(1), 3, [None]])
def test_something_that_is_no_layer(mixup):
    with pytest.raises(TypeError, match="`mixup` must be a MixUp layer"):
        MixupLoss("mse", mixup)


def test_no_layer_at_all():
    with pytest.raises(ValueError, match="at least one layer"):
        MixupLoss("mse", [])
