import copy

import keras
import numpy as np
import pytest

from keras_mixup import MixUp
from tests.modes import to_numpy
from tests.modes import train_call


def images(size=6, seed=0, shape=(4, 3)):
    return np.random.default_rng(seed).normal(size=(size, *shape)).astype("float32")


def by_hand(x, plan):
    share = plan.share.astype("float64").reshape(-1, *[1] * (x.ndim - 1))
    return (1 - share) * x.astype("float64") + share * x[plan.partners].astype(
        "float64"
    )


@pytest.mark.parametrize("pairing", ["shuffle", "derangement", "roll", "reverse"])
@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("per_sample", [True, False])
def test_training_mixes_by_the_plan_it_publishes(pairing, fold, per_sample, mode):
    layer = MixUp(1.0, pairing=pairing, fold=fold, per_sample=per_sample, seed=3)
    layer(images())
    x = images()
    mixed, plan = train_call(layer, x, mode)
    assert mixed == pytest.approx(by_hand(x, plan), abs=1e-6)
    assert (plan.share > 0).all()
    assert len(np.unique(plan.share)) == (6 if per_sample else 1)
    assert (plan.lam >= 0.5).all() or not fold


@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (4, 4, 3), (2, 4, 4, 3)])
def test_inputs_of_every_rank(shape, mode):
    layer = MixUp(1.0)
    x = images(shape=shape)
    layer(x)
    mixed, plan = train_call(layer, x, mode)
    assert mixed == pytest.approx(by_hand(x, plan), abs=1e-6)
    assert abs(mixed - x).max() > 0.01


@pytest.mark.parametrize("size", [1, 2, 5, 8, 3])
def test_changing_batch_sizes(size, mode):
    layer = MixUp(1.0)
    layer(images())
    x = images(size)
    mixed, plan = train_call(layer, x, mode)
    assert plan.partners.shape == (size,)
    assert mixed == pytest.approx(by_hand(x, plan), abs=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool", "float16"])
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_inputs_become_the_compute_dtype(dtype, policy, mode):
    layer = MixUp(32.0, dtype=policy, seed=1)
    # Integers below 100 are exact in every dtype.
    x = np.random.default_rng(0).integers(0, 100, (8, 5, 1, 2)).astype(dtype)
    outside = layer(x)
    compute = layer.compute_dtype
    assert keras.backend.standardize_dtype(outside.dtype) == compute
    assert (to_numpy(outside).astype("float32") == x.astype("float32")).all()
    mixed, plan = train_call(layer, x, mode)
    assert mixed.dtype.name == compute
    assert plan.share.dtype == "float32"
    # A share of three digits in float16 and two in bfloat16.
    rtol = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[compute]
    expected = by_hand(x.astype("float32"), plan)
    assert mixed.astype("float64") == pytest.approx(expected, rel=rtol, abs=100 * rtol)
    assert plan.share.min() > 0.2
    assert np.isfinite(mixed.astype("float32")).all()


def test_one_plan_for_a_structured_input(mode):
    layer = MixUp(1.0)
    x = {"image": images(), "rest": [images(shape=(2,)), (images(shape=()),)]}
    layer(x)
    mixed, plan = train_call(layer, x, mode)
    assert mixed["image"] == pytest.approx(by_hand(x["image"], plan), abs=1e-6)
    assert mixed["rest"][0] == pytest.approx(by_hand(x["rest"][0], plan), abs=1e-6)
    assert mixed["rest"][1][0] == pytest.approx(
        by_hand(x["rest"][1][0], plan), abs=1e-6
    )


@pytest.mark.parametrize("training", [None, False])
def test_outside_training_it_is_the_identity(training):
    layer = MixUp(1.0)
    x = images()
    assert (to_numpy(layer(x, training=training)) == x).all()
    assert layer.plan is None


def test_a_forward_pass_forgets_the_plan_before_it():
    layer = MixUp(1.0)
    layer(images(), training=True)
    assert layer.plan is not None
    layer(images())
    assert layer.plan is None


def test_training_of_the_surrounding_call_decides():
    layer = MixUp(1.0, seed=0)
    model = keras.Sequential([layer, keras.layers.Flatten()])
    x = images()
    assert (to_numpy(model(x)) == x.reshape(6, -1)).all()
    mixed = to_numpy(model(x, training=True)).reshape(x.shape)
    assert mixed == pytest.approx(by_hand(x, to_numpy(layer.plan)), abs=1e-6)
    assert abs(mixed - x).max() > 0.01


@pytest.mark.parametrize("form", ["sequential", "functional", "subclassed"])
def test_padding_masks_are_united_on_their_way_through_a_model(form):
    tokens = np.array([[1, 2, 0, 0], [3, 0, 0, 0], [4, 5, 6, 0], [7, 8, 9, 1]])
    embed = keras.layers.Embedding(10, 2, mask_zero=True)
    layer = MixUp(1.0, pairing="reverse")
    behind = [
        keras.layers.Dropout(0.0),
        keras.layers.Bidirectional(keras.layers.LSTM(3, return_sequences=True)),
        keras.layers.LSTM(2),
    ]
    for part in (*behind, behind[1].forward_layer, behind[1].backward_layer):
        part.supports_masking = True  # Recurrent layers of Keras 3.16 deny that.
    model = keras.Sequential([embed, layer, *behind])
    if form == "functional":
        inputs = outputs = keras.Input((4,))
        for part in (embed, layer, *behind):
            outputs = part(outputs)
        model = keras.Model(inputs, outputs)
    elif form == "subclassed":

        class Model(keras.Model):
            def call(self, x, training=None):
                for part in (embed, layer, *behind):
                    x = part(x)
                return x

        model = Model()

    def after(x, mask):
        x, mask = map(keras.ops.convert_to_tensor, (x, mask))
        return to_numpy(behind[2](behind[1](x, mask=mask), mask=mask))

    valid = tokens != 0
    outside = to_numpy(model(tokens))
    embedded = to_numpy(embed(tokens))
    assert outside == pytest.approx(after(embedded, valid), abs=1e-6)
    trained = to_numpy(model(tokens, training=True))
    mixed = by_hand(embedded, to_numpy(layer.plan)).astype("float32")
    united = after(mixed, valid | valid[::-1])
    assert trained == pytest.approx(united, abs=1e-6)
    assert abs(united - after(mixed, valid)).max() > 1e-4


def test_masks_of_structured_inputs():
    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 5, 6], [7, 0, 0]])
    embed = keras.layers.Embedding(10, 2, mask_zero=True)
    layer = MixUp(1.0, pairing="roll")
    words, plain = layer([embed(tokens), images(4)], training=True)
    valid = tokens != 0
    expected = valid | valid[[3, 0, 1, 2]]
    assert (to_numpy(words._keras_mask) == expected).all()
    assert getattr(plain, "_keras_mask", None) is None


def test_symbolic_call_keeps_shape_and_takes_the_compute_dtype():
    layer = MixUp(dtype="mixed_bfloat16")
    symbolic = layer(keras.Input((4, 3), dtype="uint8"))
    assert symbolic.shape == (None, 4, 3)
    assert symbolic.dtype == "bfloat16"
    symbolic = layer({"a": keras.Input((4,)), "b": keras.Input((2, 2))})
    assert symbolic["b"].shape == (None, 2, 2)


def test_alpha_and_prob_can_be_changed():
    layer = MixUp(0.2, prob=1.0, seed=0)
    assert (layer.alpha, layer.prob) == (0.2, 1.0)
    x = images(500)
    layer.alpha = 32
    layer(x, training=True)
    assert to_numpy(layer.plan.share).mean() > 0.4
    layer.prob = 0.25
    layer(x, training=True)
    assert (to_numpy(layer.plan.share) > 0).mean() == pytest.approx(0.25, abs=0.07)
    layer.alpha = 0
    layer(x, training=True)
    assert (to_numpy(layer.plan.share) == 0).all()
    assert (layer.alpha, layer.prob) == (0.0, 0.25)


def test_changing_alpha_does_not_retrace():
    if keras.backend.backend() == "torch":
        pytest.skip("torch runs eagerly")
    traces = []

    class Counting(MixUp):
        def call(self, x, training=None):
            traces.append(training)
            return super().call(x, training=training)

    from keras_mixup import MixupLoss

    layer = Counting(0.0)
    model = keras.Sequential([layer, keras.layers.Dense(1)])
    model.compile("sgd", MixupLoss("mse", layer), jit_compile=True)
    x, y = images(16, shape=(3,)), images(16, shape=(1,))
    model.fit(x, y, batch_size=8, verbose=0)
    before = len(traces)
    layer.alpha = 4.0
    model.fit(x, y, batch_size=8, verbose=0)
    assert len(traces) == before
    assert traces.count(True) >= 1


def test_parameters_stay_float32_under_mixed_precision():
    layer = MixUp(0.3, dtype="mixed_bfloat16")
    layer(images(), training=True)
    assert layer.alpha == 0.3
    assert to_numpy(layer.plan.share).dtype == "float32"


def test_seeds_repeat_the_draws():
    x = images()
    layers = [MixUp(1.0, seed=seed) for seed in (1, 1, 2)]
    for layer in layers:
        layer(x)
    draws = [[train_call(layer, x, "eager")[0] for _ in range(3)] for layer in layers]
    assert (np.array(draws[0]) == np.array(draws[1])).all()
    assert not (np.array(draws[0]) == np.array(draws[2])).all()
    assert not (draws[0][0] == draws[0][1]).all()


def test_evaluation_draws_nothing():
    layer = MixUp(1.0, seed=1)
    layer(images())
    before = to_numpy(layer.seed_generator.state.value)
    layer(images(), training=False)
    assert (to_numpy(layer.seed_generator.state.value) == before).all()


def test_config_round_trip():
    config = {
        "alpha": 0.7,
        "prob": 0.5,
        "per_sample": False,
        "fold": False,
        "pairing": "roll",
        "num_classes": 7,
        "seed": 11,
        "name": "blend",
        "dtype": "mixed_float16",
    }
    layer = MixUp.from_config(MixUp(**config).get_config())
    for name in ("alpha", "prob", "per_sample", "fold", "num_classes", "seed", "name"):
        assert getattr(layer, name) == config[name]
    assert layer.get_config()["pairing"] == "roll"
    assert layer.compute_dtype == "float16"
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert again.get_config() == layer.get_config()


def test_two_threads_see_their_own_plans():
    import threading

    layer = MixUp(1.0)
    layer(images(6), training=True)
    other = []

    def run():
        other.append(layer.plan)
        layer(images(3), training=True)
        other.append(layer.plan)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert other[0] is None
    assert other[1].partners.shape[0] == 3
    assert layer.plan.partners.shape[0] == 6


def test_the_callers_structure_is_not_changed():
    x = {"a": images(), "b": [images(shape=(2,))]}
    before = copy.deepcopy(x)
    MixUp(1.0)(x, training=True)
    assert (x["a"] == before["a"]).all()
    assert (x["b"][0] == before["b"][0]).all()


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"alpha": -0.1}, ValueError, "`alpha` must be finite and ≥ 0"),
        ({"alpha": float("nan")}, ValueError, "alpha=nan"),
        ({"alpha": "much"}, TypeError, "`alpha` must be a real number"),
        ({"prob": 1.1}, ValueError, r"`prob` must be in \[0, 1\]"),
        ({"prob": float("nan")}, ValueError, "prob=nan"),
        ({"prob": None}, TypeError, "`prob` must be a number"),
        ({"pairing": "shufle"}, ValueError, "`pairing` must be one of"),
        ({"pairing": 7}, TypeError, "`pairing` must be one of"),
        ({"num_classes": 0}, ValueError, "`num_classes` must be ≥ 1"),
        ({"num_classes": 2.0}, TypeError, "`num_classes` must be an integer"),
        ({"per_sample": 1}, TypeError, "`per_sample` must be True or False"),
        ({"fold": "yes"}, TypeError, "`fold` must be True or False"),
        ({"seed": "x"}, TypeError, "`seed` must be an integer"),
        ({"seed": True}, TypeError, "`seed` must be an integer"),
        ({"seed": -1}, ValueError, "`seed` must be ≥ 0"),
        ({"seed": 2**31}, ValueError, "`seed` must be ≤ 2147483647"),
        ({"dtype": "int32"}, ValueError, "`dtype` must be a floating one"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        MixUp(**arguments)


@pytest.mark.parametrize("name", ["alpha", "prob"])
def test_bad_values_are_refused_on_assignment(name):
    layer = MixUp(0.5)
    with pytest.raises(ValueError, match=f"`{name}`"):
        setattr(layer, name, -1)
    assert (layer.alpha, layer.prob) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (np.array(1.0), ValueError, "must have a batch axis"),
        (np.ones((0, 3)), ValueError, "Received an empty batch"),
        ([np.ones((3, 2)), np.ones((4, 2))], ValueError, "must have 3 samples"),
    ],
)
def test_bad_inputs_in_training(x, error, message):
    with pytest.raises(error, match=message):
        MixUp()(x, training=True)


@pytest.mark.parametrize("x", [None, {}, [], (None,)])
def test_no_input_at_all(x):
    with pytest.raises(ValueError, match="Expected a tensor to mix"):
        MixUp()(x)


def test_sample_weight_without_labels():
    with pytest.raises(ValueError, match="`sample_weight` goes with labels"):
        MixUp()(images(), sample_weight=np.ones(6))


def test_symbolic_labels():
    with pytest.raises(TypeError, match="symbolic labels.*MixupLoss"):
        MixUp(num_classes=3)(keras.Input((3,)), keras.Input(()))


def test_a_seed_may_be_one_of_numpy_and_large():
    x = images()
    drawn = []
    for seed in (2**31 - 1, np.int64(2**31 - 1)):
        layer = MixUp(1.0, seed=seed)
        layer(x, training=True)
        drawn.append(to_numpy(layer.plan.share))
    np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("training", [True, False, None])
def test_training_may_be_the_second_argument_as_for_other_layers(training):
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.mix = MixUp(1.0, seed=1)

        def call(self, x, training=None):
            return self.mix(x, training)

    x = images()
    by_name = MixUp(1.0, seed=1)(x, training=training)
    by_place = Model()(x, training=training)
    np.testing.assert_array_equal(to_numpy(by_place), to_numpy(by_name))
    assert (to_numpy(by_place) != x).any() == bool(training)


def test_layers_of_near_seeds_draw_apart():
    # On torch Keras adds the words of a seed: 1 would draw what 2 did a step before.
    drawn = []
    for seed in (0, 1, 2, 2**31 - 2, 2**31 - 1):
        mix = MixUp(1.0, seed=seed)
        for _ in range(4):
            mix(np.eye(6, dtype="float32"), training=True)
            drawn.append(to_numpy(mix.plan.share).tobytes())
    assert len(set(drawn)) == len(drawn)
