import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import CleanProbability
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup.callbacks.beta_mixture import probability_of_the_lower
from tests import models


def two_laws(size=20_000, seed=0):
    rng = np.random.default_rng(seed)
    lower = rng.random(size) < 0.6
    laws = stats.beta(2, 8), stats.beta(7, 4)
    x = np.where(lower, *(law.rvs(size, random_state=rng) for law in laws))
    return x, lower, laws


def test_the_chances_are_those_of_the_laws_that_the_losses_came_from():
    x, _, laws = two_laws()
    densities = [share * law.pdf(x) for share, law in zip((0.6, 0.4), laws)]
    true = densities[0] / sum(densities)
    found = probability_of_the_lower(x)
    assert found.dtype == "float32"
    assert np.abs(found - true).mean() < 0.04


def test_of_those_with_a_chance_as_many_as_it_says_are_of_the_lower_law():
    x, lower, _ = two_laws()
    found = probability_of_the_lower(x)
    for low in np.arange(0, 1, 0.2):
        of_it = (found >= low) & (found <= low + 0.2)
        spread = 0.5 / np.sqrt(of_it.sum())
        assert abs(lower[of_it].mean() - found[of_it].mean()) < 0.03 + 3 * spread


def test_a_higher_loss_is_never_likelier_right():
    for seed in range(5):
        x = np.random.default_rng(seed).gamma(0.4, size=3000)
        found = probability_of_the_lower(x)[np.argsort(x)]
        assert np.diff(found).max() <= 0


def test_scale_and_place_of_the_losses_do_not_matter():
    x, *_ = two_laws(500)
    moved = probability_of_the_lower(40 + 7 * x)
    np.testing.assert_allclose(moved, probability_of_the_lower(x), atol=1e-4)


def test_losses_that_are_alike_say_nothing():
    np.testing.assert_array_equal(probability_of_the_lower(np.full(9, 0.7)), np.ones(9))


def noisy(size=400, wrong=0.3, seed=0):
    """Two clouds, and labels of which some are wrong."""
    rng = np.random.default_rng(seed)
    right = rng.integers(0, 2, size)
    x = rng.normal(size=(size, 4)) + 4 * right[:, None]
    is_wrong = rng.random(size) < wrong
    return x.astype("float32"), np.where(is_wrong, 1 - right, right), is_wrong


@pytest.mark.parametrize("way", models.WAYS)
@pytest.mark.parametrize("with_mixup", [False, True])
def test_it_compares_the_losses_of_unmixed_rows(way, with_mixup):
    x, y = models.data(60)
    mix = MixUp(1.0) if with_mixup else None
    model = models.classifier(mix)
    loss = "sparse_categorical_crossentropy"
    loss = MixupLoss(loss, mix) if with_mixup else loss
    model.compile(keras.optimizers.SGD(0.5), loss, **models.WAYS[way])
    clean = CleanProbability(x, y, warm_up=2)
    models.fit(model, x, y, epochs=2, callbacks=[clean])
    p = models.softmax(x @ models.kernel_of(model))
    by_hand = probability_of_the_lower(models.crossentropy(y, p))
    assert by_hand.std() > 0.2
    np.testing.assert_allclose(clean.probability, by_hand, atol=1e-3)


def test_all_are_right_until_the_warm_up_is_over():
    x, y = models.data(60)
    model = models.classifier(None)
    model.compile("sgd", "sparse_categorical_crossentropy", **models.QUICK)
    clean = CleanProbability(x, y, warm_up=3)
    array = clean.probability
    models.fit(model, x, y, epochs=2, callbacks=[clean])
    np.testing.assert_array_equal(array, np.ones(60))
    models.fit(model, x, y, epochs=3, initial_epoch=2, callbacks=[clean])
    assert array.min() < 0.9
    assert clean.probability is array


def test_the_training_goes_on_as_without_it():
    kernels = []
    for watched in (False, True):
        keras.utils.set_random_seed(3)
        x, y = models.data(60)
        mix = MixUp(1.0, seed=1)
        model = models.compiled(models.classifier(mix), mix, **models.COMPILED)
        callbacks = [CleanProbability(x, y, warm_up=1)] if watched else []
        models.fit(model, x, y, epochs=3, callbacks=callbacks)
        kernels.append(models.kernel_of(model))
    np.testing.assert_array_equal(*kernels)


def test_wrong_labels_are_found():
    x, y, wrong = noisy()
    # From the same start on every backend.
    head = keras.layers.Dense(2, "softmax", kernel_initializer="zeros")
    model = keras.Sequential([head])
    sgd = keras.optimizers.SGD(0.1)
    model.compile(sgd, "sparse_categorical_crossentropy", **models.QUICK)
    clean = CleanProbability(x, y, warm_up=10, batch_size=200)
    models.fit(model, x, y, batch_size=50, epochs=10, callbacks=[clean])
    chances = clean.probability[wrong], clean.probability[~wrong]
    assert np.mean(chances[0][:, None] < chances[1]) > 0.95
    assert chances[0].mean() < 0.3 < 0.7 < chances[1].mean()


class Batches(keras.utils.PyDataset):
    """Batches whose probabilities are those of the time at which they are made."""

    def __init__(self, x, y, clean):
        super().__init__()
        self.x, self.y, self.clean, self.seen = x, y, clean, []

    def __len__(self):
        return 2

    def __getitem__(self, index):
        rows = slice(30 * index, 30 * index + 30)
        chances = self.clean.probability[rows]
        self.seen.append(chances.copy())
        return {"samples": self.x[rows], "confidence": chances}, self.y[rows]


def test_batches_carry_the_chances_of_their_time():
    x, y = models.data(60)
    shapes = {"samples": (models.FEATURES,), "confidence": (1,)}
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    # Every input is used, as Keras 3.13 demands.
    joined = keras.layers.Concatenate()(list(inputs.values()))
    model = keras.Model(inputs, keras.layers.Dense(3, "softmax")(joined))
    model.compile("sgd", "sparse_categorical_crossentropy", **models.QUICK)
    data = {"samples": x, "confidence": np.ones(60, "float32")}
    clean = CleanProbability(data, y, warm_up=1)
    batches = Batches(x, y, clean)
    after = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: after.append(clean.probability.copy())
    )
    model.fit(batches, epochs=3, shuffle=False, verbose=0, callbacks=[clean, note])
    seen = np.stack(batches.seen)
    for chances in after[:-1]:
        # Some batches are made ahead, before an epoch is over.
        parts = [chances[:30], chances[30:]]
        assert any((batch == part).all() for batch in seen for part in parts)
    assert (seen < 0.9).any()


def test_a_loss_of_its_own():
    x, y = models.data(60)
    model = models.classifier(None)
    model.compile("sgd", "categorical_crossentropy", **models.QUICK)
    clean = CleanProbability(x, y, loss="sparse_categorical_crossentropy")
    clean.refresh(model)
    p = models.softmax(x @ models.kernel_of(model))
    by_hand = probability_of_the_lower(models.crossentropy(y, p))
    np.testing.assert_allclose(clean.probability, by_hand, atol=1e-3)


def test_one_number_for_all_rows_compares_none():
    x, y = models.data(60)
    model = models.classifier(None)
    model.compile("sgd", keras.losses.Dice())
    with pytest.raises(ValueError, match="one number for all samples"):
        CleanProbability(x, np.eye(3)[y]).refresh(model)


def test_a_model_without_a_loss():
    x, y = models.data(60)
    model = models.classifier(None)
    with pytest.raises(ValueError, match="no one loss"):
        CleanProbability(x, y).refresh(model)


def test_a_model_of_several_outputs():
    x, y = models.data(60)
    inputs = keras.Input((models.FEATURES,))
    outputs = [keras.layers.Dense(3)(inputs) for _ in range(2)]
    with pytest.raises(ValueError, match="one output.*with 2"):
        CleanProbability(x, y).refresh(keras.Model(inputs, outputs))


@pytest.mark.parametrize("form", ["dict", "list", "loss"])
def test_one_output_may_be_in_a_dict_or_a_list(form):
    x, y = models.data(60)
    inputs = keras.Input((models.FEATURES,))
    mix = MixUp(1.0)
    head = keras.layers.Dense(3, "softmax", use_bias=False, name="kind")
    outputs = head(mix(inputs))
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    outputs, labels, loss = {
        "dict": ({"kind": outputs}, {"kind": y}, {"kind": loss}),
        "list": ([outputs], [y], [loss]),
        "loss": ({"kind": outputs}, y, loss),
    }[form]
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.5), loss, **models.QUICK)
    clean = CleanProbability(x, labels, warm_up=2)
    models.fit(model, x, labels, epochs=2, callbacks=[clean])
    p = models.softmax(x @ models.kernel_of(model))
    by_hand = probability_of_the_lower(models.crossentropy(y, p))
    assert by_hand.std() > 0.1
    np.testing.assert_allclose(clean.probability, by_hand, atol=1e-3)


def test_labels_of_two_outputs():
    x, y = models.data(60)
    with pytest.raises(ValueError, match="labels of one output.*Received: 2"):
        CleanProbability(x, {"a": y, "b": y})


def test_what_cannot_be_estimated_is_said_before_the_training():
    x, y = models.data(60)
    inputs = keras.Input((models.FEATURES,))
    outputs = {name: keras.layers.Dense(3, name=name)(inputs) for name in "ab"}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse", **models.QUICK)
    clean, targets = CleanProbability(x, y), np.eye(3)[y]
    with pytest.raises(ValueError, match="one output.*with 2"):
        model.fit(
            x, {"a": targets, "b": targets}, epochs=1, verbose=0, callbacks=[clean]
        )


def test_rows_and_labels_must_be_as_many():
    x, y = models.data(60)
    with pytest.raises(ValueError, match="60 samples"):
        CleanProbability(x, y[:59])


@pytest.mark.parametrize("warm_up", [0, -1])
def test_the_first_estimate_takes_an_epoch(warm_up):
    with pytest.raises(ValueError, match="`warm_up` must be ≥ 1"):
        CleanProbability(*models.data(), warm_up=warm_up)


def test_a_loss_that_is_no_number_says_nothing_of_its_row():
    x, y, _ = noisy()
    model = models.classifier(None)
    model.compile("sgd", "sparse_categorical_crossentropy", **models.QUICK)
    lost = x.copy()
    lost[[3, 7]] = np.nan
    clean = CleanProbability(lost, y)
    clean.probability[3] = 0.25
    with pytest.warns(UserWarning, match="losses of 2 of 400 samples are not finite"):
        clean.refresh(model)
    known = np.delete(np.arange(400), [3, 7])
    alone = CleanProbability(x[known], y[known])
    alone.refresh(model)
    np.testing.assert_allclose(clean.probability[known], alone.probability, atol=1e-5)
    assert clean.probability[[3, 7]].tolist() == [0.25, 1.0]
    assert clean.probability.min() < 0.25
    before = clean.probability.copy()
    clean.x = np.full_like(x, np.nan)
    with pytest.warns(UserWarning, match="400 of 400"):
        clean.refresh(model)
    np.testing.assert_array_equal(clean.probability, before)


def test_the_batch_size_of_the_prediction_is_checked():
    with pytest.raises(ValueError, match="`batch_size` must be ≥ 1"):
        CleanProbability(np.ones((2, 1)), np.ones(2), batch_size=0)


def test_steps_of_an_ignored_class_do_not_count():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 5, models.FEATURES)).astype("float32")
    y = rng.integers(0, 3, (60, 5))
    y[:, 3:] = -1
    y[::2, 1:] = -1
    y[7] = -1
    model = keras.Sequential([keras.layers.Dense(3, "softmax")])
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model.compile("sgd", loss, **models.QUICK)
    clean = CleanProbability(x, y)
    with pytest.warns(UserWarning, match="losses of 1 of 60 samples are not finite"):
        clean.refresh(model)
    p = model.predict(x, verbose=0)
    chances = np.take_along_axis(p, np.maximum(y, 0)[..., None], axis=-1)[..., 0]
    known = np.arange(60) != 7
    steps = (y >= 0)[known]
    losses = (-np.log(chances[known]) * steps).sum(1) / steps.sum(1)
    by_hand = probability_of_the_lower(losses)
    np.testing.assert_allclose(clean.probability[known], by_hand, atol=1e-3)
    assert clean.probability[7] == 1
    assert by_hand.std() > 0.1
