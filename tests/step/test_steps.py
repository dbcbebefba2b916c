"""The ways of a plan from a layer to its loss that are off the beaten one."""

import contextlib
import gc
import importlib
import importlib.util
import logging
import warnings

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import ManifoldMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import RandomChoice
from tests.models import BACKEND
from tests.models import CLASSES
from tests.models import COMPILED
from tests.models import FEATURES
from tests.models import QUICK
from tests.models import FixedMixUp
from tests.models import classifier
from tests.models import compiled
from tests.models import data
from tests.models import fit
from tests.models import fixed_plan
from tests.models import kernel_of
from tests.models import mixed
from tests.models import pair_loss
from tests.models import softmax
from tests.modes import to_numpy

SPARSE = "sparse_categorical_crossentropy"
CODES = np.eye(6, dtype="float32")


def head():
    return layers.Dense(CLASSES, activation="softmax", use_bias=False)


# Calls that pass `__call__` by.


@pytest.mark.parametrize("layer", [MixUp(1.0), ManifoldMixUp().site()])
def test_a_layer_in_time_distributed_is_an_error(layer):
    if not isinstance(layer, MixUp):
        mix = ManifoldMixUp()
        layer = mix.site()
        mix(CODES, training=True)
    each = layers.TimeDistributed(layer)
    x = np.tile(CODES[:, None], (1, 3, 1))
    np.testing.assert_array_equal(to_numpy(each(x)), x)
    with pytest.raises(ValueError, match="more than once in a step|met twice in a st"):
        each(x, training=True)


def test_a_model_with_time_distributed_is_not_trained():
    inputs = keras.Input((3, FEATURES))
    mix = MixUp(1.0)
    pooled = layers.Flatten()(layers.TimeDistributed(mix)(inputs))
    model = compiled(keras.Model(inputs, head()(pooled)), mix, **COMPILED)
    x, y = data()
    with pytest.raises(ValueError, match="more than once in a step"):
        fit(model, np.repeat(x[:, None], 3, axis=1), y)


def test_evaluation_that_enters_by_call_leaves_no_plan():
    mix = MixUp(1.0, pairing="derangement", seed=0)
    loss = MixupLoss("mean_squared_error", mix)
    mix(CODES, training=True)
    loss(CODES, ops.convert_to_tensor(CODES))
    assert float(loss(CODES, mix.call(ops.convert_to_tensor(CODES)))) == 0
    assert mix.plan is None


class Onlooker(layers.Layer):
    """Takes a look at the plan of a layer before it."""

    def __init__(self, mix):
        super().__init__()
        self.look = lambda: mix.plan

    def call(self, x, training=None):
        plan = self.look() if training else None
        return x if plan is None else x + 0 * ops.cast(plan.share[:, None], x.dtype)


@pytest.mark.parametrize("track", [False, True])
def test_a_plan_that_was_looked_at_reaches_the_loss(track):
    # Keras on JAX asks for the metrics of a model before it computes the loss.
    x, y = data()
    mix = FixedMixUp()
    model = keras.Sequential([keras.Input((FEATURES,)), mix, Onlooker(mix), head()])
    loss = MixupLoss(SPARSE, mix, track=track)
    model.compile(keras.optimizers.SGD(0.0), loss, **QUICK)
    logs = fit(model, x, y, batch_size=20, epochs=2)
    plan = fixed_plan(20)
    expected = pair_loss(y, softmax(mixed(x, *plan) @ kernel_of(model)), *plan)
    np.testing.assert_allclose(logs["loss"], expected, rtol=1e-5)
    assert ("mixup_lam" in logs) == track


# Places that are met more than once.


def test_a_block_that_is_applied_to_its_own_output_needs_a_place_each_time():
    mix = ManifoldMixUp(1.0, name="tied")
    site = mix.site()
    inputs = keras.Input((FEATURES,))
    h = mix(inputs)
    for _ in range(2):
        h = site(h)
    model = keras.Model(inputs, head()(h))
    assert model(data()[0]).shape == (20, CLASSES)
    with pytest.raises(ValueError, match=r"'tied' is met twice.*site\(shared=True\)"):
        fit(compiled(model, mix, **QUICK), *data())


class FixedManifold(ManifoldMixUp):
    """Mixes by the plan of `FixedMixUp`, at a place that is still drawn."""

    step = 1

    def draw_plan(self, x, **_):
        return FixedMixUp.draw_plan(self, x)


def test_branches_may_share_a_place(tmp_path):
    mix = FixedManifold(seed=0)
    inputs = [keras.Input((FEATURES,)), keras.Input((FEATURES,))]
    shared = mix.site(shared=True)
    branches = [shared(h) for h in mix(inputs)]
    model = keras.Model(inputs, head()(layers.Concatenate()(branches)))
    compiled(model, mix, learning_rate=0.0, **QUICK)
    x, y = data()
    pair = [x, x[::-1].copy()]
    plan = fixed_plan(len(x))
    both = np.concatenate([mixed(each, *plan) for each in pair], axis=1)
    expected = pair_loss(y, softmax(both @ kernel_of(model)), *plan)
    losses = fit(model, pair, y, batch_size=20, epochs=6)["loss"]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    assert shared.get_config()["shared"] is True
    assert type(shared).from_config(shared.get_config()).shared is True


# Loops of the user's own that feed every metric of the model.


class GuideModel(keras.Sequential):
    """Its steps are those of Keras's guides."""

    def metrics_of(self, y, y_pred, loss, weight):
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            elif weight is None:
                metric.update_state(y, y_pred)
            else:
                metric.update_state(y, y_pred, sample_weight=weight)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
        else:
            import torch

            self.zero_grad()
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
            loss.backward()
            variables = list(self.trainable_weights)
            with torch.no_grad():
                self.optimizer.apply([v.value.grad for v in variables], variables)
        return self.metrics_of(y, y_pred, loss, weight)

    def test_step(self, data):
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(y=y, y_pred=y_pred, sample_weight=weight)
        return self.metrics_of(y, y_pred, loss, weight)


@pytest.mark.skipif(BACKEND == "jax", reason="steps of JAX have a form of their own")
@pytest.mark.parametrize("weighted", [False, True])
def test_a_loop_that_feeds_all_metrics_sees_none_of_the_layer(weighted):
    x, y = data()
    model = classifier(mix := FixedMixUp(), GuideModel)
    loss = MixupLoss(SPARSE, mix)
    model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=False)
    assert model.metrics_names == ["loss"]
    weight = {"sample_weight": np.ones(20)} if weighted else {}
    logs = fit(model, x, y, epochs=1, **weight)
    assert set(logs) == {"loss"}
    plan = fixed_plan(4)
    by_hand = [
        pair_loss(y[i : i + 4], softmax(mixed(x[i : i + 4], *plan) @ kernel), *plan)
        for kernel in [kernel_of(model)]
        for i in range(0, 20, 4)
    ]
    np.testing.assert_allclose(logs["loss"], np.mean(by_hand), rtol=1e-5)
    evaluated = model.evaluate(x, y, 4, return_dict=True, verbose=0, **weight)
    assert set(evaluated) == {"loss"}
    assert model.metrics_names == ["loss"]


def test_what_other_loops_hand_to_the_means_changes_nothing():
    x, y = data()
    mix = FixedMixUp()
    model = classifier(mix)
    loss = MixupLoss(SPARSE, mix, track=True)
    model.compile(keras.optimizers.SGD(0.0), loss, **QUICK)
    expected = fit(model, x, y, epochs=1)["mixup_lam"]
    (means,) = mix.metrics
    assert means in model.metrics
    before = [to_numpy(v) for v in means.variables]
    means.update_state(np.arange(4), np.ones((4, 3)), sample_weight=np.ones(4))
    after = means.stateless_update_state([v.value for v in means.variables], y, y)
    np.testing.assert_array_equal(to_numpy(list(after)), before)
    assert [to_numpy(means.result()["mixup_lam"])] == pytest.approx(expected)


def test_the_layer_of_a_plain_loss_is_in_no_name_of_a_metric():
    model = compiled(classifier(mix := MixUp(1.0)), mix, **QUICK)
    fit(model, *data(), epochs=1)
    assert model.metrics_names == ["loss"]
    assert mix.metrics == mix.metrics_variables == []


# Trainings in which nothing is mixed.


def forgetful_step(model, loss, x, y):
    """A step of a loop that does not pass `training=True`."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(y, model(x))
        return tape.gradient(value, model.trainable_variables)
    if BACKEND == "jax":
        import jax

        state = [v.value for v in model.non_trainable_variables]

        def value(weights):
            return loss(y, model.stateless_call(weights, state, x)[0])

        return jax.jit(jax.grad(value))([v.value for v in model.trainable_variables])
    model.zero_grad()
    value = loss(y, model(x))
    value.backward()
    return [v.value.grad for v in model.trainable_variables]


def test_a_loop_that_is_not_in_training_warns():
    x, y = data()
    mix = MixUp(1.0, name="idle")
    model = classifier(mix)
    loss = MixupLoss(SPARSE, mix)
    with pytest.warns(UserWarning, match="'idle' has mixed nothing so far.*training=T"):
        gradients = forgetful_step(model, loss, x, y)
    p = softmax(x @ kernel_of(model))
    by_hand = x.T @ (p - np.eye(CLASSES)[y]) / len(x)
    np.testing.assert_allclose(to_numpy(gradients)[0], by_hand, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kwargs", [{"alpha": 0.0}, {"alpha": 1.0, "prob": 0.0}])
def test_a_layer_that_is_switched_off_does_not_warn_of_it(kwargs):
    x, y = data()
    mix = MixUp(**kwargs)
    forgetful_step(classifier(mix), MixupLoss(SPARSE, mix), x, y)


def test_a_loop_after_a_training_does_not_warn():
    # As one that looks for adversarial inputs.
    x, y = data()
    mix = MixUp(1.0)
    model = compiled(classifier(mix), mix, **QUICK)
    fit(model, x, y, epochs=1)
    forgetful_step(model, model.loss, x, y)


@pytest.mark.parametrize("training", [None, False])
def test_a_bare_call_in_a_map_warns(training):
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    mix = MixUp(1.0, name="bare")
    arguments = {} if training is None else {"training": training}
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = dataset.map(lambda x, y: (mix(x, **arguments), y))
    texts = [str(warning.message) for warning in caught]
    assert any("'bare' was called in a data pipeline" in each for each in texts) == (
        training is None
    )
    np.testing.assert_array_equal(next(iter(dataset))[0], x[:4])


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a model runs in a map there alone")
def test_a_teacher_in_a_map_does_not_warn():
    import tensorflow as tf

    x, _ = data()
    teacher = classifier(MixUp(1.0))
    dataset = tf.data.Dataset.from_tensor_slices(x).batch(4).map(teacher)
    np.testing.assert_allclose(next(iter(dataset)), to_numpy(teacher(x[:4])), rtol=1e-6)


# What compilers see.


def graphs_by_epoch(layer, monkeypatch, samples, epochs):
    """How many graphs `torch.compile` made of the steps by the end of each epoch."""
    import torch

    if importlib.util.find_spec("tensorflow"):
        importlib.import_module("tensorflow")  # Looking for it would break the graph.
    compile_for_real, graphs, counts = torch.compile, [], []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    model, loss = classifier(layer), SPARSE
    if not isinstance(layer, layers.Dropout):
        loss = MixupLoss(loss, layer, track=True)
    model.compile("sgd", loss, jit_compile=True)
    count = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: counts.append(len(graphs))
    )
    with monkeypatch.context() as patch, warnings.catch_warnings():
        patch.setattr(
            torch, "compile", lambda f, *_, **__: compile_for_real(f, backend=backend)
        )
        warnings.simplefilter("ignore")  # Of Dynamo, about Keras.
        fit(model, *data(samples), epochs=epochs, callbacks=[count])
    return counts


@pytest.mark.skipif(BACKEND != "torch", reason="of torch.compile")
def test_steps_are_compiled_no_more_often_than_dropout(monkeypatch):
    # The last batch of each epoch is smaller.
    dropout, *others = (
        graphs_by_epoch(layer, monkeypatch, samples=10, epochs=2)
        for layer in (
            layers.Dropout(0.5),
            MixUp(1.0),
            MixUp(num_samples=3),
            RandomChoice([AdaptiveMixUp("similarity"), CutMix(1.0)]),
        )
    )
    for mixup in others:
        assert 0 < mixup[0] <= dropout[0]
        assert mixup[0] == mixup[1]


@pytest.mark.skipif(BACKEND != "jax", reason="tracers leak on JAX alone")
@pytest.mark.parametrize("track", [False, True])
def test_no_tracer_outlives_a_step_of_fit(track):
    import jax

    mix = AdaptiveMixUp("inverse_loss")
    model = classifier(mix)
    model.compile("sgd", MixupLoss(SPARSE, mix, track=track))
    with jax.checking_leaks():
        assert np.isfinite(fit(model, *data(), epochs=1)["loss"]).all()


@pytest.mark.skipif(BACKEND != "jax", reason="tracers leak on JAX alone")
def test_means_are_not_tracked_in_a_step_that_does_not_pass_them():
    import jax

    mix = MixUp(1.0)
    model = classifier(mix)
    loss = MixupLoss(SPARSE, mix, track=True)
    x, y = data()

    def value(weights, state):
        return loss(y, model.stateless_call(weights, state, x, training=True)[0])

    groups = model.trainable_variables, model.non_trainable_variables
    with pytest.raises(ValueError, match="track=True.*stateless_compute_loss"):
        jax.jit(jax.grad(value))(*[[v.value for v in group] for group in groups])
    assert to_numpy(mix._channel.means.result()) == {}


@pytest.mark.skipif(BACKEND != "tensorflow", reason="of AutoGraph")
def test_autograph_has_nothing_to_say(caplog):
    import tensorflow as tf

    mix = MixUp(1.0)
    model, x = classifier(mix), data()[0]
    loss = MixupLoss(SPARSE, mix)

    @tf.function
    def step(x, y):
        return loss(y, model(x, training=True))

    logger = tf.get_logger()
    logger.addHandler(caplog.handler)
    try:
        step(*map(tf.constant, data()))
        tf.function(MixUp(1.0))(x, np.eye(20, dtype="float32"))
    finally:
        logger.removeHandler(caplog.handler)
    logging.getLogger("absl").removeHandler(caplog.handler)
    assert "AutoGraph" not in caplog.text


# Steps that are broken off.


@pytest.mark.parametrize("kind", [MixUp, lambda: AdaptiveMixUp("inverse_loss")])
def test_a_step_that_is_broken_off_does_not_stop_the_next(kind):
    x, y = data()
    mix = kind()
    model = classifier(mix)
    loss = MixupLoss(SPARSE, mix)
    values = []
    for broken_off in (False, True, False):
        before = broken_off or not values
        told = pytest.warns(UserWarning, match="If a step was broken off")
        with contextlib.nullcontext() if before else told:
            p = model(x, training=True)
        if not broken_off:
            values.append(float(ops.stop_gradient(loss(y, p))))
    assert np.isfinite(values).all()


def test_two_calls_in_a_step_warn_after_a_step_that_was_right():
    x, y = data()
    mix, dense = MixUp(1.0), head()
    loss = MixupLoss(SPARSE, mix)
    loss(y, dense(mix(x, training=True)))
    with pytest.warns(UserWarning, match="call the layer once a step"):
        mix(mix(x, training=True), training=True)


# Names.


def test_a_name_that_two_layers_have_is_an_error():
    first, second = MixUp(name="twin"), MixUp(name="twin")
    with pytest.raises(ValueError, match="There are 2 layers named 'twin'"):
        MixupLoss(SPARSE, "twin")
    assert first.name == second.name
    del first
    gc.collect()
    loss = MixupLoss(SPARSE, "twin")
    second(CODES, training=True)
    assert float(loss(np.zeros(6, int), ops.ones((6, 2)) / 2)) > 0
    with pytest.raises(ValueError, match="must have 6 samples"):
        loss(np.zeros(5, int), ops.ones((5, 2)) / 2)


def test_a_loss_meets_the_layer_that_is_made_after_it():
    loss = MixupLoss("mean_squared_error", "late", track=True)
    with pytest.raises(ValueError, match="no MixUp layer named 'late'"):
        loss(CODES, ops.convert_to_tensor(CODES))
    model = keras.Sequential([keras.Input((6,)), mix := FixedMixUp(name="late")])
    model.compile(loss=loss, **QUICK)
    model.add(layers.Dense(6))
    model.compile("sgd", loss, **QUICK)
    logs = fit(model, CODES, CODES, batch_size=6, epochs=1)
    assert logs["mixup_lam"] == pytest.approx([1 - fixed_plan(6)[1].mean()])
    assert mix.metrics != []


def test_a_loss_is_saved_under_the_name_that_its_layer_has(tmp_path):
    x, y = data()
    mix = MixUp(1.0, name="before", seed=1)
    model = compiled(classifier(mix), mix, **QUICK)
    mix.name = "after"
    assert model.loss.get_config()["mixup"] == "after"
    fit(model, x, y, epochs=1)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].name == "after"
    assert fit(loaded, x, y, epochs=1)["loss"] == pytest.approx(
        fit(model, x, y, epochs=1)["loss"], rel=1e-5
    )
