import functools
import shutil
import warnings

import keras
import numpy as np
import pytest
from keras import layers
from keras import ops

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.models import BACKEND
from tests.models import CLASSES
from tests.models import COMPILED
from tests.models import FEATURES
from tests.models import WAYS
from tests.models import FixedMixUp
from tests.models import PlanLog
from tests.models import Revealing
from tests.models import classifier
from tests.models import compiled
from tests.models import crossentropy
from tests.models import data
from tests.models import fit
from tests.models import fit_by_hand
from tests.models import fixed_plan
from tests.models import kernel_of
from tests.models import mixed
from tests.models import pair_loss
from tests.models import softmax
from tests.models import squared_error

close = functools.partial(np.testing.assert_allclose, rtol=1e-5)


@pytest.fixture(params=WAYS)
def way(request):
    """The arguments of `compile` that make `fit` run in one of its ways."""
    return WAYS[request.param]


@pytest.fixture
def policy(request):
    """A global dtype policy, for one test."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


def first_logs(model, x, y, **kwargs):
    """What the first step reports: losses of the weights that the model had."""
    return model.train_on_batch(x, y, return_dict=True, **kwargs)


def values(tensor):
    return ops.convert_to_numpy(tensor)


# Training, step by step.


def test_training_follows_the_pair_loss_by_hand(way):
    x, y = data(22)  # The last batch has two samples.
    mix = FixedMixUp()
    model = compiled(classifier(mix), mix, **way)
    losses, kernel = fit_by_hand(kernel_of(model), x, y)
    close(fit(model, x, y)["loss"], losses)
    close(kernel_of(model), kernel, atol=1e-6)


def check_drawn_plans(mix, x, y, rtol=1e-5, **way):
    model = compiled(classifier(mix, Revealing), mix, **way)
    if isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer):
        # Keras begins with 2¹⁵, which overflows float16 and skips steps.
        model.optimizer.initial_scale = 2.0**8
    kernel, log = kernel_of(model), PlanLog()
    history = fit(model, x, y, callbacks=[log])
    plans = iter(log.plans)
    losses, kernel = fit_by_hand(kernel, x, y, plan=lambda size: next(plans))
    close(history["loss"], losses, rtol=rtol)
    close(kernel_of(model), kernel, rtol=10 * rtol, atol=rtol)
    return np.array([share for _, share in log.plans])


# The logs of several steps an execution are those of the last.
@pytest.mark.parametrize("name", [name for name in WAYS if name != "steps"])
def test_training_follows_the_plans_that_are_drawn(name):
    x, y = data()
    shares = check_drawn_plans(MixUp(alpha=1.0, prob=0.8), x, y, **WAYS[name])
    assert 0.05 < np.mean(shares == 0) < 0.45
    assert len(np.unique(shares[shares > 0])) == np.sum(shares > 0)


def test_one_share_a_batch_is_followed_too():
    x, y = data()
    mix = MixUp(alpha=1.0, per_sample=False)
    shares = check_drawn_plans(mix, x, y, **COMPILED)
    assert len(np.unique(shares)) == len(shares)
    assert (shares == shares[:, :1]).all()


def test_an_eager_step_is_that_of_the_plan_that_the_layer_shows():
    x, y = data(4)
    mix = MixUp(alpha=1.0)
    model = compiled(classifier(mix), mix, run_eagerly=True)
    kernel = kernel_of(model)
    loss = first_logs(model, x, y)["loss"]
    plan = [values(part) for part in mix.plan[:2]]
    close(loss, pair_loss(y, softmax(mixed(x, *plan) @ kernel), *plan))
    assert plan[1].min() < plan[1].max()


def test_validation_sees_the_plain_loss(way):
    x, y = data()
    mix = FixedMixUp()
    model = compiled(classifier(mix), mix, metrics=["accuracy"], **way)
    history = fit(model, x, y, epochs=2, validation_data=(x[:8], y[:8]))
    p = softmax(x[:8] @ kernel_of(model))
    plain = np.mean(crossentropy(y[:8], p))
    accuracy = np.mean(p.argmax(axis=-1) == y[:8])
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    close([history["val_loss"][-1], history["val_accuracy"][-1]], [plain, accuracy])
    close(model.evaluate(x[:8], y[:8], 4, verbose=0), [plain, accuracy])


@pytest.mark.parametrize("kind", ["sample_weight", "class_weight"])
def test_weights_count_for_their_own_rows(kind):
    x, y = data(22)
    by_class = {0: 0.5, 1: 3.0, 2: 1.0}
    if kind == "class_weight":
        given, weight = by_class, np.array([by_class[c] for c in y])
    else:
        given = weight = np.random.default_rng(1).integers(0, 4, len(x)) / 2
    mix = FixedMixUp()
    model = compiled(classifier(mix), mix, **COMPILED)
    losses, kernel = fit_by_hand(kernel_of(model), x, y, weight=weight)
    close(fit(model, x, y, **{kind: given})["loss"], losses)
    close(kernel_of(model), kernel, atol=1e-6)


def test_accumulated_gradients_are_those_of_the_pair_loss():
    x, y = data()
    mix = FixedMixUp()
    model = classifier(mix)
    optimizer = keras.optimizers.SGD(0.5, gradient_accumulation_steps=3)
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile(optimizer, loss, **COMPILED)
    losses, kernel = fit_by_hand(kernel_of(model), x, y, accumulate=3)
    close(fit(model, x, y)["loss"], losses)
    close(kernel_of(model), kernel, atol=1e-6)


# The activations have 11 bits in float16 and 8 in bfloat16.
@pytest.mark.parametrize(
    ("policy", "rtol"),
    [("mixed_float16", 2e-3), ("mixed_bfloat16", 1e-2)],
    indirect=["policy"],
)
def test_mixed_precision_follows_plans_of_full_precision(policy, rtol):
    x, y = data()
    shares = check_drawn_plans(MixUp(alpha=1.0), x, y, rtol, **COMPILED)
    # Neither half type has the last 13 bits of a float32.
    assert (np.float32(shares).view("int32") % 2**13 > 0).mean() > 0.9


@pytest.mark.skipif(
    BACKEND != "torch" or not any(map(shutil.which, ["c++", "g++", "clang++"])),
    reason="torch.compile needs torch and a C++ compiler",
)
# Dynamo warns of what it meets in Keras and in torch.
@pytest.mark.filterwarnings("ignore", "error:The layer")
def test_torch_compile_follows_the_plans_that_are_drawn():
    x, y = data(8)
    shares = check_drawn_plans(MixUp(alpha=1.0), x, y, jit_compile=True)
    assert len(np.unique(shares)) == shares.size


# Models of every kind.


class Subclassed(keras.Model):
    def __init__(self, mix):
        super().__init__()
        self.mix = mix
        self.head = layers.Dense(CLASSES, activation="softmax", use_bias=False)

    def call(self, x, training=None):
        if self.mix is not None:
            x = self.mix(x, training=training)
        return self.head(x)


class WithoutTrainingArgument(Subclassed):
    def call(self, x):
        return self.head(x if self.mix is None else self.mix(x))


def functional(mix):
    x = inputs = keras.Input((FEATURES,))
    if mix is not None:
        x = mix(x)
    head = layers.Dense(CLASSES, activation="softmax", use_bias=False)
    return keras.Model(inputs, head(x))


def built(kind, mix):
    model = kind(mix)
    model(np.zeros((2, FEATURES), "float32"))
    return model


KINDS = [classifier, functional, Subclassed, WithoutTrainingArgument]


@pytest.mark.parametrize("kind", [functional, Subclassed])
def test_other_kinds_of_models_follow_the_pair_loss_by_hand(kind):
    x, y = data()
    mix = FixedMixUp()
    model = compiled(built(kind, mix), mix, **COMPILED)
    losses, kernel = fit_by_hand(kernel_of(model), x, y)
    close(fit(model, x, y)["loss"], losses)
    close(kernel_of(model), kernel, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_outside_training_a_model_is_the_one_without_the_layer(kind):
    x, y = data()
    mix = MixUp(alpha=1.0)
    model = compiled(built(kind, mix), mix, **COMPILED)
    twin = built(kind, None)
    twin.compile(loss="sparse_categorical_crossentropy", **COMPILED)

    def check_equal():
        # A copy: on JAX the next step of `model` gives its own array away.
        twin.layers[-1].kernel.assign(kernel_of(model))
        for method in ("predict", "__call__"):
            args = {"verbose": 0} if method == "predict" else {}
            ours, theirs = (getattr(m, method)(x, **args) for m in (model, twin))
            np.testing.assert_array_equal(values(ours), values(theirs))
        ours, theirs = (m.evaluate(x, y, verbose=0) for m in (model, twin))
        assert ours == theirs
        ours = model.loss(y, model(x))
        assert values(ours) == values(model.loss.loss(y, twin(x)))

    check_equal()
    if kind is WithoutTrainingArgument:
        with pytest.warns(UserWarning, match="has mixed nothing so far"):
            fit(model, x, y, batch_size=len(x), epochs=1)
        check_equal()
        return
    fit(model, x, y, batch_size=len(x), epochs=1)
    check_equal()
    model.train_on_batch(x, y)
    check_equal()


def test_a_model_without_a_training_argument_trains_without_the_layer():
    # Keras tells such a model nothing about training: Dropout idles there too.
    x, y = data()
    mix = FixedMixUp()
    model = compiled(built(WithoutTrainingArgument, mix), mix, **COMPILED)
    twin = built(WithoutTrainingArgument, None)
    twin.head.kernel.assign(kernel_of(model))
    twin.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    with pytest.warns(UserWarning, match="has mixed nothing so far"):
        ours = fit(model, x, y)["loss"]
    close(ours, fit(twin, x, y)["loss"], rtol=1e-6)


def test_hidden_activations_are_mixed_between_layers():
    x, y = data()
    mix = FixedMixUp()
    hidden, head = layers.Dense(5, "tanh"), layers.Dense(CLASSES, "softmax")
    model = keras.Sequential([keras.Input((FEATURES,)), hidden, mix, head])
    compiled(model, mix, **COMPILED)
    plan = fixed_plan(len(x))
    p = values(head(mixed(values(hidden(x)), *plan).astype("float32")))
    close(first_logs(model, x, y)["loss"], pair_loss(y, p, *plan))


def test_a_layer_in_a_nested_model_is_found():
    x, y = data()
    mix = FixedMixUp()
    inner = keras.Sequential([keras.Input((FEATURES,)), mix, layers.Dense(5)])
    inputs, head = keras.Input((FEATURES,)), layers.Dense(CLASSES, "softmax")
    model = compiled(keras.Model(inputs, head(inner(inputs))), mix, **COMPILED)
    plan = fixed_plan(len(x))
    p = values(model(mixed(x, *plan).astype("float32")))
    close(first_logs(model, x, y)["loss"], pair_loss(y, p, *plan))


def test_several_inputs_of_one_layer_are_mixed_alike():
    x, y = data()
    mix = FixedMixUp()
    inputs = {"a": keras.Input((2,), name="a"), "b": keras.Input((2,), name="b")}
    joined = layers.Concatenate()(list(mix(inputs).values()))
    head = layers.Dense(CLASSES, activation="softmax", use_bias=False)
    model = compiled(keras.Model(inputs, head(joined)), mix, **COMPILED)
    plan = fixed_plan(len(x))
    p = softmax(mixed(x, *plan) @ kernel_of(model))
    parts = {"a": x[:, :2], "b": x[:, 2:]}
    close(first_logs(model, parts, y)["loss"], pair_loss(y, p, *plan))


class Reading(keras.Model):
    """Averages the embeddings of the tokens that are not padding."""

    def __init__(self, mix):
        super().__init__()
        self.stages = [
            layers.Embedding(4, 5, mask_zero=True),
            mix,
            layers.GlobalAveragePooling1D(),
            layers.Dense(CLASSES, "softmax"),
        ]

    def call(self, x, training=None):
        embed, mix, pool, head = self.stages
        return head(pool(mix(embed(x), training=training)))


def reading_sequential(mix):
    return keras.Sequential([keras.Input((4,)), *Reading(mix).stages])


@pytest.mark.parametrize("kind", [Reading, reading_sequential])
def test_a_mixed_row_is_valid_where_either_of_its_rows_is(kind):
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [2, 2, 1, 0]])
    y = np.array([0, 1, 2])
    mix = FixedMixUp()
    model = compiled(kind(mix), mix, **COMPILED)
    model(tokens)
    embed, _, _, head = model.stages if kind is Reading else model.layers
    rows, _ = plan = fixed_plan(3)
    valid = (tokens != 0) | (tokens[rows] != 0)
    sums = (mixed(values(embed(tokens)), *plan) * valid[..., None]).sum(axis=1)
    p = values(head((sums / valid.sum(1, keepdims=True)).astype("float32")))
    close(first_logs(model, tokens, y)["loss"], pair_loss(y, p, *plan))


# Several outputs, several layers.


def test_two_outputs_have_a_loss_each_on_one_layer():
    x, y = data()
    target = np.random.default_rng(2).normal(size=(len(x), 2)).astype("float32")
    mix = FixedMixUp()
    inputs = keras.Input((FEATURES,))
    shared = mix(inputs)
    outputs = {
        "kind": layers.Dense(CLASSES, "softmax", name="kind")(shared),
        "size": layers.Dense(2, name="size")(shared),
    }
    model = keras.Model(inputs, outputs)
    losses = {
        "kind": MixupLoss("sparse_categorical_crossentropy", mix),
        "size": MixupLoss("mean_squared_error", mix),
    }
    weights = {"kind": 1.0, "size": 0.5}
    model.compile("sgd", losses, loss_weights=weights, **COMPILED)
    plan = fixed_plan(len(x))
    p = {k: values(v) for k, v in model(mixed(x, *plan).astype("float32")).items()}
    logs = first_logs(model, x, {"kind": y, "size": target})
    kind = pair_loss(y, p["kind"], *plan)
    size = pair_loss(target, p["size"], *plan, squared_error)
    close(logs["kind_loss"], kind)
    close(logs["size_loss"], size)
    close(logs["loss"], kind + 0.5 * size)


def test_two_layers_on_one_path_make_four_terms():
    x, _ = data()
    y = np.random.default_rng(2).normal(size=(len(x), 2)).astype("float32")
    first, second = FixedMixUp(1), FixedMixUp(2)
    hidden, head = layers.Dense(5, "tanh"), layers.Dense(2)
    model = keras.Sequential([keras.Input((FEATURES,)), first, hidden, second, head])
    loss = MixupLoss("mean_squared_error", [first, second])
    model.compile("sgd", loss, **COMPILED)

    (rows1, share1), (rows2, share2) = plans = fixed_plan(20, 1), fixed_plan(20, 2)
    features = values(hidden(mixed(x, *plans[0]).astype("float32")))
    p = values(head(mixed(features, *plans[1]).astype("float32")))
    terms = [
        ((1 - share2) * (1 - share1), y),
        ((1 - share2) * share1, y[rows1]),
        (share2 * (1 - share1[rows2]), y[rows2]),
        (share2 * share1[rows2], y[rows1[rows2]]),
    ]
    # Squared errors, so that the labels of the four samples cannot be blended.
    by_hand = np.mean(sum(w * squared_error(labels, p) for w, labels in terms))
    close(first_logs(model, x, y)["loss"], by_hand)


def test_two_layers_on_one_path_equal_labels_mixed_twice():
    x, y = data(4)
    first, second = MixUp(alpha=1.0), MixUp(alpha=1.0)
    head = layers.Dense(CLASSES, "softmax")
    model = keras.Sequential([keras.Input((FEATURES,)), first, second, head])
    compiled(model, [first, second], run_eagerly=True, learning_rate=0.0)
    loss = first_logs(model, x, y)["loss"]
    plans = [[values(part) for part in layer.plan[:2]] for layer in (first, second)]
    soft = np.eye(CLASSES)[y]
    for plan in plans:
        x, soft = mixed(x, *plan), mixed(soft, *plan)
    p = values(head(x.astype("float32")))
    close(loss, np.mean(np.sum(-soft * np.log(p), axis=-1)))


def test_two_branches_follow_their_own_layers():
    x, y = data()
    other_x, other_y = data(seed=1)
    mixes = {"a": FixedMixUp(1), "b": FixedMixUp(3)}
    inputs = {name: keras.Input((FEATURES,), name=name) for name in mixes}
    heads = {n: layers.Dense(CLASSES, "softmax", name=f"{n}_head") for n in mixes}
    outputs = {n: heads[n](mix(inputs[n])) for n, mix in mixes.items()}
    model = keras.Model(inputs, outputs)
    losses = {
        name: MixupLoss("sparse_categorical_crossentropy", mix)
        for name, mix in mixes.items()
    }
    model.compile("sgd", losses, **COMPILED)
    xs, ys = {"a": x, "b": other_x}, {"a": y, "b": other_y}
    by_hand = {}
    for name, mix in mixes.items():
        plan = fixed_plan(len(x), mix.step)
        p = values(heads[name](mixed(xs[name], *plan).astype("float32")))
        by_hand[name] = pair_loss(ys[name], p, *plan)
    logs = first_logs(model, xs, ys)
    close(logs["a_loss"], by_hand["a"])
    close(logs["b_loss"], by_hand["b"])
    close(logs["loss"], by_hand["a"] + by_hand["b"])


# Training that is not Keras's own.


class TensorFlowStep(keras.Sequential):
    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"step_loss": loss}


class JaxStep(keras.Sequential):
    def train_step(self, state, data):
        import jax

        trainable, rest, optimizer, metrics = state
        x, y = data

        def loss_and_state(trainable, rest):
            p, rest = self.stateless_call(trainable, rest, x, training=True)
            return self.compute_loss(x, y, p), rest

        step = jax.value_and_grad(loss_and_state, has_aux=True)
        (loss, rest), gradients = step(trainable, rest)
        trainable, optimizer = self.optimizer.stateless_apply(
            optimizer, gradients, trainable
        )
        return {"step_loss": loss}, (trainable, rest, optimizer, metrics)


class TorchStep(keras.Sequential):
    def train_step(self, data):
        import torch

        x, y = data
        self.zero_grad()
        loss = self.compute_loss(x, y, self(x, training=True))
        loss.backward()
        with torch.no_grad():
            gradients = [v.value.grad for v in self.trainable_weights]
            self.optimizer.apply(gradients, self.trainable_weights)
        return {"step_loss": loss}


CUSTOM_STEP = {"tensorflow": TensorFlowStep, "jax": JaxStep, "torch": TorchStep}


def test_a_custom_train_step_follows_the_pair_loss_by_hand():
    x, y = data()
    mix = FixedMixUp()
    model = compiled(classifier(mix, CUSTOM_STEP[BACKEND]), mix, **COMPILED)
    losses, kernel = fit_by_hand(kernel_of(model), x, y, batch_size=len(x))
    close(fit(model, x, y, batch_size=len(x))["step_loss"], losses)
    close(kernel_of(model), kernel, atol=1e-6)


def tensorflow_loop(model, loss_of, x, y, steps, jit):
    import tensorflow as tf

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        return loss

    if jit:
        model.optimizer.build(model.trainable_variables)
        step = tf.function(step, jit_compile=True)
    return [float(step(x, y)) for _ in range(steps)]


def jax_loop(model, loss_of, x, y, steps, jit):
    import jax

    def loss_and_state(trainable, rest, x, y):
        p, rest = model.stateless_call(trainable, rest, x, training=True)
        return loss_of(y, p), rest

    def step(trainable, rest, optimizer, x, y):
        (loss, rest), gradients = jax.value_and_grad(loss_and_state, has_aux=True)(
            trainable, rest, x, y
        )
        trainable, optimizer = model.optimizer.stateless_apply(
            optimizer, gradients, trainable
        )
        return loss, (trainable, rest, optimizer)

    if jit:
        step = jax.jit(step)
    model.optimizer.build(model.trainable_variables)
    parts = [
        model.trainable_variables,
        model.non_trainable_variables,
        model.optimizer.variables,
    ]
    state = [[v.value for v in variables] for variables in parts]
    losses = []
    for _ in range(steps):
        loss, state = step(*state, x, y)
        losses.append(float(loss))
    return losses


def torch_loop(model, loss_of, x, y, steps, jit):
    import torch

    losses = []
    for _ in range(steps):
        model.zero_grad()
        loss = loss_of(y, model(x, training=True))
        loss.backward()
        with torch.no_grad():
            gradients = [v.value.grad for v in model.trainable_variables]
            model.optimizer.apply(gradients, model.trainable_variables)
        losses.append(loss.item())
    return losses


LOOPS = {"tensorflow": tensorflow_loop, "jax": jax_loop, "torch": torch_loop}


@pytest.mark.parametrize("jit", [False, True] if BACKEND != "torch" else [False])
def test_a_custom_loop_follows_the_pair_loss_by_hand(jit):
    x, y = data()
    mix = FixedMixUp()
    model = compiled(classifier(mix), mix)
    losses, _ = fit_by_hand(kernel_of(model), x, y, batch_size=len(x))
    close(LOOPS[BACKEND](model, model.loss, x, y, 3, jit), losses)


# The warning that labels stay unmixed.


def recorded(function):
    """The texts of the warnings that `function` gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return [str(warning.message) for warning in caught]


def test_training_with_a_plain_loss_warns_once_and_names_the_layer(way):
    x, y = data()
    model = classifier(MixUp(name="my_mix"))
    model.compile("sgd", "sparse_categorical_crossentropy", **way)
    first_step = recorded(lambda: fit(model, x, y, batch_size=20, epochs=1))
    assert sum("The layer 'my_mix' mixed" in text for text in first_step) == 1
    later = recorded(lambda: fit(model, x, y, batch_size=20, epochs=2))
    assert not any("my_mix" in text for text in later)


def test_an_eager_loop_with_a_plain_loss_warns_in_its_second_step():
    x, y = data()
    model = compiled(classifier(MixUp(name="my_mix")), "my_mix")
    plain = model.loss.loss
    LOOPS[BACKEND](model, plain, x, y, 1, jit=False)
    with pytest.warns(UserWarning, match="'my_mix' mixed the inputs"):
        LOOPS[BACKEND](model, plain, x, y, 1, jit=False)


def test_the_layer_that_no_loss_reads_is_the_one_that_warns():
    x, y = data()
    first, second = MixUp(name="first_mix"), MixUp(name="second_mix")
    head = layers.Dense(CLASSES, "softmax")
    model = keras.Sequential([keras.Input((FEATURES,)), first, second, head])
    texts = recorded(lambda: fit(compiled(model, first, **COMPILED), x, y))
    assert [text.split("'")[1] for text in texts if "mix" in text] == ["second_mix"]


def test_a_layer_that_is_called_twice_a_step_warns():
    # The loss can only follow the plan of the second call.
    x, y = data()
    mix = MixUp(name="my_mix")
    inputs = keras.Input((FEATURES,))
    joined = layers.Concatenate()([mix(inputs), mix(inputs)])
    outputs = layers.Dense(CLASSES, "softmax")(joined)
    model = compiled(keras.Model(inputs, outputs), mix, **COMPILED)
    with pytest.warns(UserWarning, match="call the layer once a step"):
        fit(model, x, y)


def test_training_with_the_pair_loss_does_not_warn(way):
    x, y = data()
    mix = MixUp(name="my_mix")
    model = compiled(classifier(mix), mix, **way)
    texts = recorded(lambda: fit(model, x, y, epochs=2, validation_data=(x[:8], y[:8])))
    assert not any("my_mix" in text for text in texts)


def lazy_sequential(mix):
    return keras.Sequential([mix, layers.Dense(CLASSES, activation="softmax")])


@pytest.mark.parametrize("kind", [Subclassed, lazy_sequential])
def test_a_model_that_is_built_in_its_first_step_does_not_warn(kind):
    # Keras calls such a model once more, to build it, and no loss follows.
    x, y = data()
    mix = MixUp(name="my_mix")
    model = compiled(kind(mix), mix, **COMPILED)
    texts = recorded(lambda: fit(model, x, y, epochs=1))
    assert not any("my_mix" in text for text in texts)


@pytest.mark.parametrize("kind", [Subclassed, lazy_sequential])
def test_a_model_that_its_first_training_call_builds_does_not_warn(kind):
    x, y = data()
    mix = MixUp(name="my_mix")
    model = kind(mix)
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    texts = recorded(lambda: loss(y, model(x, training=True)))
    assert not any("my_mix" in text for text in texts)


def test_evaluation_and_prediction_with_a_plain_loss_do_not_warn():
    x, y = data()
    model = classifier(MixUp(name="my_mix"))
    model.compile("sgd", "sparse_categorical_crossentropy", **COMPILED)

    def run():
        model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)
        model(x)
        model(x)

    assert not any("my_mix" in text for text in recorded(run))
