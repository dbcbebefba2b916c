import keras
import numpy as np
import pytest
from keras import layers
from scipy import stats

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup.policies import Confidence
from keras_mixup.policies import Shuffled
from tests import models
from tests.data.test_pipeline import WAYS
from tests.modes import to_numpy
from tests.modes import train_call

C = np.array([0.9, 0.3, 0.0, 1.0, 0.2, 0.6], "float32")
OTHER = C[::-1]
LAM = C / (C + OTHER)
NO_FLOOR = Confidence(floor=0)
SHAPES = {"samples": (3,), "confidence": ()}
X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def reverse(**kwargs):
    return AdaptiveMixUp(NO_FLOOR, pairing="reverse", **kwargs)


def expected():
    return LAM[:, None] * X + (1 - LAM[:, None]) * X[::-1]


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_the_row_likelier_right_dominates(dtype, column, mode):
    x = {"samples": X, "confidence": C[:, None] if column else C}
    mixed, plan = train_call(reverse(dtype=dtype), x, mode)
    atol = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    np.testing.assert_allclose(1 - plan.share, LAM, atol=atol)
    np.testing.assert_allclose(np.float32(mixed["samples"]), expected(), atol=atol * 4)


def test_chances_may_come_in_a_tuple(mode):
    mix = AdaptiveMixUp(Confidence(key=1, floor=0), pairing="reverse")
    mixed, _ = train_call(mix, (X, C), mode)
    np.testing.assert_allclose(mixed[0], expected(), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_pipelines_mix_labels_by_the_same_shares(way):
    x = {"samples": X, "confidence": C}
    mixed, labels = to_numpy(way(reverse(num_classes=6), x, np.arange(6)))
    np.testing.assert_allclose(mixed["samples"], expected(), atol=1e-6)
    eye = np.eye(6)
    by_hand = LAM[:, None] * eye + (1 - LAM[:, None]) * eye[::-1]
    np.testing.assert_allclose(labels, by_hand, atol=1e-6)


def test_chances_below_the_floor_count_as_it_does(mode):
    mix = AdaptiveMixUp("confidence", pairing="reverse", num_classes=6)
    _, plan = train_call(mix, {"samples": X, "confidence": C / 2}, mode)
    chances = np.maximum(C / 2, 0.1)
    lam = chances / (chances + chances[::-1])
    np.testing.assert_allclose(1 - plan.share, lam, atol=1e-6)
    assert np.abs(lam - LAM).max() > 0.1


@pytest.mark.parametrize("chance", [0.0, 0.4, 1.0])
def test_rows_as_likely_are_mixed_as_plain_mixup_mixes_them(chance, mode):
    size = 20_000
    x = {"samples": np.zeros((size, 1), "float32"), "confidence": np.full(size, chance)}
    mix = AdaptiveMixUp(
        Confidence(floor=0, concentration=8), pairing="derangement", seed=1
    )
    _, plan = train_call(mix, x, mode)
    lam = 1 - np.float64(plan.share)
    assert stats.kstest(lam, stats.beta(8, 8).cdf).statistic < 2.23 / np.sqrt(size)


def test_the_control_deals_the_same_shares_to_other_pairs():
    mix = AdaptiveMixUp(Shuffled(NO_FLOOR), pairing="roll", seed=0)
    chances = np.random.default_rng(1).random(1000).astype("float32")
    x = {"samples": chances[:, None], "confidence": chances}
    _, plan = train_call(mix, x, "eager")
    due = chances / (chances + np.roll(chances, 1))
    lam = 1 - plan.share
    np.testing.assert_allclose(np.sort(lam), np.sort(due), atol=1e-6)
    assert abs(np.corrcoef(lam, due)[0, 1]) < 0.1


@pytest.mark.parametrize("way", models.WAYS)
def test_a_step_trains_on_both_labels_by_their_shares(way):
    inputs = {name: keras.Input(shape, name=name) for name, shape in SHAPES.items()}
    mix = reverse()
    head = layers.Dense(models.CLASSES, activation="softmax", use_bias=False)
    model = keras.Model(inputs, head(mix(inputs)["samples"]))
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile(keras.optimizers.SGD(0.5), loss, **models.WAYS[way])
    kernel = models.kernel_of(model)
    y = np.array([0, 1, 2, 2, 1, 0])
    data = {"samples": X, "confidence": C}
    logs = model.fit(data, y, batch_size=6, shuffle=False, verbose=0).history
    p = models.softmax(expected() @ kernel)
    share = np.float64(1 - LAM)
    by_hand = models.pair_loss(y, p, np.arange(6)[::-1], share)
    assert logs["loss"] == [pytest.approx(by_hand, abs=1e-6)]
    target = np.eye(models.CLASSES)[y]
    target = (1 - share)[:, None] * target + share[:, None] * target[::-1]
    kernel -= 0.5 * expected().T @ (p - target) / 6
    np.testing.assert_allclose(models.kernel_of(model), kernel, atol=1e-5)


def test_a_model_with_chances_comes_back_from_a_file(tmp_path):
    inputs = {"samples": keras.Input((3,), name="samples")}
    inputs["probability"] = keras.Input((), name="probability")
    mix = AdaptiveMixUp(Confidence("probability", 0, 5), pairing="reverse", name="mix")
    model = keras.Model(inputs, layers.Dense(2)(mix(inputs)["samples"]))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").get_layer("mix")
    config = {"key": "probability", "floor": 0.0, "concentration": 5.0}
    assert loaded.policy.get_config() == config
    assert loaded.fold is False
    mixed, _ = train_call(loaded, {"samples": X, "probability": C}, "eager")
    np.testing.assert_allclose(mixed["samples"], expected(), atol=1e-6)


@pytest.mark.parametrize("wrong", [-0.1, 1.5, np.nan])
def test_chances_must_be_chances(wrong):
    x = {"samples": X, "confidence": np.where(C == 0.3, np.float32(wrong), C)}
    with pytest.raises(ValueError, match=r"'confidence' must be in \[0, 1\]"):
        reverse()(x, np.eye(6))


@pytest.mark.parametrize("x", [{"samples": X}, X, (X,)])
def test_inputs_without_chances(x):
    mix = AdaptiveMixUp(Confidence(1 if isinstance(x, tuple) else "confidence"))
    with pytest.raises(ValueError, match="Confidence looks for"):
        mix(x, np.eye(6))


def test_one_chance_a_row():
    x = {"samples": X, "confidence": np.stack([C, C], axis=1)}
    with pytest.raises(ValueError, match=r"one number per sample.*\(6, 2\)"):
        reverse()(x, np.eye(6))


def test_folding_would_give_the_blend_to_the_wrong_row():
    with pytest.raises(ValueError, match="fold=True"):
        reverse(fold=True)


@pytest.mark.parametrize("kwargs", [{"features": abs}, {"distance": "cosine"}])
def test_it_measures_nothing_else(kwargs):
    with pytest.raises(ValueError, match="inputs of its own"):
        reverse(**kwargs)


@pytest.mark.parametrize("floor", [-0.1, 1.0])
def test_the_floor_is_a_chance(floor):
    with pytest.raises(ValueError, match="`floor` must be a finite number ≥ 0 and < 1"):
        Confidence(floor=floor)


def test_a_key_is_a_name_or_an_index():
    with pytest.raises(TypeError, match="`key`.*None"):
        Confidence(key=None)


def test_plain_layers_fold_as_before():
    assert MixUp().fold is True
    assert AdaptiveMixUp("similarity").fold is True
