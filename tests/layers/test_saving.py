import copy
import gc
import json
import pickle

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import pairing
from tests.models import BACKEND
from tests.models import CLASSES
from tests.models import FEATURES
from tests.models import QUICK
from tests.models import classifier
from tests.models import compiled
from tests.models import data
from tests.models import fit
from tests.models import kernel_of
from tests.models import mixed
from tests.models import pair_loss
from tests.models import softmax

KERAS = tuple(int(part) for part in keras.version().split(".")[:2])


def reloaded(model, path, **kwargs):
    model.save(path / "model.keras")
    return keras.saving.load_model(path / "model.keras", **kwargs)


def draw(layer):
    """The layer's next plan: the same for layers of one setting and state."""
    layer(np.zeros((8, 1), "float32"), training=True)
    return np.stack([ops.convert_to_numpy(part) for part in layer.plan[:2]])


def mix_of(model):
    return next(layer for layer in model.layers if isinstance(layer, MixUp))


def check_follows_its_own_layer(model):
    """An eager step's loss is the pair loss of the plan of the model's layer."""
    x, y = data(4)
    kernel = kernel_of(model)
    model.reset_metrics()  # Before Keras 3.15, the loss is the mean of all steps.
    loss = model.train_on_batch(x, y)
    rows, share = plan = [ops.convert_to_numpy(part) for part in mix_of(model).plan[:2]]
    expected = pair_loss(y, softmax(mixed(x, *plan) @ kernel), rows, share)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def eager_model(**kwargs):
    mix = MixUp(alpha=1.0, **kwargs)
    return compiled(classifier(mix), mix, run_eagerly=True)


# Layers.


@keras.saving.register_keras_serializable(package="tests")
class Shift:
    """A custom pairing with a parameter."""

    def __init__(self, by):
        self.by = by

    def __call__(self, noise):
        return pairing.roll(noise) if self.by == 1 else pairing.reverse(noise)

    def __eq__(self, other):
        return type(other) is Shift and other.by == self.by

    def __hash__(self):
        return self.by

    def get_config(self):
        return {"by": self.by}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="tests")
def backwards(noise):
    return pairing.reverse(noise)


ARGUMENTS = {
    "alpha": 0.7,
    "prob": 0.3,
    "per_sample": False,
    "fold": False,
    "pairing": pairing.derangement,
    "num_classes": 7,
    "seed": 11,
    "name": "my_mix",
    "dtype": "float64",
    "trainable": False,
}


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_comes_back_from_a_file(argument, tmp_path):
    value = ARGUMENTS[argument]
    model = classifier(MixUp(**{argument: value}))
    found = getattr(reloaded(model, tmp_path).layers[0], argument)
    assert found == value
    assert found != getattr(MixUp(), argument)


@pytest.mark.parametrize(
    "value", [pairing.shuffle, pairing.roll, pairing.reverse, Shift(2), backwards]
)
def test_a_pairing_comes_back_from_a_file(value, tmp_path):
    model = classifier(MixUp(pairing=value))
    assert reloaded(model, tmp_path).layers[0].pairing == value


def test_a_custom_pairing_pairs_after_loading(tmp_path):
    mix = MixUp(alpha=1.0, pairing=Shift(2))
    mix = reloaded(classifier(mix), tmp_path).layers[0]
    rows, _ = draw(mix)
    assert rows.tolist() == list(range(7, -1, -1))


def test_a_loaded_layer_draws_what_the_saved_one_would(tmp_path):
    mix = MixUp(alpha=0.7, prob=0.8, fold=False, pairing="derangement", seed=3)
    fresh = draw(MixUp.from_config(mix.get_config()))
    model = classifier(mix)
    np.testing.assert_array_equal(draw(mix), fresh)
    loaded = reloaded(model, tmp_path).layers[0]
    later = draw(mix)
    assert (later != fresh).any()
    np.testing.assert_array_equal(draw(loaded), later)


def test_parameters_that_were_changed_are_saved_as_they_are(tmp_path):
    mix = MixUp(alpha=0.2, prob=1.0)
    model = classifier(mix)
    mix.alpha, mix.prob = 0.9, 0.4
    loaded = reloaded(model, tmp_path).layers[0]
    assert (loaded.alpha, loaded.prob) == (0.9, 0.4)
    assert (loaded.get_config()["alpha"], loaded.get_config()["prob"]) == (0.9, 0.4)
    np.testing.assert_array_equal(draw(loaded), draw(mix))


def test_weights_bring_parameters_and_draws_into_another_model(tmp_path):
    model = classifier(MixUp(alpha=0.9, prob=0.5, seed=1))
    draw(model.layers[0])
    model.save_weights(tmp_path / "model.weights.h5")
    other = classifier(MixUp(alpha=0.1, prob=1.0, seed=2))
    draw(other.layers[0])
    other.load_weights(tmp_path / "model.weights.h5")
    assert (other.layers[0].alpha, other.layers[0].prob) == (0.9, 0.5)
    np.testing.assert_array_equal(draw(other.layers[0]), draw(model.layers[0]))


def test_a_model_comes_back_from_json():
    mix = MixUp(alpha=0.7, pairing=Shift(2), seed=4)
    model = keras.models.model_from_json(classifier(mix).to_json())
    np.testing.assert_array_equal(draw(model.layers[0]), draw(mix))


# Losses.


def test_the_loss_of_a_loaded_model_reads_the_loaded_layer(tmp_path):
    model = eager_model()
    model.train_on_batch(*data(4))
    loaded = reloaded(model, tmp_path)
    check_follows_its_own_layer(loaded)
    check_follows_its_own_layer(model)
    check_follows_its_own_layer(loaded)


def test_a_model_loaded_twice_is_two_models(tmp_path):
    one = reloaded(eager_model(), tmp_path)
    other = keras.saving.load_model(tmp_path / "model.keras")
    one.train_on_batch(*data(4))  # Or both would draw alike.
    check_follows_its_own_layer(other)
    check_follows_its_own_layer(one)
    check_follows_its_own_layer(other)


def test_a_model_is_loaded_where_no_layer_of_it_lives(tmp_path):
    eager_model(name="short_lived").save(tmp_path / "model.keras")
    gc.collect()
    with pytest.raises(ValueError, match="no MixUp layer named 'short_lived'"):
        MixupLoss("mse", "short_lived")(np.zeros((2, 1)), np.zeros((2, 1)))
    model = keras.saving.load_model(tmp_path / "model.keras")
    check_follows_its_own_layer(model)


@pytest.mark.parametrize("how", ["fresh", "from_config"])
def test_a_clone_reads_its_own_layer(how):
    model = eager_model()
    model.train_on_batch(*data(4))
    clone = keras.models.clone_model(model)
    if how == "fresh":
        compiled(clone, mix_of(clone), run_eagerly=True)
    else:
        clone.compile_from_config(model.get_compile_config())
    check_follows_its_own_layer(clone)
    check_follows_its_own_layer(model)
    check_follows_its_own_layer(clone)


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("how", [copy.deepcopy, pickled])
def test_a_copy_reads_its_own_layer(how):
    model = eager_model()
    model.train_on_batch(*data(4))
    other = how(model)
    check_follows_its_own_layer(other)
    check_follows_its_own_layer(model)
    check_follows_its_own_layer(other)


def two_layer_model():
    first, second = MixUp(alpha=1.0, seed=1), MixUp(alpha=0.5, seed=2)
    hidden, head = layers.Dense(5, "tanh"), layers.Dense(CLASSES, "softmax")
    model = keras.Sequential([keras.Input((FEATURES,)), first, hidden, second, head])
    compiled(model, [first, second])
    model.compile("adam", model.loss, **QUICK)
    return model


def test_training_goes_on_after_loading_as_if_nothing_had_happened(tmp_path):
    x, y = data()
    model = two_layer_model()
    fit(model, x, y, epochs=1)
    loaded = reloaded(model, tmp_path)
    whole = fit(model, x, y, epochs=2)["loss"]
    assert fit(loaded, x, y, epochs=2)["loss"] == whole


def squared(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


registered = keras.saving.register_keras_serializable(package="tests")


@registered
def cubed(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred) ** 3, axis=-1)


@registered
class Powered(keras.losses.Loss):
    def __init__(self, power=2.0, **kwargs):
        super().__init__(**kwargs)
        self.power = power

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** self.power, axis=-1)

    def get_config(self):
        return {**super().get_config(), "power": self.power}


# What to wrap, and its value for the errors of a batch.
LOSSES = {
    "name": ("mean_squared_error", lambda e: np.mean(e**2, axis=-1)),
    "alias": ("mae", lambda e: np.mean(abs(e), axis=-1)),
    "function": (keras.losses.mean_absolute_error, lambda e: np.mean(abs(e), axis=-1)),
    "instance": (
        keras.losses.MeanSquaredError(reduction="sum"),
        lambda e: len(e) * np.mean(e**2, axis=-1),
    ),
    "custom function": (cubed, lambda e: np.mean(abs(e) ** 3, axis=-1)),
    "custom instance": (Powered(1.5), lambda e: np.mean(abs(e) ** 1.5, axis=-1)),
}


def through_config(loss):
    return MixupLoss.from_config(json.loads(json.dumps(loss.get_config())))


def through_keras(loss):
    return keras.losses.deserialize(
        json.loads(json.dumps(keras.losses.serialize(loss)))
    )


@pytest.mark.parametrize("through", [through_config, through_keras])
@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_comes_back_from_its_config(kind, through):
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 8, 3)).astype("float32")
    mix = MixUp(alpha=1.0)
    base, by_hand = LOSSES[kind]
    loss = through(MixupLoss(base, mix, name="my_loss"))
    mix(p, training=True)
    plan = [ops.convert_to_numpy(part) for part in mix.plan[:2]]
    expected = pair_loss(y, p, *plan, lambda y, p: by_hand(p - y))
    np.testing.assert_allclose(float(loss(y, p)), expected, rtol=1e-5)
    assert loss.name == "my_loss"
    assert loss.get_config() == through(loss).get_config()


def test_the_order_of_several_layers_comes_back():
    first, second = MixUp(name="b_mix"), MixUp(name="a_mix")
    loss = through_keras(MixupLoss("mse", [first, second]))
    assert loss.get_config()["mixup"] == ["b_mix", "a_mix"]


def test_an_unregistered_loss_comes_back_through_custom_objects(tmp_path):
    mix = MixUp(alpha=1.0)
    model = classifier(mix)
    model.compile("sgd", MixupLoss(squared, mix), run_eagerly=True)
    x = data(4)[0]
    y = np.random.default_rng(1).normal(size=(len(x), CLASSES)).astype("float32")
    loaded = reloaded(model, tmp_path, custom_objects={"squared": squared})
    kernel = kernel_of(loaded)
    loss = loaded.train_on_batch(x, y)
    plan = [ops.convert_to_numpy(part) for part in mix_of(loaded).plan[:2]]
    p = softmax(mixed(x, *plan) @ kernel)
    expected = pair_loss(y, p, *plan, lambda y, p: np.mean((y - p) ** 2, axis=-1))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


# Keras saves what it finds in the attributes of a model, in the order of their
# names: a loss that held its layer would take that layer's place.


class Subclassed(keras.Model):
    attribute = None

    def __init__(self, mix_name=None, **kwargs):
        super().__init__(**kwargs)
        self.mix_name = mix_name
        setattr(self, self.attribute, MixUp(alpha=1.0, seed=6, name=mix_name))
        self.head = layers.Dense(CLASSES, activation="softmax", use_bias=False)

    def call(self, x, training=None):
        return self.head(getattr(self, self.attribute)(x, training=training))

    def get_config(self):
        return {**super().get_config(), "mix_name": self.mix_name}


@registered
class Before(Subclassed):
    attribute = "a_mix"


@registered
class After(Subclassed):
    attribute = "z_mix"


def trained_subclassed(kind, mix_name="my_mix"):
    x, y = data()
    model = kind(mix_name)
    model(x)
    mix = getattr(model, kind.attribute)
    compiled(model, mix, **QUICK)
    fit(model, x, y, epochs=1)
    mix.alpha = 0.7
    return model, mix


@pytest.mark.parametrize("kind", [Before, After])
def test_a_subclassed_model_goes_on_after_loading(kind, tmp_path):
    x, y = data()
    model, _ = trained_subclassed(kind)
    loaded = reloaded(model, tmp_path)
    assert getattr(loaded, kind.attribute).alpha == 0.7
    assert fit(loaded, x, y)["loss"] == fit(model, x, y)["loss"]


def test_a_loss_that_cannot_find_a_layer_without_a_name_of_its_own_says_so(tmp_path):
    # Such a layer gets another name each time that the model is made.
    model, mix = trained_subclassed(Before, mix_name=None)
    loaded = reloaded(model, tmp_path)
    with pytest.warns(UserWarning, match=f"'{loaded.a_mix.name}' mixed the inputs"):
        fit(loaded, *data(4))
    name = mix.name
    del model, mix
    gc.collect()
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    with pytest.raises(ValueError, match=f"no MixUp layer named '{name}'"):
        fit(loaded, *data(4))


@pytest.mark.parametrize("kind", [Before, After])
@pytest.mark.parametrize("suffix", ["keras", "weights.h5"])
def test_saved_state_reaches_the_layer_of_an_uncompiled_model(kind, suffix, tmp_path):
    model, mix = trained_subclassed(kind)
    path = tmp_path / f"model.{suffix}"
    if suffix == "keras":
        model.save(path)
        loaded = keras.saving.load_model(path, compile=False)
    else:
        model.save_weights(path)
        loaded = kind()
        loaded(np.zeros((1, FEATURES)))
        loaded.load_weights(path)
    layer = getattr(loaded, kind.attribute)
    assert layer.alpha == 0.7
    np.testing.assert_array_equal(draw(layer), draw(mix))


# Export: the model that is served is the one without the layer.


def trained_pair():
    """A trained model, and the same one without the layer."""
    x, y = data()
    mix = MixUp(alpha=1.0)
    model = compiled(classifier(mix), mix, **QUICK)
    fit(model, x, y, epochs=1)
    twin = classifier(None)
    twin.layers[-1].kernel.assign(kernel_of(model))
    return model, twin


@pytest.mark.skipif(BACKEND == "torch", reason="SavedModel needs TensorFlow or JAX")
@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")  # Of jax2tf.
def test_a_saved_model_serves_the_model_without_the_layer(tmp_path):
    tf = pytest.importorskip("tensorflow")
    x, _ = data()
    served = []
    for number, model in enumerate(trained_pair()):
        model.export(tmp_path / str(number), verbose=False)
        artifact = tf.saved_model.load(tmp_path / str(number))
        served.append(artifact.serve(x).numpy())
    np.testing.assert_array_equal(*served)


@pytest.mark.skipif(
    BACKEND != "torch" or KERAS < (3, 15),
    reason="a program of torch.export, which Keras writes since 3.15",
)
def test_an_exported_program_serves_the_model_without_the_layer(tmp_path):
    import torch

    x, _ = data(1)  # Keras exports a program for one sample.
    served = []
    for number, model in enumerate(trained_pair()):
        path = tmp_path / f"{number}.pt2"
        model.export(path, format="torch", verbose=False)
        program = torch.export.load(path).module()
        served.append(program(torch.tensor(x)).detach().numpy())
    np.testing.assert_array_equal(*served)
