"""Smoothed labels and targets of 0 and 1, as a pipeline hands them over."""

import keras
import numpy as np
import pytest

from keras_mixup import CutMix
from keras_mixup import MixUp
from keras_mixup import RandomChoice
from tests.data.test_pipeline import CLASSES
from tests.data.test_pipeline import WAYS
from tests.data.test_pipeline import data

X, Y = data()
ONE_HOT = np.eye(CLASSES, dtype="float32")[Y]


def plain(way, layer, *batch):
    """The labels that a layer of the same seed mixes."""
    return np.asarray(way(layer(seed=1), *batch)[1])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layer", [MixUp, CutMix])
def test_labels_are_smoothed_and_mixed(layer, way):
    for labels, classes in ((Y, CLASSES), (ONE_HOT, None), (ONE_HOT, CLASSES)):
        mix = layer(1.0, num_classes=classes, label_smoothing=0.1, seed=1)
        found = np.asarray(way(mix, X, labels)[1])
        expected = plain(way, lambda seed: layer(1.0, seed=seed), X, ONE_HOT)
        np.testing.assert_allclose(found, expected * 0.9 + 0.1 / CLASSES, atol=1e-6)
    # Validation is on what the labels are.
    found = way(mix, X, labels, training=False)[1]
    np.testing.assert_array_equal(found, ONE_HOT)


def test_one_sigmoid_tells_two_classes_apart():
    y = Y % 2
    mix = MixUp(1.0, num_classes=1, label_smoothing=0.1, seed=1)
    expected = MixUp(1.0, num_classes=1, seed=1)(X, y)[1]
    np.testing.assert_allclose(mix(X, y)[1], expected * 0.9 + 0.05, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_a_class_counts_where_its_share_is_above_the_threshold(way):
    layer = RandomChoice([MixUp(1.0), CutMix(1.0)], seed=1)
    shares = np.asarray(way(layer, X, ONE_HOT)[1])
    layer = RandomChoice(
        [MixUp(1.0), CutMix(1.0)], num_classes=CLASSES, target_threshold=0.34, seed=1
    )
    targets = np.asarray(way(layer, X, Y)[1])
    np.testing.assert_array_equal(targets, shares > 0.34)
    assert ((shares > 0) & (shares <= 0.34)).any()
    weight = np.arange(1, 9, dtype="float32")
    layer = MixUp(1.0, num_classes=CLASSES, target_threshold=0.34, seed=1)
    shares = np.asarray(way(MixUp(1.0, seed=1), X, ONE_HOT)[1])
    _, targets, weights = way(layer, X, Y, weight)
    np.testing.assert_array_equal(targets, shares > 0.34)
    expected = way(MixUp(1.0, seed=1), X, ONE_HOT, weight)[2]
    np.testing.assert_allclose(weights, expected, rtol=1e-6)


def test_the_arguments_are_saved():
    layer = MixUp(num_classes=3, label_smoothing=0.1, target_threshold=0.2)
    again = MixUp.from_config(layer.get_config())
    assert again.rules == layer.rules
    assert "label_smoothing=0.1, target_threshold=0.2" in repr(layer)


def test_what_is_no_class_is_not_smoothed():
    with pytest.raises(ValueError, match="`label_smoothing` is for classes"):
        MixUp(label_smoothing=0.1)(X, np.float32(Y) + 0.5)
    with pytest.raises(ValueError, match="`label_smoothing` must be"):
        MixUp(label_smoothing=1.0)


@pytest.mark.parametrize(
    "arguments", [{"label_smoothing": 0.1}, {"target_threshold": 0.2}]
)
def test_in_a_model_the_loss_smooths_and_not_the_layer(arguments):
    x = keras.ops.convert_to_tensor(X)
    for layer in (
        MixUp(num_classes=CLASSES, **arguments),
        RandomChoice([MixUp(num_classes=CLASSES, **arguments)]),
        RandomChoice([MixUp(0.8), CutMix()], **arguments),
    ):
        with pytest.raises(ValueError, match="of a layer are for pipelines"):
            layer(x, training=True)
        layer(x, training=False)
