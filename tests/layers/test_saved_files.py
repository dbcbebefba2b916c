"""Files of models that were saved before the package had folders.

`tests/saved` holds one for each public layer, with every policy and the loss.
"""

import pathlib

import keras
import numpy as np
import pytest

import keras_mixup
from tests.modes import to_numpy

FILES = sorted((pathlib.Path(__file__).parents[1] / "saved").glob("*.keras"))
X = np.random.default_rng(0).random((16, 4), "float32")
LABELS = np.arange(16) % 3
MIXING = (keras_mixup.MixUp, keras_mixup.ManifoldMixUp)


def data_of(path):
    if path.stem == "confidence":
        return {"samples": X, "confidence": X[:, 0]}, LABELS
    names = ["similarity", "exponential", "linear", "inverse_loss", "fixed", "shuffled"]
    return X, dict.fromkeys(names, LABELS) if path.stem == "adaptive" else LABELS


def test_every_layer_and_policy_of_that_time_is_among_them():
    layers = [
        layer
        for path in FILES
        for layer in keras.models.load_model(path).layers
        if isinstance(layer, MIXING)
    ]
    assert {type(layer).__name__ for layer in layers} == {
        "MixUp",
        "AdaptiveMixUp",
        "ManifoldMixUp",
    }
    policies = [layer.policy for layer in layers if hasattr(layer, "policy")]
    assert {type(policy).__name__ for policy in policies} == {
        "Confidence",
        "ExponentialDistance",
        "Fixed",
        "InverseLoss",
        "LinearDistance",
        "Shuffled",
        "SimilarityKernel",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_loads_and_trains_on(path):
    model = keras.models.load_model(path)
    x, y = data_of(path)
    before = [to_numpy(weight) for weight in model.trainable_weights]
    # Adam has counted the four steps of its first training.
    assert int(to_numpy(model.optimizer.iterations)) == 4
    losses = model.fit(x, y, batch_size=8, epochs=1, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert int(to_numpy(model.optimizer.iterations)) == 6
    assert all(
        (to_numpy(weight) != old).any()
        for weight, old in zip(model.trainable_weights, before)
    )


def test_what_was_set_is_still_set():
    (path,) = [path for path in FILES if path.stem == "mixup"]
    mix = keras.models.load_model(path).get_layer("mix")
    assert (mix.alpha, mix.prob, mix.num_samples, mix.seed) == (1.0, 0.75, 3, 1)
    assert mix.pairing is keras_mixup.pairing.derangement
    assert (mix.num_classes, mix.label_keys) == ({"y": 3}, ("y",))
    (path,) = [path for path in FILES if path.stem == "views"]
    views = keras.models.load_model(path).get_layer("views")
    assert [type(view).__name__ for view in views.views] == ["GaussianNoise", "Dropout"]
    assert (views.shards, views.fold) == (2, False)
