import functools
import logging

import keras
import numpy as np
import pytest
from keras import callbacks
from keras import ops
from keras.optimizers import schedules
from scipy import integrate
from scipy import special

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import MixupScheduler
from keras_mixup import RandomChoice
from tests.models import BACKEND
from tests.models import COMPILED
from tests.models import QUICK
from tests.models import WAYS
from tests.models import classifier
from tests.models import data
from tests.models import fit
from tests.models import kernel_of

close = functools.partial(np.testing.assert_allclose, atol=1e-6)


class Telling(MixUp):
    """A layer whose shares tell its parameters: each is α·prob / 2."""

    def draw_plan(self, x, alpha, prob, **_):
        rows = ops.arange(ops.shape(x)[0], dtype="int32")
        return MixPlan(rows, ops.zeros_like(x[:, 0]) + alpha * prob / 2)


def told(history):
    """The mean of α·prob over the steps of each epoch."""
    return 2 * (1 - np.array(history["mixup_lam"]))


def tracked(mix, optimizer="sgd", **way):
    model = classifier(mix)
    loss = MixupLoss("sparse_categorical_crossentropy", mix, track=True)
    model.compile(optimizer, loss, **way)
    return model


# By the epoch.


@pytest.mark.parametrize("name", WAYS)
def test_steps_heed_what_is_set_as_their_epoch_begins(name):
    values = [0.1, 0.7, 0.0, 1.0, 0.4]
    mix = Telling()
    model = tracked(mix, **WAYS[name])
    run = functools.partial(
        fit, model, *data(), callbacks=[MixupScheduler(mix, values.__getitem__)]
    )
    close(told(run(epochs=2)), values[:2])
    assert mix.alpha == 0.7
    close(told(run(epochs=5, initial_epoch=2)), values[2:])
    assert (mix.alpha, mix.prob) == (0.4, 1.0)


def test_a_schedule_of_prob_leaves_alpha_alone():
    # A schedule may return what counts as a number in its library.
    values = [0.0, np.float32(0.3), np.int64(1), ops.convert_to_tensor(0.6)]
    mix = Telling(alpha=1.0)
    scheduler = MixupScheduler(mix, values.__getitem__, parameter="prob")
    history = fit(tracked(mix, **QUICK), *data(), epochs=4, callbacks=[scheduler])
    close(told(history), [0.0, 0.3, 1.0, 0.6])
    assert (mix.alpha, mix.prob) == (1.0, 0.6)


def test_early_stopping_restores_the_parameter_of_the_best_epoch():
    x, y = data()
    values, kernels = [0.5, 0.25, 1.0, 0.75], []
    mix = Telling()
    # Uphill, so that the first epoch is the best.
    model = tracked(mix, keras.optimizers.SGD(-0.1), **QUICK)

    def note(epoch, logs):
        kernels.append(kernel_of(model))

    stop = callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    scheduler = MixupScheduler(mix, values.__getitem__)
    run = functools.partial(fit, model, x, y, epochs=4, validation_data=(x, y))
    noting = callbacks.LambdaCallback(on_epoch_end=note)
    close(told(run(callbacks=[noting, stop, scheduler])), values[:3])
    assert (kernel_of(model) == kernels[0]).all()
    assert (kernel_of(model) != kernels[2]).any()
    assert mix.alpha == 0.5
    close(told(run(callbacks=[scheduler], initial_epoch=3)), values[3:])


# By the step.


class Noting(schedules.PolynomialDecay):
    """Falls from 0.4 by 0.02 a step, and notes the steps it is asked for."""

    def __init__(self):
        super().__init__(0.4, decay_steps=20, end_learning_rate=0.0)
        self.steps = []

    def __call__(self, step):
        self.steps.append(int(ops.convert_to_numpy(step)))
        return super().__call__(step)


@pytest.mark.parametrize("name", WAYS)
def test_the_steps_of_a_keras_schedule_go_on_over_epochs_and_fits(name):
    mix, schedule = Telling(), Noting()
    model = tracked(mix, **WAYS[name])
    scheduler = [MixupScheduler(mix, schedule)]
    first = fit(model, *data(), epochs=2, callbacks=scheduler)
    second = fit(model, *data(), epochs=4, initial_epoch=2, callbacks=scheduler)
    # Four steps an execution share what the first of them was given.
    held = [0, 0, 0, 0, 4] if name == "steps" else [0, 1, 2, 3, 4]
    steps = np.add.outer([0, 5, 10, 15], held)
    assert schedule.steps == np.unique(steps).tolist()
    means = np.mean(0.4 - 0.02 * steps, axis=1)
    close(np.concatenate([told(first), told(second)]), means)


@pytest.mark.parametrize("wrap", [lambda it: it, keras.optimizers.LossScaleOptimizer])
def test_steps_that_accumulate_gradients_count_one_by_one(wrap):
    mix, schedule = Telling(), Noting()
    optimizer = wrap(keras.optimizers.SGD(0.1, gradient_accumulation_steps=3))
    scheduler = [MixupScheduler(mix, schedule)]
    fit(tracked(mix, optimizer, **QUICK), *data(), epochs=4, callbacks=scheduler)
    assert schedule.steps == list(range(20))


# The distribution of λ.

ALPHAS = [1.0, 0.2, 0.0, 4.0, 0.5]


def mean_and_spread(alpha):
    """The mean and the standard deviation of max(λ, 1 − λ), λ from Beta(α, α)."""
    if alpha == 0:
        return 1.0, 0.0
    # (λ(1 − λ))^α / 2α is an antiderivative of (½ − λ)·(λ(1 − λ))^(α − 1).
    offset = 1 / (4**alpha * alpha * special.beta(alpha, alpha))
    return 0.5 + offset, np.sqrt(1 / (8 * alpha + 4) - offset**2)


@pytest.mark.parametrize("alpha", [alpha for alpha in ALPHAS if alpha])
def test_the_mean_and_the_spread_are_integrals(alpha):
    def moment(power):
        def half(lam):
            return 2 * (1 - lam) ** (power + alpha - 1) / special.beta(alpha, alpha)

        return integrate.quad(half, 0, 0.5, weight="alg", wvar=(alpha - 1, 0))[0]

    mean, spread = mean_and_spread(alpha)
    assert moment(0) == pytest.approx(1)
    assert mean == pytest.approx(moment(1))
    assert spread**2 == pytest.approx(moment(2) - moment(1) ** 2)


def check_law(means, rows):
    """The mean over the samples of each epoch is within five standard errors."""
    for mean, alpha in zip(means, ALPHAS, strict=True):
        expected, spread = mean_and_spread(alpha)
        assert abs(mean - expected) <= 5 * spread / rows**0.5 + 1e-6


class Counting(MixUp):
    """Counts its calls, of which a compiled step makes one a trace."""

    calls = 0

    def call(self, x, training=None):
        self.calls += 1
        return super().call(x, training=training)


@pytest.mark.parametrize("plain", [False, True])
def test_lam_follows_alpha_without_a_retrace(plain, caplog):
    mix = Counting(seed=1)
    model = tracked(mix, **COMPILED)
    counts = []

    def assign(epoch, logs):
        mix.alpha = ALPHAS[epoch]

    def count(epoch, logs):
        # JAX says so in its log.
        steps = [m for m in caplog.messages if "Compiling" in m and "train_step" in m]
        counts.append((mix.calls, len(steps)))

    setter = MixupScheduler(mix, ALPHAS.__getitem__)
    if plain:
        setter = callbacks.LambdaCallback(on_epoch_begin=assign)
    counter = callbacks.LambdaCallback(on_epoch_end=count)
    run = functools.partial(fit, model, *data(4096), 1024, 5)
    if BACKEND == "jax":
        import jax

        with caplog.at_level(logging.WARNING), jax.log_compiles():
            history = run(callbacks=[setter, counter])
        assert counts[0][1] > 0
    else:
        history = run(callbacks=[setter, counter])
    check_law(history["mixup_lam"], 4096)
    if BACKEND != "torch":
        assert counts == counts[:1] * 5


def dominant(y_true, y_pred):
    return ops.max(y_true, axis=-1)


def as_dataset(mix, x, y):
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(256).map(mix)
    next(iter(dataset))
    return dataset


def as_numpy(mix, x, y):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(x) // 256

        def __getitem__(self, index):
            return mix(*(part[256 * index : 256 * (index + 1)] for part in (x, y)))

    return Batches()


@pytest.mark.parametrize("source", [as_dataset, as_numpy])
def test_a_pipeline_that_is_built_follows_alpha(source):
    # No sample of a batch is its own partner, nor of the class of another.
    mix = MixUp(pairing="derangement", seed=1)
    labels = np.tile(np.eye(256, dtype="float32"), (8, 1))
    pipeline = source(mix, data(2048)[0], labels)
    model = keras.Sequential([keras.layers.Dense(256, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[dominant], **QUICK)
    scheduler = MixupScheduler(mix, ALPHAS.__getitem__)
    history = model.fit(
        pipeline, epochs=5, shuffle=False, verbose=0, callbacks=[scheduler]
    )
    check_law(history.history["dominant"], 2048)


def test_an_adaptive_layer_is_scheduled_too():
    mix = AdaptiveMixUp("similarity")
    scheduler = MixupScheduler(mix, [0.0, 1.0].__getitem__)
    history = fit(tracked(mix, **QUICK), *data(), epochs=2, callbacks=[scheduler])
    assert history["mixup_lam"][0] == 1 > 0.95 > history["mixup_lam"][1]


# Bad input.


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        ("alpha", -1, ValueError),
        ("alpha", np.float32("nan"), ValueError),
        ("alpha", "0.4", TypeError),
        ("alpha", None, TypeError),
        ("prob", 1.5, ValueError),
    ],
)
def test_a_schedule_of_bad_values_is_refused(parameter, value, error):
    mix = Telling()
    scheduler = MixupScheduler(mix, lambda epoch: value, parameter)
    with pytest.raises(error, match=f"`{parameter}` must be .* Received: {parameter}="):
        fit(tracked(mix, run_eagerly=True), *data(), callbacks=[scheduler])
    assert (mix.alpha, mix.prob) == (0.2, 1.0)


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("parameter", "gamma", ValueError),
        ("parameter", "seed", ValueError),
        ("mixup", keras.layers.Dense(1), TypeError),
        ("mixup", "mix_up", TypeError),
        ("schedule", 3, TypeError),
    ],
)
def test_a_bad_argument_is_named(name, value, error):
    arguments = {"mixup": MixUp(), "schedule": float, name: value}
    with pytest.raises(error, match=f"`{name}` must be .* Received: {name}="):
        MixupScheduler(**arguments)


@pytest.mark.parametrize(
    ("mix", "parameter", "found"),
    [
        (RandomChoice([MixUp()], name="mix"), "alpha", "'prob', 'probabilities'"),
        (MixUp(name="mix"), "probabilities", "'alpha', 'prob'"),
    ],
)
def test_parameters_that_a_layer_has_are_named(mix, parameter, found):
    message = rf"must be one of \[{found}\] .*='{parameter}' with the layer 'mix'$"
    with pytest.raises(ValueError, match=message):
        MixupScheduler(mix, float, parameter)
