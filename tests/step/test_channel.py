import warnings

import keras
import numpy as np
import pytest

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.modes import to_numpy


class Halves(MixUp):
    """λ = ½ with the sample before."""

    def draw_plan(self, x, *_, **__):
        rows = np.roll(np.arange(8, dtype="int32"), 1)
        share = np.full(8, 0.5, "float32")
        return MixPlan(*map(keras.ops.convert_to_tensor, (rows, share)))


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(8, 3)).astype("float32"), rng.normal(size=(8, 1))


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_a_layer_that_evaluation_skips_leaves_no_plan_to_it(run_eagerly):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.mix = Halves()
            self.dense = keras.layers.Dense(1)

        def call(self, x, training=False):
            return self.dense(self.mix(x, training=True) if training else x)

    x, y = data()
    model = Model()
    loss = MixupLoss("mse", model.mix)
    model.compile(keras.optimizers.SGD(0.0), loss, run_eagerly=run_eagerly)
    history = model.fit(
        x, y, batch_size=8, shuffle=False, validation_data=(x, y), verbose=0
    ).history
    plain = np.mean((to_numpy(model(x)) - y) ** 2)
    assert history["val_loss"][0] == pytest.approx(plain, rel=1e-5)
    assert abs(history["loss"][0] - plain) > 1e-3


@pytest.mark.parametrize("run_eagerly", [True, False])
def test_a_layer_that_is_called_twice_a_step_warns(run_eagerly):
    layer = Halves(name="shared")
    a, b = keras.Input((3,)), keras.Input((3,))
    merged = keras.layers.Concatenate()([layer(a), layer(b)])
    model = keras.Model([a, b], keras.layers.Dense(1)(merged))
    model.compile("sgd", MixupLoss("mse", layer), run_eagerly=run_eagerly)
    x, y = data()
    with pytest.warns(UserWarning, match=r"'shared'.*once a step"):
        model.train_on_batch([x, x], y)


def test_a_trial_run_of_the_layer_does_not_warn():
    x, y = data()
    pipeline = keras.layers.Pipeline([layer := Halves()])
    model = keras.Sequential([pipeline, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), MixupLoss("mse", layer))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = model.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    loss = loss.history["loss"][0]
    kernel, bias = model.get_weights()[-2:]
    p = (x + np.roll(x, 1, 0)) / 2 @ kernel + bias
    expected = np.mean((p - y) ** 2 + (p - np.roll(y, 1, 0)) ** 2) / 2
    assert loss == pytest.approx(expected, rel=1e-5)


def test_layers_of_one_name_in_one_loss():
    class Reverse(MixUp):
        def draw_plan(self, x, *_, **__):
            rows = np.arange(8, dtype="int32")[::-1].copy()
            share = np.full(8, 0.25, "float32")
            return MixPlan(*map(keras.ops.convert_to_tensor, (rows, share)))

    first, second = Halves(name="same"), Reverse(name="same")
    loss = MixupLoss("mse", [first, second])
    _, y = data()
    p = np.zeros((8, 1), "float32")
    second(first(keras.ops.zeros((8, 1)), training=True), training=True)
    one, two = np.eye(8), np.eye(8)
    one = 0.5 * one + 0.5 * np.roll(one, 1, 0)
    two = 0.75 * two + 0.25 * two[::-1]
    assert to_numpy(loss(y, p)) == pytest.approx(np.mean(two @ one @ y**2), rel=1e-5)


def test_weights_of_a_model_without_the_layer_can_be_loaded(tmp_path):
    def build(*first):
        model = keras.Sequential(
            [keras.Input((3,)), *first, keras.layers.Dense(2, name="dense")]
        )
        model(np.ones((1, 3)))
        return model

    plain, mixed = build(), build(MixUp(0.7))
    plain.save_weights(tmp_path / "plain.weights.h5")
    mixed.load_weights(tmp_path / "plain.weights.h5")
    assert (to_numpy(mixed(data()[0])) == to_numpy(plain(data()[0]))).all()
    assert mixed.layers[0].alpha == 0.7
