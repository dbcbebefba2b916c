import itertools

import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import pairing
from tests.modes import compiled
from tests.modes import run
from tests.modes import to_numpy

SIZES = [1, 2, 3, 7, 64]
ALL = ["shuffle", "derangement", "roll", "reverse"]


def noise_of(size, seed=0):
    return np.random.default_rng(seed).random(size, dtype="float32")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ALL)
def test_partners_are_a_permutation(name, size, mode):
    rows = run(pairing.get(name), mode, noise_of(size))
    assert sorted(rows.tolist()) == list(range(size))


@pytest.mark.parametrize("name", ALL)
def test_numpy_and_backend_agree(name, mode):
    noise = noise_of(33)
    on_numpy = pairing.get(name)(noise)
    assert isinstance(on_numpy, np.ndarray)
    assert (on_numpy == run(pairing.get(name), mode, noise)).all()


def test_hand_computed_partners():
    noise = np.array([0.5, 0.1, 0.9, 0.3])
    assert pairing.shuffle(noise).tolist() == [1, 3, 0, 2]
    # The cycle visits samples 1, 3, 0, 2 and returns to 1.
    assert pairing.derangement(noise).tolist() == [2, 3, 1, 0]
    assert pairing.roll(noise).tolist() == [3, 0, 1, 2]
    assert pairing.reverse(noise).tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("size", [2, 3, 7, 64])
def test_derangement_never_pairs_a_row_with_itself(size, mode):
    draw = compiled(pairing.derangement, mode)
    for seed in range(20):
        noise = keras.ops.convert_to_tensor(noise_of(size, seed))
        rows = to_numpy(draw(noise))
        assert (rows != np.arange(size)).all()


def test_shuffle_draws_every_permutation_alike():
    drawn = [tuple(pairing.shuffle(noise_of(3, seed))) for seed in range(6000)]
    counts = [drawn.count(order) for order in itertools.permutations(range(3))]
    assert stats.chisquare(counts).pvalue > 1e-3


def test_derangement_draws_every_other_row_alike():
    rows = np.array([pairing.derangement(noise_of(5, s)) for s in range(4000)])
    for row in range(5):
        counts = np.bincount(rows[:, row], minlength=5)
        assert counts[row] == 0
        assert stats.chisquare(np.delete(counts, row)).pvalue > 1e-3


def test_equal_noise_still_gives_a_permutation():
    for name in ALL:
        rows = pairing.get(name)(np.zeros(8, "float32"))
        assert sorted(rows.tolist()) == list(range(8))


@keras.saving.register_keras_serializable(package="tests")
class Next:
    """A user's pairing: each sample with the one after it."""

    def __call__(self, noise):
        return keras.ops.roll(keras.ops.arange(noise.shape[0]), -1)

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


class Beyond:
    """A pairing whose last partner is not there."""

    def __init__(self, wrong):
        self.wrong = wrong

    def __call__(self, noise):
        ops = keras.ops if keras.ops.is_tensor(noise) else np
        rows = ops.arange(noise.shape[0])
        return ops.where(rows == noise.shape[0] - 1, self.wrong, ops.roll(rows, 1))


@pytest.mark.parametrize("wrong", [5, -1])
@pytest.mark.parametrize("num_samples", [2, 3])
def test_partners_that_are_not_there(wrong, num_samples, mode):
    arguments = {"pairing": Beyond(wrong), "num_samples": num_samples}
    x = np.eye(5, dtype="float32")
    message = "`pairing` must return samples of the batch, counted from 0"
    with pytest.raises(ValueError, match=message + f".*sample {wrong} of a batch of 5"):
        MixUp(1.0, **arguments)(x, x)

    def draw(alpha):
        return MixPlan.draw(5, alpha, seed=1, **arguments)

    if mode == "eager":
        with pytest.raises(ValueError, match=message):
            draw(keras.ops.convert_to_tensor(1.0))
    elif mode == "graph":
        with pytest.raises(Exception, match=message):
            run(draw, mode, np.float32(1.0))
    else:  # Compiled code cannot raise.
        plan = run(draw, mode, np.float32(1.0))
        assert np.isnan(plan.share.reshape(5, -1)).any(1).tolist() == [False] * 4 + [1]
        assert np.isnan(plan.mix(x)).any(1).tolist() == [False] * 4 + [True]
        still = run(draw, mode, np.float32(0.0))
        assert (still.share == 0).all()


def test_a_model_does_not_train_on_a_partner_that_is_not_there():
    mix = MixUp(1.0, pairing=Beyond(100))
    model = keras.Sequential([mix, keras.layers.Dense(2, activation="softmax")])
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    jit = keras.backend.backend() != "torch"
    model.compile("sgd", loss, jit_compile=jit)
    x, y = np.ones((4, 3), "float32"), np.array([0, 1, 0, 1])
    if jit:
        assert np.isnan(model.train_on_batch(x, y))
    else:
        with pytest.raises(
            ValueError, match=r"`pairing` must return samples.*sample 100"
        ):
            model.train_on_batch(x, y)


def test_own_pairing_survives_serialization():
    restored = pairing.get(pairing.serialize(Next()))
    assert isinstance(restored, Next)
    noise = keras.ops.convert_to_tensor(noise_of(3))
    assert keras.ops.convert_to_numpy(restored(noise)).tolist() == [1, 2, 0]


@pytest.mark.parametrize("name", ALL)
def test_built_in_pairings_are_saved_by_name(name):
    assert pairing.serialize(pairing.get(name)) == name


def test_unknown_pairing_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"derangement.*reverse.*'shufle'"):
        pairing.get("shufle")


def test_pairing_of_another_type_is_a_type_error():
    with pytest.raises(TypeError, match="`pairing` must be one of"):
        pairing.get(3)
