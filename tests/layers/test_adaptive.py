import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import policies
from keras_mixup.plans import noise as noises
from keras_mixup.policies.distances import cosine
from keras_mixup.policies.distances import euclidean
from keras_mixup.policies.distances import sqeuclidean
from tests import reference
from tests.data.test_pipeline import through_backend
from tests.data.test_pipeline import through_numpy
from tests.data.test_pipeline import through_tf_data
from tests.models import BACKEND
from tests.models import QUICK
from tests.modes import MODES
from tests.modes import gradient_of
from tests.modes import run
from tests.modes import to_numpy
from tests.modes import train_call

SIZE = 24
NOISE = np.random.default_rng(7).random((5, SIZE), dtype="float32")
ROWS = np.argsort(NOISE[3])


def data(seed=0, shape=(SIZE, 3, 2), scale=1.0):
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype("float32")


@pytest.fixture
def known_noise(monkeypatch):
    """All layers draw from the uniforms NOISE."""

    def uniform(shape, seed):
        if isinstance(seed, np.ndarray):
            return NOISE[: shape[0]]
        if isinstance(seed, keras.random.SeedGenerator):
            return keras.ops.convert_to_tensor(NOISE[: shape[0]])
        import tensorflow as tf

        return tf.constant(NOISE[: shape[0]])

    def counted(shape, seed):
        return NOISE[: shape[0]]

    monkeypatch.setattr(noises, "uniform", uniform)
    monkeypatch.setattr(noises, "counted_uniforms", counted)


class Beside(keras.layers.Layer):
    """Layers that all get the same batch."""

    def __init__(self, layers):
        super().__init__()
        self.layers = layers
        self.built = True

    def call(self, x, training=None):
        return [layer(x, training=training) for layer in self.layers]

    @property
    def plan(self):
        return [layer.plan for layer in self.layers]


def in_model(mode):
    def shares(layer, x):
        if isinstance(layer, list):
            _, plans = train_call(Beside(layer), x, mode)
            return [plan.share for plan in plans]
        _, plan = train_call(layer, x, mode)
        return plan.share

    shares.__name__ = f"in_model_{mode}"
    return shares


def in_pipeline(through):
    def shares(layer, x):
        size = len(keras.tree.flatten(x)[0])
        y = np.eye(size, dtype="float32")
        if isinstance(layer, list):
            mixed = through(lambda x, y: tuple(each(x, y) for each in layer), x, y)
            return [1 - np.diag(y) for _, y in mixed]
        _, y = through(layer, x, y)
        return 1 - np.diag(y)

    shares.__name__ = through.__name__
    return shares


WAYS = [
    *(in_model(mode) for mode in MODES),
    *map(in_pipeline, (through_numpy, through_backend, through_tf_data)),
]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def shares_of(request):
    """The partner's share of each sample: in a model, and in three pipelines.

    Of one layer, or of each in a list: they are compiled as one.
    """
    return request.param


def expected(lam, rows=ROWS):
    """The folded shares, where a sample is mixed with another one."""
    return np.where(rows == np.arange(len(rows)), 0, np.minimum(lam, 1 - lam))


def assert_shares(found, lam):
    real = np.arange(SIZE) != ROWS
    np.testing.assert_allclose(found[real], expected(lam)[real], atol=1e-5)
    assert found[real].std() > 0 or np.ptp(lam) == 0


DISTANCES = {name: getattr(reference, name) for name in ("sqeuclidean", "euclidean")}
DISTANCES["cosine"] = reference.cosine
# Of policies with `normalize`: λ, not folded, of the distances over their mean.
POLICIES = {
    "similarity": lambda d: reference.similarity(*NOISE[:2], d),
    "exponential": reference.exponential,
    "linear": reference.linear,
}


# Those whose λ moves with every distance, as that of a step function does not.
SMOOTH = "similarity", "exponential", "linear"


@pytest.mark.usefixtures("known_noise")
@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_plan_is_the_formula_of_the_relative_distance(policy, distance, shares_of):
    x = data()
    wide = x.astype("float64")
    relative = reference.over_mean(DISTANCES[distance](wide, wide[ROWS]), ROWS)
    layer = AdaptiveMixUp(policy, distance=distance)
    assert_shares(shares_of(layer, x), POLICIES[policy](relative))


@pytest.mark.usefixtures("known_noise")
@pytest.mark.parametrize(
    ("policy", "lam"),
    [
        (policies.ExponentialDistance(0.3, literal=True), lambda d: np.exp(-0.3 * d)),
        (
            policies.LinearDistance(0.2, literal=True),
            lambda d: np.maximum(1 - 0.2 * d, 0),
        ),
        (lambda distance, loss: 1 / (1 + distance), lambda d: 1 / (1 + d)),
        (policies.Fixed(0.7), lambda d: np.full(SIZE, 0.7)),
        (lambda distance, loss: 0.7, lambda d: np.full(SIZE, 0.7)),
    ],
)
def test_other_policies_see_distances_as_they_are(policy, lam, shares_of):
    x = data()
    wide = x.astype("float64")
    layer = AdaptiveMixUp(policy, distance="euclidean")
    distance = reference.euclidean(wide, wide[ROWS])
    assert_shares(shares_of(layer, x), lam(distance))


@pytest.mark.parametrize("policy", [*POLICIES, policies.Shuffled("similarity")])
def test_the_scale_of_the_data_does_not_matter(policy, shares_of):
    x = data()
    one, *others = (
        shares_of(AdaptiveMixUp(policy, seed=3, pairing="derangement"), scale * x)
        for scale in (1.0, np.float32(300), np.float32(2.0**-20))
    )
    for other in others:
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert one.std() > 0.01


def test_near_pairs_mix_more_than_far_ones_but_not_under_the_control(shares_of):
    # The one distance that a sample has from the sample before it: its own number.
    step = np.random.default_rng(5).gamma(1, 1, 2000)
    x = np.cumsum(step)[:, None].astype("float32")
    near_to_far = np.abs(x - np.roll(x, 1, axis=0))[:, 0]

    def correlation(policy):
        layer = AdaptiveMixUp(policy, pairing="roll", distance="euclidean")
        return stats.spearmanr(near_to_far, shares_of(layer, x)).statistic

    for policy in ("similarity", "exponential"):
        assert correlation(policy) < -0.5
        assert abs(correlation(policies.Shuffled(policy))) < 4 / np.sqrt(2000)


def test_pairs_of_one_distance_draw_from_one_beta(shares_of):
    # Any two different samples of a unit matrix are as far apart.
    layer = AdaptiveMixUp(pairing="derangement", seed=1)
    shares = [shares_of(layer, np.eye(500, dtype="float32")) for _ in range(3)]
    assert stats.kstest(np.concatenate(shares), stats.uniform(0, 0.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("policy", [*POLICIES, policies.Shuffled("exponential")])
def test_equal_rows_and_batches_of_one_are_finite(policy, shares_of):
    x = np.ones((6, 2), "float32")
    layers = [
        AdaptiveMixUp(policy, distance=distance, pairing="derangement")
        for distance in DISTANCES
    ]
    for found in shares_of(layers, x):
        assert ((found >= 0) & (found <= 0.5)).all()
        if policy == "exponential":
            np.testing.assert_allclose(found, np.exp(-1) / 2, atol=1e-6)
    assert np.isfinite(shares_of(layers, x[:1])).all()


def test_zero_vectors_are_at_cosine_distance_1(shares_of):
    x = np.float32([[0, 0], [1, 0], [0, 0], [2, 0]])
    x = np.concatenate([x, 1e-15 * x])
    layer = AdaptiveMixUp(
        policies.ExponentialDistance(literal=True),
        distance="cosine",
        pairing="roll",
        fold=False,
    )
    found = shares_of(layer, x[:4])
    np.testing.assert_allclose(1 - found, np.exp(-1), atol=1e-6)
    layer.distance = cosine
    small = shares_of(layer, x[[1, 3, 5, 7]])
    np.testing.assert_allclose(small, 0, atol=1e-6)


@pytest.mark.parametrize("distance", [sqeuclidean, euclidean, cosine])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "uint8", "float32"])
def test_distances_are_float32_whatever_the_dtype(distance, dtype, mode):
    rng = np.random.default_rng(2)
    x, y = (rng.integers(0, 200, (3, 50)).astype("float32") for _ in range(2))
    found = run(
        lambda x, y: distance(*(keras.ops.cast(a, dtype) for a in (x, y))), mode, x, y
    )
    assert found.dtype == "float32"
    formula = getattr(reference, distance.__name__)
    np.testing.assert_allclose(
        found, formula(x.astype("float64"), y.astype("float64")), rtol=1e-5
    )


def test_a_structure_counts_as_one_long_vector(shares_of):
    x = {"a": data(1), "b": (data(2, (SIZE, 4)), data(3, (SIZE,)))}
    whole = np.concatenate(
        [leaf.reshape(SIZE, -1) for leaf in keras.tree.flatten(x)], 1
    )
    of_structure, of_whole = (
        shares_of([AdaptiveMixUp(distance=each, seed=1) for each in DISTANCES], batch)
        for batch in (x, whole)
    )
    np.testing.assert_allclose(of_structure, of_whole, atol=1e-5)


@pytest.mark.usefixtures("known_noise")
def test_features_are_what_is_compared(shares_of):
    x = data()
    wide = x.astype("float64").sum(axis=1)
    relative = reference.over_mean(reference.sqeuclidean(wide, wide[ROWS]), ROWS)
    layer = AdaptiveMixUp("exponential", features=lambda x: x[:, 0] + x[:, 1] + x[:, 2])
    assert_shares(shares_of(layer, x), reference.exponential(relative))


@pytest.mark.usefixtures("known_noise")
def test_an_encoder_runs_as_in_inference_and_without_a_gradient(mode):
    encoder = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)]
    )
    encoder.trainable = False
    x = data(shape=(SIZE, 6))
    kernel = keras.ops.convert_to_numpy(encoder.layers[0].kernel).astype("float64")
    z = x @ kernel
    relative = reference.over_mean(reference.sqeuclidean(z, z[ROWS]), ROWS)
    layer = AdaptiveMixUp("exponential", features=encoder)
    assert_shares(in_model(mode)(layer, x), reference.exponential(relative))
    _, y = layer(x, np.eye(SIZE, dtype="float32"))
    assert isinstance(y, np.ndarray)
    assert_shares(1 - np.diag(y), reference.exponential(relative))


@pytest.mark.usefixtures("known_noise")
@pytest.mark.parametrize("policy", [*SMOOTH, lambda d, _: 1 / (1 + d)])
def test_no_gradient_flows_through_lam(policy, mode):
    """The gradient is that of the plan as it stands, by finite differences."""
    x, upstream = data(1, (SIZE, 2)), data(2, (SIZE, 2))
    layer = AdaptiveMixUp(policy)

    def value(x):
        return keras.ops.sum(keras.ops.multiply(plan_of(layer, x).mix(x), upstream))

    gradient = gradient_of(value, x, mode)
    plan = to_numpy(plan_of(layer, keras.ops.convert_to_tensor(x)))
    share = plan.share.astype("float64")[:, None]
    rng = np.random.default_rng(3)
    direction, eps = rng.normal(size=x.shape), 1e-3

    def mixed(x, share):
        return np.sum(((1 - share) * x + share * x[plan.partners]) * upstream)

    up, down = x + eps * direction, x - eps * direction
    frozen = (mixed(up, share) - mixed(down, share)) / (2 * eps)
    assert np.sum(gradient * direction) == pytest.approx(frozen, rel=1e-3)

    def moved(x):
        plan = plan_of(layer, keras.ops.convert_to_tensor(x.astype("float32")))
        share = to_numpy(plan.share)[:, None].astype("float64")
        return mixed(x, share)

    # With λ free to move, the value changes otherwise: the test can fail.
    free = (moved(up) - moved(down)) / (2 * eps)
    assert abs(free - frozen) > 0.01 * abs(frozen)


def plan_of(layer, x):
    return layer.draw_plan(x, **{**layer._arguments_in_model(x), "loss": None})


def test_alpha_0_and_prob_0_mix_nothing(shares_of):
    layers = {
        (policy, off): AdaptiveMixUp(policy, fold=False, pairing="roll", **{off: 0})
        for policy in ("similarity", "exponential", policies.Fixed(0.3))
        for off in ("alpha", "prob")
    }
    for shares in shares_of([*layers.values()], data()):
        assert (shares == 0).all()
    for (_, off), layer in layers.items():
        setattr(layer, off, 1.0)
    for shares in shares_of([*layers.values()], data()):
        assert (shares > 0).any()


def test_without_folding_lam_is_that_of_the_policy(shares_of):
    layer = AdaptiveMixUp(policies.Fixed(0.2), fold=False, pairing="roll")
    np.testing.assert_allclose(shares_of(layer, data()), 0.8, atol=1e-6)
    layer = AdaptiveMixUp(policies.Fixed(0.2), pairing="roll")
    np.testing.assert_allclose(shares_of(layer, data()), 0.2, atol=1e-6)


@pytest.mark.usefixtures("known_noise")
def test_what_no_policy_decides_is_that_of_mixup(shares_of):
    class OwnDraw(policies.Policy):
        needs_distance = False

        def __call__(self, sampler, distance, loss):
            return sampler.beta(1.0)

    arguments = {"alpha": 0.4, "prob": 0.5, "fold": False, "pairing": "derangement"}
    plain = shares_of(MixUp(**arguments), data())
    found = shares_of(AdaptiveMixUp(OwnDraw(), **arguments), data())
    np.testing.assert_allclose(found, plain, atol=1e-6)
    assert 0.2 < (plain > 0).mean() < 0.8


def test_a_config_makes_the_layer_again():
    layer = AdaptiveMixUp(
        policies.Shuffled(policies.SimilarityKernel(0.5, 0.4)),
        0.7,
        distance="cosine",
        features=keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]),
        prob=0.25,
        pairing="roll",
        seed=4,
    )
    restored = AdaptiveMixUp.from_config(layer.get_config())
    assert restored.get_config() == layer.get_config()
    assert restored.policy.policy.tau_std == 0.4
    assert restored.distance is cosine
    assert (restored.alpha, restored.prob, restored.seed) == (0.7, 0.25, 4)


@keras.saving.register_keras_serializable(package="tests")
def taxicab(x, y):
    return keras.ops.sum(keras.ops.abs(x - y), axis=-1)


def test_a_model_comes_back_with_policy_distance_and_encoder(tmp_path):
    encoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    layer = AdaptiveMixUp(
        policies.ExponentialDistance(2.0), distance=taxicab, features=encoder, seed=1
    )
    model = keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras").layers[0]
    x = data(shape=(SIZE, 2))
    one, other = (to_numpy(train_call(mix, x, "eager")[1]) for mix in (layer, loaded))
    np.testing.assert_array_equal(one.partners, other.partners)
    np.testing.assert_array_equal(one.share, other.share)
    assert loaded.distance is taxicab


# Bad input.


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"policy": "near"}, ValueError, "exponential.*similarity.*'near'"),
        ({"policy": 1}, TypeError, "`policy` must be one of"),
        ({"distance": "l2"}, ValueError, "cosine.*euclidean.*sqeuclidean.*'l2'"),
        ({"distance": 1}, TypeError, "`distance` must be one of"),
        ({"features": "encoder"}, TypeError, "`features` must be a layer"),
        ({"per_sample": False}, ValueError, "`per_sample=False` draws one λ a batch"),
        ({"alpha": -1}, ValueError, "`alpha` must be finite and ≥ 0"),
        ({"prob": 2}, ValueError, "`prob` must be in"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        AdaptiveMixUp(**arguments)


EAGER_WAYS = [through_numpy, through_backend]


@pytest.mark.parametrize("through", EAGER_WAYS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"policy": lambda d, _: d[:3]}, ValueError, r"\(24,\).*of shape \(3,\)"),
        ({"policy": lambda d, _: d[:, None]}, ValueError, r"of shape \(24, 1\)"),
        ({"policy": lambda d, _: 1.5 + 0 * d}, ValueError, r"λ in \[0, 1\].*1\.5"),
        ({"policy": lambda d, _: -d}, ValueError, r"λ in \[0, 1\].*λ = -"),
        ({"policy": lambda d, _: d / 0.0 * 0}, ValueError, "λ = nan"),
        ({"policy": lambda d, _: "much"}, TypeError, "λ in.*'much'"),
        ({"policy": lambda d, _: None}, TypeError, "λ in.*None"),
        (
            {"distance": lambda x, y: x},
            ValueError,
            r"one number per pair.*\(24, 3, 2\)",
        ),
        ({"distance": lambda x, y: 1.0}, TypeError, r"one number per pair.*: 1\.0"),
        ({"features": lambda x: x[1:]}, ValueError, "`features` must have 24 samples"),
        ({"features": lambda x: None}, TypeError, "`features` must hold"),
        ({"policy": "inverse_loss"}, ValueError, "not known in a data pipeline"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_bad_results_of_callables(arguments, error, message, through):
    with pytest.raises(error, match=message):
        through(AdaptiveMixUp(**arguments), data(), np.eye(SIZE, dtype="float32"))


def test_a_function_that_needs_a_loss_is_told_that_a_pipeline_has_none():
    layer = AdaptiveMixUp(lambda distance, loss: distance + loss)
    with pytest.raises(TypeError) as error:
        layer(data(), np.eye(SIZE))
    assert "`loss=None`" in error.value.__notes__[0]


def test_a_loss_policy_in_a_dataset_says_where_it_belongs():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensors((data(), np.eye(SIZE)))
    with pytest.raises(ValueError, match="Put the layer in the model"):
        dataset.map(AdaptiveMixUp("inverse_loss"))


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="that can compute")
def test_an_encoder_of_another_backend_in_a_dataset():
    tf = pytest.importorskip("tensorflow")
    encoder = keras.Sequential([keras.Input((3, 2)), keras.layers.Flatten()])
    dataset = tf.data.Dataset.from_tensors((data(), np.eye(SIZE)))
    with pytest.raises(ValueError, match="cannot compute in a `tf.data` pipeline"):
        dataset.map(AdaptiveMixUp(features=encoder))


def test_features_are_built_with_the_model():
    encoder = keras.layers.Dense(3, trainable=False, kernel_initializer="ones")
    mix = AdaptiveMixUp("exponential", features=encoder)
    model = keras.Sequential([mix, keras.layers.Dense(2, activation="softmax")])
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile("sgd", loss, **QUICK)
    x = np.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    model.fit(x, np.arange(8) % 2, verbose=0)
    np.testing.assert_array_equal(to_numpy(encoder.kernel), np.ones((5, 3)))


def test_rows_that_are_not_finite_are_far_from_all_others(shares_of):
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    x[3, 1] = np.nan
    layer = AdaptiveMixUp("exponential", pairing="roll")
    share = shares_of(layer, x)
    partner = np.roll(x, 1, axis=0)
    squared = ((x - partner).astype("float64") ** 2).sum(1)
    mean = np.nanmean(squared)
    expected = np.where(np.isnan(squared), 0, np.exp(-squared / mean) / 2)
    np.testing.assert_allclose(share, expected, rtol=1e-4, atol=1e-6)


def test_distances_of_half_precision_are_measured_in_float32():
    x = np.random.default_rng(0).integers(0, 256, (8, 50)).astype("float16")
    layer = AdaptiveMixUp(
        "exponential",
        pairing="roll",
        dtype="float16",
        distance=lambda a, b: keras.ops.sum(keras.ops.square(a - b), axis=-1),
    )
    layer(keras.ops.convert_to_tensor(x), training=True)
    squared = ((x - np.roll(x, 1, axis=0)).astype("float64") ** 2).sum(1)
    expected = np.exp(-squared / squared.mean()) / 2
    np.testing.assert_allclose(to_numpy(layer.plan.share), expected, rtol=1e-4)


def test_a_distance_below_0():
    layer = AdaptiveMixUp("exponential", distance=lambda a, b: -abs(a - b)[:, 0])
    with pytest.raises(ValueError, match=r"`distance` must be ≥ 0\. Received: -"):
        layer(np.float32([[0.0], [1.0], [3.0]]), np.float32([0, 1, 2]))


@pytest.mark.skipif(BACKEND == "tensorflow", reason="there, both are TensorFlow's")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("policy", {"policy": lambda distance, loss: keras.ops.exp(-distance)}),
        ("distance", {"distance": lambda a, b: keras.ops.sum(a - b, axis=-1)}),
    ],
)
def test_keras_operations_of_another_backend_in_a_pipeline(name, arguments):
    tf = pytest.importorskip("tensorflow")
    x = np.ones((4, 2), "float32")
    dataset = tf.data.Dataset.from_tensors((x, x))
    with pytest.raises(TypeError, match=rf"`{name}` failed on .*`tf\.data` pipeline"):
        dataset.map(AdaptiveMixUp(**arguments))


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool", "float16"])
def test_a_distance_of_the_users_sees_floats(dtype):
    def by_hand(x, y):
        return keras.ops.sum((x - y) * (x - y), axis=-1)

    x = np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 256, (8, 5))
    squared = ((x - np.roll(x, 1, axis=0)) ** 2).sum(1)
    layer = AdaptiveMixUp("exponential", distance=by_hand, pairing="roll")
    layer(keras.ops.convert_to_tensor(x.astype(dtype)), training=True)
    expected = np.exp(-squared / squared.mean()) / 2
    np.testing.assert_allclose(to_numpy(layer.plan.share), expected, rtol=1e-4)
