"""Labels of pixels and steps, pasted as the inputs are."""

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import CutMix
from keras_mixup import MixPlan
from keras_mixup import MixupLoss
from keras_mixup.plans.region import PlanRegion
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import numbered
from tests.modes import gradient_of
from tests.modes import run

SIZE, CLASSES = 6, 4
PARTNERS = np.array([2, 0, 1, 3, 5, 4])
# In sixths of the height and in quarters of the width.
EDGES = np.array(
    [
        [[0, 3], [1, 4]],
        [[2, 6], [0, 2]],
        [[0, 6], [0, 4]],
        [[0, 0], [0, 0]],
        [[1, 2], [2, 3]],
        [[5, 6], [3, 4]],
    ]
) / np.array([[6], [4]])
COVERED = np.diff(EDGES, axis=-1)[..., 0].prod(-1)
# The third sample is blended and not pasted, wherever some are.
INSIDE = np.array([1, 1, 0.25, 0, 1, 1])


class FixedCutMix(CutMix):
    """A layer whose plan is known beforehand, also in a compiled step.

    Args:
        share: What of the inside is the partner's, `None` if it is all of it.
    """

    def __init__(self, share=None, **kwargs):
        super().__init__(**kwargs)
        self.fixed = share

    def draw(self, x, noise, **_):
        as_float = [np.float32(each) for each in (COVERED, EDGES)]
        covered, edges = (ops.convert_to_tensor(each) for each in as_float)
        share = ()
        if self.fixed is not None:
            share = ops.convert_to_tensor(np.float32(self.fixed))
            covered = covered * share
        partners = ops.convert_to_tensor(PARTNERS)
        return MixPlan(partners, covered, region=PlanRegion(edges, share=share))


def inside(height, width):
    """Which pixels have their centre in the box."""
    at = [(np.arange(size) + 0.5) / size for size in (height, width)]
    rows, columns = (
        (each >= EDGES[:, axis, :1]) & (each < EDGES[:, axis, 1:])
        for axis, each in enumerate(at)
    )
    return rows[:, :, None] & columns[:, None, :]


def pasted(labels):
    """Labels `(size, height, width, ...)`, pasted by hand."""
    where = inside(*labels.shape[1:3])
    where = where.reshape(*where.shape, *[1] * (labels.ndim - 3))
    return np.where(where, labels[PARTNERS], labels)


def of_pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, CLASSES, (SIZE, *shape))


def predictions(*shape, seed=1):
    scores = np.random.default_rng(seed).normal(size=(SIZE, *shape, CLASSES))
    scores = np.exp(scores)
    return (scores / scores.sum(-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1)], ids=str)
def test_masks_of_class_ids_stay_ids_where_their_pixels_are_from(way, shape):
    x = numbered((9, 7, 3))
    masks = numbered(shape, dtype="int32")
    batch = {
        "images": x,
        "segmentation_masks": masks,
        "label": np.arange(len(x)),
    }
    layer = CutMix(1.0, num_classes=len(x), seed=4)
    mixed = way(layer, batch)
    found = np.asarray(mixed["segmentation_masks"])
    assert found.dtype == "int32"
    np.testing.assert_array_equal(
        found.reshape(len(x), 9, 7), np.asarray(mixed["images"])[..., 0]
    )
    assert (found != masks).any()
    np.testing.assert_allclose(np.asarray(mixed["label"]).sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_labels_of_another_resolution_follow_the_centre_rule(way):
    x = numbered((24, 12, 1))
    # A pixel of the small mask is as one in the middle of 3 × 3 pixels.
    for dtype in ("uint8", "float32"):
        y = numbered((8, 4, 2), dtype=dtype)
        # Numbers of another grid might be anything.
        dense = True if dtype == "float32" else None
        mixed, labels = way(CutMix(1.0, seed=4, dense_labels=dense), x, y)
        middle = np.asarray(mixed)[:, 1::3, 1::3]
        np.testing.assert_array_equal(labels, np.broadcast_to(middle, labels.shape))
        assert np.asarray(labels).dtype == dtype


@pytest.mark.parametrize("way", WAYS)
def test_labels_of_steps(way):
    x, y = numbered((11, 2)), numbered((11,), dtype="int64")
    mixed, labels = way(CutMix(1.0, seed=4), x, y)
    np.testing.assert_array_equal(labels, np.asarray(mixed)[..., 0])


def test_channels_first():
    x, y = numbered((3, 9, 7)), numbered((2, 9, 7))
    mixed, labels = CutMix(data_format="channels_first", seed=4)(x, y)
    np.testing.assert_array_equal(labels, mixed[:, :2])
    assert (labels != y).any()


@pytest.mark.parametrize("way", WAYS)
def test_weights_go_where_their_pixels_go(way):
    x = numbered((9, 7, 1))
    y, weight = x[..., 0].astype("int32"), 1 + np.arange(len(x), dtype="float32")
    of_pixels = np.broadcast_to(weight[:, None, None], y.shape)
    for each in (weight, of_pixels):
        mixed, _, weights = way(CutMix(seed=4), x, y, each)
        np.testing.assert_array_equal(weights, 1 + np.asarray(mixed)[..., 0])


@pytest.mark.parametrize("way", WAYS)
def test_labels_are_left_alone_where_nothing_is_mixed(way):
    x, y = numbered((9, 7, 1)), numbered((9, 7), dtype="int32")
    for layer, kwargs in ((CutMix(), {"training": False}), (CutMix(prob=0.0), {})):
        _, labels = way(layer, x, y, **kwargs)
        np.testing.assert_array_equal(labels, y)
        assert np.asarray(labels).dtype == "int32"


@pytest.mark.parametrize(
    ("x", "y", "dense"),
    [
        # Class ids of five letters in an image, and boxes of a grid.
        ((9, 7, 1), (5, 3), None),
        ((9, 7, 1), (5, 3, 2, 2, 2), None),
        # Numbers for as many steps as there are, and a forecast of others.
        ((11, 2), (11,), None),
        ((11, 2), (4, 1), None),
        # Letters, one-hot, in a grid that is as wide as the image; two points.
        ((40, 100, 1), (4, 10), None),
        ((8, 8, 1), (2, 2), None),
        ((9, 7, 1), (5, 3), False),
        ((11, 2), (11,), False),
        ((11, 2), (11,), True),
    ],
)
def test_labels_that_cannot_be_told_apart_are_told_by_the_user(x, y, dense):
    x, y = numbered(x), numbered(y)
    layer = CutMix(1.0, seed=4, dense_labels=dense)
    if dense is None:
        with pytest.raises(ValueError, match="`dense_labels=True` or"):
            layer(x, y)
        return
    mixed, labels = layer(x, y)
    if dense:
        np.testing.assert_array_equal(labels, mixed[..., 0])
    else:
        # Blended: the same in all elements.
        flat = labels.reshape(len(labels), -1)
        np.testing.assert_allclose(flat, flat[:, :1] + 0 * flat, atol=1e-6)
        assert (flat != flat.round()).any()


def test_keys_of_labels_that_are_dense():
    x, y = numbered((11, 2)), numbered((11,))
    batch = {"series": x, "label": y, "target": y}
    layer = CutMix(1.0, seed=4, dense_labels=["target"])
    mixed = layer(batch)
    np.testing.assert_array_equal(mixed["target"], mixed["series"][..., 0])
    assert (mixed["label"] != mixed["label"].round()).any()
    again = CutMix.from_config(layer.get_config())
    np.testing.assert_array_equal(again(batch)["target"], mixed["target"])


def test_labels_of_samples_and_of_pixels_need_weights_of_their_own():
    x = numbered((9, 7, 1))
    y = (np.eye(len(x)), x[..., 0])
    weight = np.ones(len(x), "float32")
    with pytest.raises(ValueError, match="needs a `sample_weight` of its own"):
        CutMix()(x, y, weight)
    _, _, weights = CutMix()(x, y, (weight, weight))
    assert [each.shape for each in weights] == [(len(x),), x.shape[:3]]


def of_ids(**kwargs):
    # Of probabilities of pixels Keras has no gradient on PyTorch.
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, **kwargs)


LOSSES = {
    "ids": (of_ids(), of_pixels(6, 4)),
    "ids of a last axis": (of_ids(), of_pixels(6, 4, 1)),
    "ids to ignore": (of_ids(ignore_class=2), of_pixels(6, 4)),
    "one-hot": (
        keras.losses.CategoricalCrossentropy(),
        np.eye(CLASSES, dtype="float32")[of_pixels(6, 4)],
    ),
    "heat maps": (
        keras.losses.MeanSquaredError(),
        np.random.default_rng(2).random((SIZE, 6, 4, CLASSES), "float32"),
    ),
}
WEIGHTS = {
    "none": None,
    "of samples": np.float32([1, 2, 0, 4, 5, 6]),
    "of pixels": np.random.default_rng(3).random((SIZE, 6, 4), "float32"),
}


def step_of(layer, loss, y, weight):
    wrapped = MixupLoss(loss, layer)
    arrays = [y] if weight is None else [y, weight]

    def step(p):
        layer(ops.zeros((SIZE, 6, 4, 1)), training=True)
        return wrapped(*map(ops.convert_to_tensor, arrays[:1]), p, *arrays[1:])

    return step


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize(("loss", "y"), LOSSES.values(), ids=LOSSES)
def test_the_loss_is_the_plain_one_at_pasted_labels(loss, y, weight, mode):
    p = predictions(6, 4)
    if weight is None:
        of_pasted = None
    elif weight.ndim == 1:
        of_pasted = pasted(np.broadcast_to(weight[:, None, None], (SIZE, 6, 4)))
    else:
        of_pasted = pasted(weight)

    def plain(p):
        return loss(pasted(y), p, of_pasted)

    # On JAX a layer lives through one trace.
    steps = [step_of(FixedCutMix(), loss, y, weight) for _ in range(2)]
    found, expected = run(steps[0], mode, p), run(plain, "eager", p)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    found, expected = gradient_of(steps[1], p, mode), gradient_of(plain, p, "eager")
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_where_some_are_blended_each_pixel_has_the_loss_of_both(weight, mode):
    y, p = of_pixels(6, 4), predictions(6, 4)
    share = inside(6, 4) * INSIDE[:, None, None]
    own, other = (
        -np.log(np.take_along_axis(p, ids[..., None], -1))[..., 0].astype("float64")
        for ids in (y, y[PARTNERS])
    )
    w = np.ones((SIZE, 6, 4)) if weight is None else weight
    w = w.reshape(SIZE, -1, 1) * np.ones((1, 1, 4)) if w.ndim == 1 else w
    expected = (1 - share) * w * own + share * w[PARTNERS] * other
    layer = FixedCutMix(INSIDE)
    loss = keras.losses.SparseCategoricalCrossentropy()
    step = step_of(layer, loss, y, weight)
    np.testing.assert_allclose(run(step, mode, p), expected.mean(), rtol=1e-5)


def test_a_smaller_prediction_is_pasted_at_its_own_resolution(mode):
    y, p = of_pixels(3, 2), predictions(3, 2)
    loss = keras.losses.SparseCategoricalCrossentropy()
    found = run(step_of(FixedCutMix(), loss, y, None), mode, p)
    np.testing.assert_allclose(found, loss(pasted(y), p), rtol=1e-6)


def test_classes_on_the_first_axis():
    p = predictions(6, 4)
    y = np.eye(CLASSES, dtype="float32")[of_pixels(6, 4)]
    loss = keras.losses.CategoricalCrossentropy(axis=1)
    step = step_of(FixedCutMix(), loss, np.moveaxis(y, -1, 1), None)
    found = run(step, "eager", np.moveaxis(p, -1, 1))
    expected = keras.losses.CategoricalCrossentropy()(pasted(y), p)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("share", [None, INSIDE], ids=["pasted", "blended"])
def test_inputs_follow_the_same_plan(share, mode):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(SIZE, 6, 4, 2)).astype("float32")
    layer = FixedCutMix(share)
    part = (inside(6, 4) * (1 if share is None else INSIDE[:, None, None]))[..., None]
    mixed = run(lambda x: layer(x, training=True), mode, x)
    np.testing.assert_allclose(mixed, (1 - part) * x + part * x[PARTNERS], atol=1e-6)


def segmentation_model(mix, place):
    first = layers.Conv2D(4, 3, padding="same", activation="relu")
    last = layers.Conv2D(CLASSES, 1)
    parts = [mix, first, last] if place == "inputs" else [first, mix, last]
    return keras.Sequential([keras.Input((6, 4, 1)), *parts])


@pytest.mark.parametrize("place", ["inputs", "hidden"])
def test_a_segmentation_model_trains(place):
    y = of_pixels(6, 4)
    x = y[..., None].astype("float32")
    mix = CutMix(1.0, seed=1)
    model = segmentation_model(mix, place)
    loss = MixupLoss(of_ids(), mix, track=True)
    model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    logs = model.fit(x, y, epochs=40, verbose=0, batch_size=SIZE).history
    # The class is in the pixel: labels that were blended would not be learnt so well.
    assert logs["loss"][-1] < 0.5 * logs["loss"][0]
    assert logs["mixup_accuracy"][-1] > 0.6
    assert model.evaluate(x, y, verbose=0)[1] > 0.6


def test_predictions_that_cannot_be_told_apart():
    mix = CutMix(1.0)
    y = np.zeros((SIZE, 6), "float32")
    for said in (None, True, False):
        loss = MixupLoss("binary_crossentropy", mix, dense_labels=said)
        mix(ops.zeros((SIZE, 6, 2)), training=True)
        p = ops.zeros((SIZE, 6)) + 0.5
        if said is None:
            with pytest.raises(ValueError, match=r"dense_labels=True\)` or"):
                loss(y, p)
        else:
            assert float(loss(y, p)) == pytest.approx(np.log(2), rel=1e-5)
        assert MixupLoss.from_config(loss.get_config()).dense_labels is said
    mix(ops.zeros((SIZE, 6, 4, 1)), training=True)
    loss = MixupLoss("mse", mix)
    with pytest.raises(ValueError, match=r"dense_labels=True\)` or"):
        loss(np.zeros((SIZE, 6, 4)), ops.zeros((SIZE, 6, 4)))


def test_several_layers_before_labels_of_pixels_are_an_error():
    mixers = CutMix(name="first"), CutMix(name="second")
    model = keras.Sequential([*mixers, layers.Conv2D(CLASSES, 1)])
    model.compile("sgd", MixupLoss("sparse_categorical_crossentropy", mixers))
    with pytest.raises(ValueError, match="by the region of one layer"):
        model.fit(np.zeros((SIZE, 6, 4, 1)), of_pixels(6, 4), verbose=0)


def test_a_forecast_of_another_length_is_told_by_the_user():
    mix = CutMix(1.0)
    mix(ops.zeros((SIZE, 12, 2)), training=True)
    y, p = np.zeros((SIZE, 4, 1), "float32"), ops.zeros((SIZE, 4, 1))
    with pytest.raises(ValueError, match=r"dense_labels=True\)` or"):
        MixupLoss("mse", mix)(y, p)


def test_ids_that_stay_ids_are_not_smoothed():
    x, masks = numbered((9, 7, 1)), numbered((9, 7), dtype="int32")
    for kwargs in ({"label_smoothing": 0.1}, {"target_threshold": 0.2}):
        with pytest.raises(ValueError, match="are pasted as they are"):
            CutMix(num_classes=8, **kwargs)(x, masks)


def test_beside_ids_that_stay_ids_labels_of_samples_are_smoothed():
    x, masks = numbered((9, 7, 1)), numbered((9, 7), dtype="int32")
    y = {"masks": masks, "kind": np.arange(len(x)) % 3}
    classes = {"masks": None, "kind": 3}
    both = [
        CutMix(num_classes=classes, label_smoothing=smoothing, seed=4)(x, y)[1]
        for smoothing in (0.0, 0.3)
    ]
    plain, smooth = both
    np.testing.assert_array_equal(smooth["masks"], plain["masks"])
    assert smooth["masks"].dtype == masks.dtype
    np.testing.assert_allclose(smooth["kind"], 0.7 * plain["kind"] + 0.1, atol=1e-6)


def test_by_hand():
    plan = MixPlan.draw(
        SIZE, 1.0, region="box", grid=(6, 4), pairing="derangement", seed=1
    )
    x, y = numbered((6, 4, 2), SIZE), numbered((6, 4), SIZE, "int32")
    mixed = np.asarray(plan.mix(ops.convert_to_tensor(x)))
    labels = np.asarray(plan.paste(ops.convert_to_tensor(y)))
    np.testing.assert_array_equal(labels, mixed[..., 0])
    found = [(each == own).mean() for own, each in enumerate(labels)]
    np.testing.assert_allclose(np.asarray(plan.lam), found, atol=1e-6)
    one_hot = ops.eye(SIZE)
    soft = np.asarray(plan.mix_labels(one_hot))
    np.testing.assert_allclose(np.diag(soft), found, atol=1e-6)
    np.testing.assert_allclose(soft.sum(1), 1, atol=1e-6)
    with pytest.raises(ValueError, match="are for `plan.mix_labels`"):
        plan.mix(one_hot)
    assert min(found) < 1
    with pytest.raises(ValueError, match="use `mix`"):
        MixPlan.draw(SIZE).paste(y)
    with pytest.raises(ValueError, match="`grid` must hold"):
        MixPlan.draw(SIZE, region="box")
    with pytest.raises(ValueError, match="`grid` must hold"):
        MixPlan.draw(SIZE, region="box", grid=16)
    with pytest.raises(ValueError, match="need the 2 spatial axes"):
        plan.paste(np.zeros(SIZE))
