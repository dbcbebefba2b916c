"""Class ids for losses of one-hot labels, and targets that count a class or not."""

import keras
import numpy as np
import pytest

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.losses.test_mixup_loss import CLASSES
from tests.losses.test_mixup_loss import ROWS
from tests.losses.test_mixup_loss import SHARE
from tests.losses.test_mixup_loss import FixedMixUp
from tests.losses.test_mixup_loss import mixup_loss
from tests.losses.test_mixup_loss import probabilities
from tests.modes import gradient_of
from tests.modes import run
from tests.modes import to_numpy

IDS = np.array([0, 2, 1, 1, 0])
ONE_HOT = np.eye(CLASSES, dtype="float32")[IDS]
MIXED = (1 - SHARE)[:, None] * ONE_HOT + SHARE[:, None] * ONE_HOT[ROWS]
WEIGHT = np.float32([1, 2, 0.5, 0, 3])
LOSSES = {
    "categorical": keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    "focal": keras.losses.CategoricalFocalCrossentropy(),
    "binary": keras.losses.BinaryCrossentropy(),
}


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_class_ids_are_as_good_as_one_hot_labels(loss, weight, mode):
    p = probabilities()
    expected = mixup_loss(loss, ONE_HOT, p, weight, mode)
    for ids in (IDS, IDS[:, None], IDS.astype("uint8")):
        found = mixup_loss(loss, ids, p, weight, mode)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_where_nothing_is_mixed_as_well(loss):
    p = probabilities()
    assert float(MixupLoss(loss, MixUp())(IDS, p)) == float(loss(ONE_HOT, p))


def test_smoothed_labels_by_hand():
    p = probabilities()
    found = mixup_loss(LOSSES["categorical"], IDS, p)
    smooth = MIXED * 0.9 + 0.1 / CLASSES
    np.testing.assert_allclose(found, -(smooth * np.log(p)).sum(1).mean(), rtol=1e-5)


def test_class_ids_of_pixels_and_classes_on_another_axis():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, CLASSES, (5, 4, 2))
    one_hot = np.eye(CLASSES, dtype="float32")[ids]
    p = probabilities((5, 4, 2, CLASSES))
    for axis in (-1, 1):
        loss = keras.losses.CategoricalCrossentropy(axis=axis)
        labels, scores = (np.moveaxis(each, -1, axis) for each in (one_hot, p))
        expected = mixup_loss(loss, labels, scores)
        np.testing.assert_allclose(mixup_loss(loss, ids, scores), expected, rtol=1e-6)


def test_an_id_of_no_class_does_not_go_unnoticed(mode):
    ids = np.array([0, CLASSES, 1, 1, 0])
    assert np.isnan(mixup_loss(LOSSES["categorical"], ids, probabilities(), mode=mode))
    ids = np.array([0, -1, 1, 1, 0])
    assert np.isnan(float(MixupLoss(LOSSES["focal"], MixUp())(ids, probabilities())))


def test_accuracy_and_training_on_ids():
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    y = (x[:, 0] > 0).astype("int64") + (x[:, 1] > 0)
    mix = MixUp(0.2, seed=1)
    model = keras.Sequential([mix, keras.layers.Dense(CLASSES, "softmax")])
    loss = MixupLoss(LOSSES["categorical"], mix, track=True)
    model.compile(keras.optimizers.Adam(0.1), loss, metrics=["accuracy"])
    logs = model.fit(x, y, epochs=30, verbose=0).history
    assert logs["accuracy"][-1] > 0.7
    assert logs["mixup_accuracy"][-1] > 0.6
    assert model.evaluate(x, y, verbose=0)[1] > 0.7


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("labels", [IDS, ONE_HOT], ids=["ids", "one-hot"])
def test_a_class_counts_where_its_share_is_above_the_threshold(labels, weight, mode):
    p, base = probabilities(), keras.losses.BinaryCrossentropy()
    targets = (MIXED > 0.3).astype("float32")
    # Of the five samples some have two classes, and some lose one.
    assert set(targets.sum(1)) == {1.0, 2.0}
    assert (targets.sum(1) < (MIXED > 0).sum(1)).any()
    w = None
    if weight is not None:
        w = (1 - SHARE) * weight + SHARE * weight[ROWS]
    expected = to_numpy(base(targets, p, w))

    def make_step():
        layer = FixedMixUp()
        wrapped = MixupLoss(base, layer, target_threshold=0.3)

        def step(p):
            layer(keras.ops.zeros((5, 1)), training=True)
            return wrapped(labels, p, weight)

        return step

    np.testing.assert_allclose(run(make_step(), mode, p), expected, rtol=1e-6)
    np.testing.assert_allclose(
        gradient_of(make_step(), p, mode),
        gradient_of(lambda p: base(targets, p, w), p, "eager"),
        atol=1e-6,
    )


def test_two_samples_of_one_class_count_together():
    # Both have ¼ and ¾ of one class.
    layer = FixedMixUp()
    loss = MixupLoss("binary_crossentropy", layer, target_threshold=0.9)
    layer(keras.ops.zeros((5, 1)), training=True)
    p = probabilities()
    expected = keras.losses.BinaryCrossentropy()(np.eye(CLASSES)[[1] * 5], p)
    assert float(loss(np.ones(5, "int64"), p)) == pytest.approx(float(expected))


def test_a_threshold_without_a_plan():
    loss = MixupLoss("binary_crossentropy", MixUp(), target_threshold=0.2)
    again = MixupLoss.from_config(loss.get_config())
    assert again.target_threshold == 0.2
    p, soft = probabilities(), np.float32([[0.7, 0.3, 0.0]] * 5)
    expected = keras.losses.BinaryCrossentropy()((soft > 0.2).astype("float32"), p)
    assert float(loss(soft, p)) == pytest.approx(float(expected))


@pytest.mark.parametrize("threshold", [-0.1, 1.0])
def test_bad_thresholds(threshold):
    with pytest.raises(ValueError, match="`target_threshold` must be"):
        MixupLoss("binary_crossentropy", MixUp(), target_threshold=threshold)
    with pytest.raises(ValueError, match="`target_threshold` must be"):
        MixUp(target_threshold=threshold)


def test_a_sparse_loss_has_no_targets_of_0_and_1():
    with pytest.raises(ValueError, match="a loss of class ids does not take"):
        MixupLoss("sparse_categorical_crossentropy", MixUp(), target_threshold=0.2)


def test_a_module_of_torch_is_no_loss():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="must be a Keras loss"):
        MixupLoss(torch.nn.CrossEntropyLoss(), MixUp())
