import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup.random import dirichlet
from tests.data.test_pipeline import WAYS
from tests.modes import run
from tests.modes import to_numpy
from tests.modes import train_call

DRAWS = 40_000
# Of the Kolmogorov distance, once in 10,000 tests.
CRITICAL = 2.23 / np.sqrt(DRAWS)


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    return request.param


def weights_of(alpha, count, mode, size=DRAWS):
    noise = np.random.default_rng(3).random((dirichlet.draws(count), size), "float32")
    return run(
        lambda u: dirichlet.dirichlet_from_uniforms(u, alpha, count), mode, noise
    )


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("alpha", [0.1, 1, 20])
def test_each_weight_follows_its_beta_law(alpha, count, mode):
    weights = weights_of(alpha, count, mode)
    more = (count - 1) * alpha
    own, rest = stats.beta(alpha, more), stats.beta(more, alpha)
    at = np.geomspace(1e-30, 0.5, 200)
    weights = np.float64(weights)
    for i, weight in enumerate(weights):
        # Near 1 a float is rounded, where what is left for the others is not.
        for side, law in ((weight, own), (np.delete(weights, i, 0).sum(0), rest)):
            below = np.searchsorted(np.sort(side), at) / DRAWS
            assert np.abs(below - law.cdf(at)).max() < CRITICAL
    np.testing.assert_allclose(sum(weights), 1, atol=3e-7)


@pytest.mark.parametrize("alpha", [0.1, 1, 20])
def test_weights_hang_together_as_the_law_says(alpha):
    first, second, third = np.float64(weights_of(alpha, 3, "eager"))
    # The share of one in what two have is independent of the third.
    both = first + second > 1e-30
    share = (first / (first + second + ~both))[both]
    small = (np.minimum(first, second) / (first + second + ~both))[both]
    law = stats.beta(alpha, alpha)
    critical = 2.23 / np.sqrt(both.sum())
    assert stats.kstest(small, lambda m: 2 * law.cdf(m)).statistic < critical
    assert abs(np.mean(share > 0.5) - 0.5) < critical
    assert abs(stats.spearmanr(share, third[both]).statistic) < 0.025
    total = 3 * alpha
    covariance = -(alpha**2) / total**2 / (total + 1)
    np.testing.assert_allclose(np.cov(first, second)[0, 1], covariance, rtol=0.05)


@pytest.mark.parametrize("alpha", [1e-20, 1e-3, 1, 1e6, 1e20])
def test_weights_are_finite_for_any_concentration(alpha, mode):
    weights = np.array(weights_of(alpha, 3, mode, 2000))
    assert np.isfinite(weights).all()
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(0), 1, atol=3e-7)
    if alpha > 1e5:
        np.testing.assert_allclose(weights, 1 / 3, atol=3e-3)


def test_corners_of_the_uniforms_are_finite(mode):
    for corner in (0.0, 0.5, 1 - 2**-24):
        noise = np.full((dirichlet.draws(3), 2), corner, "float32")
        for alpha in (1e-3, 1.0, 32.0):
            weights = run(
                lambda u, alpha=alpha: dirichlet.dirichlet_from_uniforms(u, alpha, 3),
                mode,
                noise,
            )
            # All three draws are made of the same numbers.
            np.testing.assert_allclose(weights, 1 / 3, rtol=1e-6)


def test_without_a_concentration_the_first_is_all():
    first, *others = weights_of(0.0, 3, "eager", 50)
    np.testing.assert_array_equal(first, 1)
    np.testing.assert_array_equal(others, 0)


def test_the_largest_changes_places_with_the_first():
    weights = np.float32([[0.2, 0.5, 0.1], [0.7, 0.2, 0.1], [0.1, 0.3, 0.8]]).T
    folded = dirichlet.with_largest_first(np.float32(weights))
    expected = [[0.5, 0.7, 0.8], [0.2, 0.2, 0.3], [0.1, 0.1, 0.1]]
    np.testing.assert_array_equal(np.array(folded), np.float32(expected))


def test_of_several_that_are_the_largest_one_changes_places(mode):
    weights = np.float32([[0, 0.5, 0.5], [0.4, 0.4, 0.2], [0.2, 0.4, 0.4]])
    folded = run(dirichlet.with_largest_first, mode, weights.T)
    expected = np.float32([[0.5, 0, 0.5], [0.4, 0.4, 0.2], [0.4, 0.2, 0.4]])
    np.testing.assert_array_equal(folded.T, expected)
    on_numpy = dirichlet.with_largest_first(weights.T)
    np.testing.assert_array_equal(on_numpy.T, expected)


def kept(mixed):
    """The weight that every sample has in each mixed sample, of codes that tell."""
    return np.asarray(mixed, "float64")


@pytest.mark.parametrize("fold", [True, False])
def test_rows_are_mixed_by_their_plan(fold, mode):
    codes = np.eye(6, dtype="float32")
    mixed, plan = train_call(MixUp(1.0, num_samples=3, fold=fold, seed=2), codes, mode)
    assert plan.partners.shape == plan.share.shape == (6, 2)
    expected = plan.lam[:, None] * codes
    for rows, share in zip(plan.partners.T, plan.share.T):
        expected = expected + share[:, None] * codes[rows]
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(kept(mixed).sum(1), 1, rtol=1e-6)
    dominates = plan.lam >= plan.share.max(1)
    assert dominates.all() == fold


def test_folded_weights_are_the_law_with_its_largest_first():
    size = 20_000
    plan = to_numpy(MixPlan.draw(size, 1.0, num_samples=3, seed=1))
    drawn = np.random.default_rng(0).dirichlet([1.0] * 3, size).max(1)
    assert stats.ks_2samp(1 - plan.share.sum(1), drawn).statistic < 0.025
    # Of the others, neither is the larger.
    higher = np.mean(plan.share[:, 0] > plan.share[:, 1])
    assert abs(higher - 0.5) < 0.02


def test_labels_and_weights_are_mixed_by_the_same_plan(way):
    codes, classes = np.eye(8, dtype="float32"), np.arange(8) % 4
    weight = np.linspace(1, 2, 8, dtype="float32")
    mix = MixUp(1.0, num_samples=4, num_classes=4, seed=0)
    x, y, mixed_weight = way(mix, codes, classes, weight)
    assert ((kept(x) > 1e-3).sum(1) > 2).any()
    np.testing.assert_allclose(mixed_weight, kept(x) @ weight, rtol=1e-5)
    one_hot = np.eye(4)[classes] * weight[:, None]
    np.testing.assert_allclose(
        y, kept(x) @ one_hot / (kept(x) @ weight)[:, None], rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("pairing", ["shuffle", "derangement"])
def test_partners_are_of_the_same_shard(pairing, mode):
    codes = np.eye(12, dtype="float32")
    layer = MixUp(1.0, num_samples=3, shards=3, pairing=pairing, seed=0)
    mixed, plan = train_call(layer, codes, mode)
    assert plan.shard_partners.shape == (3, 4, 2)
    for i, row in enumerate(kept(mixed)):
        assert set(np.flatnonzero(row) // 4) == {i // 4}
        if pairing == "derangement":
            np.testing.assert_allclose(row[i], plan.lam[i], rtol=1e-5)


def test_the_loss_is_the_sum_over_all_samples(mode):
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(9, 4)).astype("float32"), np.arange(9) % 3
    p = rng.dirichlet([1.0] * 3, 9).astype("float32")
    mix = MixUp(1.0, num_samples=3, seed=3)
    loss = MixupLoss("sparse_categorical_crossentropy", mix)

    def total(x, classes, p):
        mix(x, training=True)
        return loss(classes, p), mix.plan

    if keras.backend.backend() == "jax" and mode == "jit":
        pytest.skip("a layer is called statelessly there; `fit` covers it")
    value, plan = run(total, mode, x, classes, p)
    each = -np.log(p[np.arange(9), classes])
    expected = plan.lam * each
    for rows, share in zip(plan.partners.T, plan.share.T):
        expected = expected - share * np.log(p[np.arange(9), classes[rows]])
    np.testing.assert_allclose(value, expected.mean(), rtol=1e-5)


def test_fit_learns_and_a_loaded_model_goes_on(tmp_path):
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    y = (x.sum(1) > 0).astype(int)
    mix = MixUp(1 / 3, num_samples=3, seed=1)
    model = keras.Sequential([mix, keras.layers.Dense(2, activation="softmax")])
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile(keras.optimizers.Adam(0.05), loss)
    losses = model.fit(x, y, epochs=10, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].num_samples == 3
    again = [
        each.fit(x, y, epochs=2, batch_size=16, shuffle=False, verbose=0).history
        for each in (model, loaded)
    ]
    np.testing.assert_allclose(again[0]["loss"], again[1]["loss"], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_samples": 1}, ValueError, "`num_samples` must be ≥ 2"),
        ({"num_samples": 2.5}, TypeError, "`num_samples` must be an integer"),
        ({"num_samples": 3, "pairing": "roll"}, ValueError, "one partner per sample"),
        (
            {"num_samples": 3, "pairing": "reverse"},
            ValueError,
            "one partner per sample",
        ),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        MixUp(**arguments)
    with pytest.raises(error, match=message):
        MixPlan.draw(4, **arguments)
