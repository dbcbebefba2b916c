import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import policies
from keras_mixup.policies import ExponentialDistance
from keras_mixup.policies import Fixed
from keras_mixup.policies import InverseLoss
from keras_mixup.policies import LinearDistance
from keras_mixup.policies import Shuffled
from keras_mixup.policies import SimilarityKernel
from keras_mixup.policies.sampler import Sampler
from tests import reference
from tests.modes import run
from tests.modes import to_numpy

LOSS = np.float32(1.5)


def draws(size=64, seed=0):
    """Uniforms, and distances relative to their mean."""
    rng = np.random.default_rng(seed)
    u, v, key = rng.random((3, size), dtype="float32")
    distance = rng.gamma(4, 1 / 4, size).astype("float32")
    return u, v, key, distance


def lam_of(policy, u, v, key, distance, mode, alpha=1.0, real=None):
    real = np.ones(len(u), bool) if real is None else real

    def law(u, v, key, distance, loss, real):
        return policy(Sampler(u, v, alpha, key, real), distance, loss)

    return run(law, mode, u, v, key, distance, LOSS, real)


FORMULAS = {
    "similarity": (SimilarityKernel(), lambda u, v, d: reference.similarity(u, v, d)),
    "narrow similarity": (
        SimilarityKernel(0.5, 0.6),
        lambda u, v, d: reference.similarity(u, v, d, 0.5, 0.6),
    ),
    "exponential": (ExponentialDistance(), lambda u, v, d: 1 - np.exp(-d) / 2),
    "rate 2": (ExponentialDistance(2), lambda u, v, d: 1 - np.exp(-2 * d) / 2),
    "literal exponential": (
        ExponentialDistance(0.5, literal=True),
        lambda u, v, d: np.exp(-d / 2),
    ),
    "linear": (LinearDistance(), lambda u, v, d: np.where(d < 1, 0.5 + d / 2, 1)),
    "slope 0.5": (
        LinearDistance(0.5),
        lambda u, v, d: np.where(d < 2, 0.5 + d / 4, 1),
    ),
    "literal linear": (
        LinearDistance(literal=True),
        lambda u, v, d: np.where(d < 1, 1 - d, 0),
    ),
    "inverse loss": (InverseLoss(), lambda u, v, d: 0.4),
    "fixed": (Fixed(0.7), lambda u, v, d: np.full(len(d), 0.7)),
    "function": (
        policies.get(lambda distance, loss: loss / (loss + distance)),
        lambda u, v, d: 1.5 / (1.5 + d),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_policy_is_its_formula(name, mode):
    policy, formula = FORMULAS[name]
    u, v, key, distance = draws()
    lam = lam_of(policy, u, v, key, distance, mode)
    expected = formula(u, v, distance.astype("float64"))
    np.testing.assert_allclose(lam, expected, atol=1e-5)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_policy_on_numpy_arrays_is_its_formula(name):
    policy, formula = FORMULAS[name]
    u, v, key, distance = draws()
    sampler = Sampler(u, v, 1.0, key, np.ones(64, bool))
    lam = to_numpy(policy(sampler, distance, LOSS))
    np.testing.assert_allclose(
        lam, formula(u, v, distance.astype("float64")), atol=1e-5
    )


@pytest.mark.parametrize("relative", [0.5, 0.8, 1.0, 1.1])
def test_similarity_draws_from_the_beta_of_its_distance(relative, mode):
    tau = np.exp(-(relative - 1) / (2 * 0.25**2))
    u, v, key, _ = draws(100_000)
    distance = np.full(100_000, relative, "float32")
    lam = lam_of(SimilarityKernel(), u, v, key, distance, mode)
    assert stats.kstest(lam, stats.beta(tau, tau).cdf).pvalue > 1e-3
    # The test can tell: another concentration fails it.
    assert stats.kstest(lam, stats.beta(1.3 * tau, 1.3 * tau).cdf).pvalue < 1e-6


def test_alpha_scales_the_concentration(mode):
    u, v, key, distance = draws()
    scaled = lam_of(SimilarityKernel(), u, v, key, distance, mode, alpha=0.5)
    np.testing.assert_allclose(
        scaled, lam_of(SimilarityKernel(0.5), u, v, key, distance, mode), atol=1e-6
    )
    off = lam_of(SimilarityKernel(), u, v, key, distance, mode, alpha=0.0)
    assert (off == 1).all()


@pytest.mark.parametrize("tau_std", [1e-6, 1e-3, 0.25, 1e3, 1e30])
@pytest.mark.parametrize("tau_max", [1e-30, 1.0, 1e15])
def test_similarity_is_finite_at_every_width(tau_max, tau_std, mode):
    u, v, key, _ = draws(8)
    u[:2] = 0, 1 - 2**-24
    distance = np.float32([0, 1e-30, 0.5, 1, 1.5, 8, 128, 1e30])
    policy = SimilarityKernel(tau_max, tau_std)
    lam = lam_of(policy, u, v, key, distance, mode)
    assert ((lam >= 0) & (lam <= 1)).all()
    real = np.ones(8, bool)
    plain = policy(Sampler(u, v, 1.0, key, real), distance, None)
    np.testing.assert_allclose(lam, plain, atol=1e-4)


@pytest.mark.parametrize("policy", [SimilarityKernel(), ExponentialDistance()])
def test_near_pairs_mix_more_than_far_ones_but_not_under_the_control(policy, mode):
    u, v, key, distance = draws(4000)

    def correlation(policy):
        lam = lam_of(policy, u, v, key, distance, mode)
        return stats.spearmanr(distance, np.minimum(lam, 1 - lam)).statistic

    assert correlation(policy) < -0.5
    # Four standard errors of a correlation of 0.
    assert abs(correlation(Shuffled(policy))) < 4 / np.sqrt(4000)


def test_the_control_keeps_the_law_of_the_real_pairs_to_the_last_value(mode):
    u, v, key, distance = draws(65)
    real = np.arange(65) % 4 > 0
    distance[~real] = 0
    lam = lam_of(ExponentialDistance(), u, v, key, distance, mode)
    control = lam_of(Shuffled("exponential"), u, v, key, distance, mode, real=real)
    np.testing.assert_array_equal(np.sort(control[real]), np.sort(lam[real]))
    np.testing.assert_array_equal(control[~real], lam[~real])
    assert (control[real] != lam[real]).mean() > 0.8


def test_the_control_deals_every_value_to_every_pair_alike():
    rng = np.random.default_rng(1)
    real = np.array([True, False, True, True])
    counts = np.zeros((4, 4))
    for _ in range(3000):
        key = rng.random(4, dtype="float32")
        sampler = Sampler(key, key, 1.0, key, real)
        counts[np.arange(4), sampler.shuffle(np.arange(4))] += 1
    assert counts[1].tolist() == [0, 3000, 0, 0]
    assert stats.chisquare(counts[real][:, real].ravel()).pvalue > 1e-3


@pytest.mark.parametrize(
    "policy",
    [
        SimilarityKernel(2.0, 0.5),
        ExponentialDistance(3.0, literal=True),
        LinearDistance(0.3, literal=True),
        InverseLoss(0.75),
        Fixed(0.6),
        Shuffled(SimilarityKernel(2.0, 0.5)),
    ],
)
def test_a_policy_comes_back_from_its_config(policy):
    restored = policies.get(policies.serialize(policy))
    assert type(restored) is type(policy)
    assert restored.get_config() == policy.get_config()
    for name in ("normalize", "needs_distance", "needs_loss", "decay"):
        assert getattr(restored, name) == getattr(policy, name)


@keras.saving.register_keras_serializable(package="tests")
def far_first(distance, loss):
    return 1 / (1 + distance)


def test_a_registered_function_comes_back_from_its_config():
    restored = policies.get(policies.serialize(policies.get(far_first)))
    assert restored.function is far_first


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("similarity", SimilarityKernel),
        ("exponential", ExponentialDistance),
        ("linear", LinearDistance),
        ("inverse_loss", InverseLoss),
    ],
)
def test_a_name_is_a_policy_of_its_defaults(name, kind):
    for policy in (policies.get(name), policies.get(kind)):
        assert type(policy) is kind
        assert policy.get_config() == kind().get_config()


def test_the_defaults():
    assert SimilarityKernel().get_config() == {"tau_max": 1.0, "tau_std": 0.25}
    assert ExponentialDistance().get_config() == {"rate": 1.0, "literal": False}
    assert LinearDistance().get_config() == {"slope": 1.0, "literal": False}
    assert InverseLoss().get_config() == {"decay": 0.9}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SimilarityKernel(tau_max=0), ValueError, "`tau_max` .* > 0"),
        (lambda: SimilarityKernel(tau_max=-1), ValueError, "tau_max=-1"),
        (lambda: SimilarityKernel(tau_std=0), ValueError, "`tau_std` .* > 0"),
        (lambda: SimilarityKernel(tau_std=float("nan")), ValueError, "tau_std=nan"),
        (lambda: SimilarityKernel("wide"), TypeError, "`tau_max`.*'wide'"),
        (lambda: ExponentialDistance(-1), ValueError, "`rate` .* ≥ 0.*rate=-1"),
        (lambda: ExponentialDistance(float("inf")), ValueError, "`rate`.*finite"),
        (lambda: ExponentialDistance(literal=1), TypeError, "`literal`"),
        (lambda: LinearDistance(-0.5), ValueError, "`slope` .* ≥ 0"),
        (lambda: InverseLoss(1.0), ValueError, "`decay` must be .* < 1"),
        (lambda: InverseLoss(-0.1), ValueError, "`decay`"),
        (lambda: Fixed(1.5), ValueError, "`lam` .*≤ 1.*lam=1.5"),
        (lambda: Fixed(None), TypeError, "`lam`"),
        (lambda: Shuffled("inverse_loss"), ValueError, "looks at distances"),
        (lambda: Shuffled(Fixed(0.5)), ValueError, "looks at distances"),
        (
            lambda: policies.get("similar"),
            ValueError,
            "exponential.*inverse_loss.*linear.*similarity.*'similar'",
        ),
        (lambda: policies.get(3), TypeError, "`policy` must be one of.*3"),
        (lambda: policies.get(None), TypeError, "`policy` must be one of.*None"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_policy_without_a_rule():
    with pytest.raises(NotImplementedError, match="Policy must define `__call__`"):
        policies.Policy()(None, None, None)
