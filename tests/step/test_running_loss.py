"""`InverseLoss`: a λ that follows the training loss."""

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixupLoss
from keras_mixup import policies
from tests.models import BACKEND
from tests.models import QUICK
from tests.models import WAYS
from tests.models import PlanLog
from tests.models import Revealing
from tests.models import classifier
from tests.models import compiled
from tests.models import data
from tests.models import fit

DECAY = 0.75


class Losses(keras.callbacks.Callback):
    """The loss of each step, out of the means since the epoch began."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_epoch_begin(self, epoch, logs=None):
        self._sum = 0

    def on_train_batch_end(self, batch, logs=None):
        total = logs["loss"] * (batch + 1)
        self.values.append(total - self._sum)
        self._sum = total


def running_means(losses, decay=DECAY):
    """L before each step, and after the last."""
    means = [0.0]
    for t in range(1, len(losses) + 1):
        weights = decay ** np.arange(t)[::-1]
        means.append(np.sum(weights * losses[:t]) / np.sum(weights))
    return np.array(means)


def inverse(fold=False, decay=DECAY, **kwargs):
    # Each sample meets another, so that its share is not that of a sample by itself.
    return AdaptiveMixUp(
        policies.InverseLoss(decay), fold=fold, pairing="roll", **kwargs
    )


def train(model, epochs=2, **kwargs):
    """The λ and the loss of each step."""
    x, y = data()
    plans, losses = PlanLog(), Losses()
    fit(model, x, y, epochs=epochs, callbacks=[plans, losses], **kwargs)
    for _, share in plans.plans:
        assert np.ptp(share) == 0
    return np.array([1 - share[0] for _, share in plans.plans]), losses.values


@pytest.mark.parametrize("name", [name for name in WAYS if name != "steps"])
def test_lam_is_that_of_the_losses_of_the_steps_before(name):
    mix = inverse()
    model = compiled(classifier(mix, Revealing), mix, **WAYS[name])
    lam, losses = train(model)
    assert len(lam) == 10
    np.testing.assert_allclose(lam, 1 / (1 + running_means(losses)[:-1]), rtol=1e-5)
    assert lam[0] == 1
    assert np.ptp(lam[1:]) > 0.01


def test_a_folded_lam_is_that_of_the_row_that_dominates():
    mix = inverse(fold=True)
    model = compiled(classifier(mix, Revealing), mix, **QUICK)
    lam, losses = train(model)
    raw = 1 / (1 + running_means(losses)[:-1])
    np.testing.assert_allclose(lam, np.maximum(raw, 1 - raw), rtol=1e-5)


@pytest.mark.parametrize("suffix", ["keras", "weights.h5"])
def test_it_goes_on_after_loading(suffix, tmp_path):
    mix = inverse(name="inverse")
    model = compiled(classifier(mix, Revealing), mix, **QUICK)
    _, before = train(model)
    path = str(tmp_path / f"model.{suffix}")
    if suffix == "keras":
        model.save(path)
        custom = {"Revealing": Revealing}
        loaded = keras.saving.load_model(path, custom_objects=custom)
    else:
        model.save_weights(path)
        mix = inverse(name="other")
        loaded = compiled(classifier(mix, Revealing), mix, **QUICK)
        loaded.load_weights(path)
    lam, after = train(loaded, epochs=1)
    means = running_means([*before, *after])[len(before) : -1]
    np.testing.assert_allclose(lam, 1 / (1 + means), rtol=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight"])
def test_it_is_the_mean_over_rows_whatever_weights_and_reduction(reduction):
    x, y = data()
    mix = inverse()
    model = classifier(mix, Revealing)
    start = model.get_weights()
    base = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    model.compile(keras.optimizers.SGD(0.0), MixupLoss(base, mix), **QUICK)
    weight = np.random.default_rng(1).random(20)
    plans = PlanLog()
    fit(model, x, y, epochs=1, callbacks=[plans], sample_weight=weight)
    lam = np.array([1 - share[0] for _, share in plans.plans])

    mix = inverse()
    model = compiled(classifier(mix, Revealing), mix, learning_rate=0.0, **QUICK)
    model.set_weights(start)
    np.testing.assert_allclose(lam, train(model, epochs=1)[0], rtol=1e-5)


def test_evaluation_and_prediction_do_not_feed_it():
    x, y = data()
    mix = inverse()
    model = compiled(classifier(mix, Revealing), mix, **QUICK)
    train(model, epochs=1)
    before = keras.ops.convert_to_numpy(mix._channel.running_loss.value)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model(x)
    assert keras.ops.convert_to_numpy(mix._channel.running_loss.value) == before > 0


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_is_kept_in_float32(policy):
    keras.config.set_dtype_policy(policy)
    try:
        mix = inverse(decay=0.999)
        model = compiled(classifier(mix), mix, **QUICK)
        fit(model, *data(), epochs=2)
    finally:
        keras.config.set_dtype_policy("float32")
    running = mix._channel.running_loss
    assert running._total.dtype == running._weight.dtype == "float32"
    weight = keras.ops.convert_to_numpy(running._weight)
    np.testing.assert_allclose(weight, 1 - 0.999**10, rtol=1e-4)


def test_a_loss_that_is_not_finite_is_left_out():
    running = inverse()._channel.running_loss
    for loss in (2.0, np.nan, np.inf, 4.0):
        running.update(keras.ops.convert_to_tensor(loss))
    expected = (4 + DECAY * 2) / (1 + DECAY)
    assert keras.ops.convert_to_numpy(running.value) == pytest.approx(expected)


def test_a_function_sees_the_running_loss():
    seen = AdaptiveMixUp(
        lambda distance, loss: 1 / (1 + loss), fold=False, pairing="roll"
    )
    model = compiled(classifier(seen, Revealing), seen, **QUICK)
    lam, losses = train(model)
    means = running_means(losses, decay=0.9)[:-1]
    np.testing.assert_allclose(lam, 1 / (1 + means), rtol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_every_layer_that_a_loss_reads_is_fed(layers):
    mixes = [inverse(name=f"mix_{i}") for i in range(layers)]
    plain = AdaptiveMixUp()
    head = keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.Input((4,)), *mixes, plain, head])
    loss = MixupLoss("sparse_categorical_crossentropy", [*mixes, plain])
    model.compile("sgd", loss, **QUICK)
    fit(model, *data(), epochs=1)
    values = [
        keras.ops.convert_to_numpy(mix._channel.running_loss.value) for mix in mixes
    ]
    assert len(set(map(float, values))) == 1
    assert values[0] > 0
    assert plain._channel.running_loss is None


@pytest.mark.parametrize("name", WAYS)
def test_without_a_mixup_loss_training_is_refused(name):
    model = classifier(inverse(name="lonely"))
    model.compile("sgd", "sparse_categorical_crossentropy", **WAYS[name])
    with pytest.raises(ValueError, match="'lonely' looks at the training loss.*feeds"):
        fit(model, *data())


@pytest.mark.skipif(BACKEND != "jax", reason="tracers leak on JAX alone")
def test_a_compiled_step_that_does_not_pass_the_state_says_so():
    import jax

    mix = inverse()
    model = classifier(mix)
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    x, y = data()

    @jax.jit
    def step(trainable, state, x, y):
        y_pred, state = model.stateless_call(trainable, state, x, training=True)
        return loss(y, y_pred)

    with pytest.raises(ValueError, match="stateless_compute_loss"):
        step(
            [v.value for v in model.trainable_variables],
            [v.value for v in model.non_trainable_variables],
            x,
            y,
        )
    assert keras.ops.convert_to_numpy(mix._channel.running_loss.value) == 0
