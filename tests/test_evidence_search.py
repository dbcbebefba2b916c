import dataclasses

import numpy as np
import pytest

from benchmarks.evidence.data import Split

pytest.importorskip("jax")

from benchmarks.evidence.search import beta
from benchmarks.evidence.search import network
from benchmarks.evidence.search import noise as noises
from benchmarks.evidence.search import rules
from benchmarks.evidence.search import sets
from benchmarks.evidence.search import training
from benchmarks.evidence.search import views
from benchmarks.evidence.search.methods import FLAT
from benchmarks.evidence.search.methods import METHODS
from benchmarks.evidence.search.methods import Method
from benchmarks.evidence.search.methods import control

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)).astype("float32")
Y = RNG.integers(0, 4, 40)
LABELS = np.eye(4, dtype="float32")[Y]
SMALL = dataclasses.replace(
    sets.SETS["mnist1000"], units=(5, 6), batch_size=8, rate=0.01, classes=4
)
SPLIT = Split(X, Y, X, Y)


def trained(method, epochs=4, seed=0):
    """Weights, mean λ and gaps, as arrays of NumPy."""
    weights, lams, gaps = training.trained(SMALL, method, epochs, seed, SPLIT)
    flat = np.concatenate([np.ravel(part) for layer in weights for part in layer])
    return flat, np.asarray(lams), np.asarray(gaps)


def of_a_batch(method, seed=0):
    """λ of one batch of all samples, and what is known of it."""
    rng = np.random.default_rng(seed)
    weights = network.first_weights(rng, (3, 5, 6, 4))
    drawn = noises.draw(rng, np.arange(40), 1, 40)
    drawn = noises.Noise(*(part[0, 0] for part in drawn[:4]), epoch=0)
    x, y = X[drawn.order], LABELS[drawn.order]
    view = views.look(weights, x, y)
    batch = (weights, x, y, drawn.partners)
    known, _ = views.known_of(view, 0.5, *batch, drawn.uniforms)
    return np.asarray(training.lambdas(method, view, 0.5, *batch, drawn)), known, drawn


@pytest.mark.parametrize("c", [0.05, 0.2, 1.0, 2.0, 7.0, 60.0])
def test_lambdas_are_those_of_a_folded_beta_distribution(c):
    from scipy import stats

    u = (np.arange(4000) + 0.5) / 4000
    found = np.asarray(beta.own_share(u, np.full(4000, c)))
    assert (np.diff(found) >= 0).all()
    assert 0.5 <= found.min() <= found.max() <= 1
    # By the other tail, which float64 can tell from 1.
    folded = 1 - stats.beta(c, c).ppf((1 - u) / 2)
    np.testing.assert_allclose(found, folded, atol=0.02)
    np.testing.assert_allclose(found[:3900], folded[:3900], atol=2e-3)
    assert found.mean() == pytest.approx(folded.mean(), abs=1e-3)


def test_the_ends_of_the_concentration():
    u = np.array([0.0, 0.3, 0.999])
    assert np.asarray(beta.own_share(u, 0.0)).tolist() == [1, 1, 1]
    assert np.asarray(beta.own_share(u, 1e9))[0] == 0.5
    np.testing.assert_allclose(beta.own_share(u, 1.0), (1 + u) / 2, atol=1e-3)


def test_noise_has_each_sample_once_an_epoch_and_each_partner_once_a_batch():
    drawn = noises.draw(np.random.default_rng(1), np.arange(10, 20), 3, 5)
    assert drawn.order.shape == drawn.partners.shape == (3, 2, 5)
    for epoch in drawn.order:
        assert sorted(epoch.ravel()) == list(range(10, 20))
    for places in (drawn.partners, drawn.shuffle):
        assert (np.sort(places, axis=-1) == np.arange(5)).all()
    assert (drawn.partners != drawn.shuffle).any()


@pytest.mark.parametrize("name", FLAT)
def test_a_control_has_the_lambdas_of_its_rule_in_another_order(name):
    own, _, drawn = of_a_batch(METHODS[name])
    other, _, _ = of_a_batch(METHODS[control(name)])
    assert own.shape == (40,)
    assert ((own >= 0) & (own <= 1)).all()
    if FLAT[name].holds_out:
        assert (own == other).all()
    else:
        np.testing.assert_array_equal(own[drawn.shuffle], other)
        assert (own != other).any()


def test_what_is_known_of_a_pair():
    _, known, drawn = of_a_batch(METHODS["near"])
    weights = network.first_weights(np.random.default_rng(0), (3, 5, 6, 4))
    x, y, partners = X[drawn.order], Y[drawn.order], drawn.partners
    hidden = x
    for kernel, _ in weights[:-1]:
        hidden = np.maximum(hidden @ kernel, 0)
    p = np.exp(hidden @ weights[-1][0])
    p /= p.sum(axis=1, keepdims=True)
    own = np.arange(40)
    expected = {
        "p": p[own, y],
        "partner_p": p[partners, y[partners]],
        "cross": p[own, y[partners]],
        "partner_cross": p[partners, y],
        "rank": np.argsort(np.argsort(-p[own, y])) / 39,
        "same": y == y[partners],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(getattr(known, name), values, rtol=1e-4)
    distance = np.linalg.norm(hidden - hidden[partners], axis=1)
    np.testing.assert_allclose(known.distance, distance / distance.mean(), rtol=1e-4)
    # Unmixed, the loss is that of the sample, and its label is one of the two.
    loss, labels = known.blend(np.ones(40, "float32"))
    np.testing.assert_allclose(loss, -np.log(p[own, y]), rtol=1e-4)
    both = np.where(y == y[partners], 0, p[own, y[partners]]) + p[own, y]
    np.testing.assert_allclose(labels, both, rtol=1e-4)


def test_rules_by_hand():
    own, known, drawn = of_a_batch(METHODS["2(1 − p)"])
    first = drawn.uniforms[0]
    np.testing.assert_allclose(own, beta.own_share(first, 2 - 2 * known.p), rtol=1e-6)
    lower, _, _ = of_a_batch(METHODS["lower p dominates"])
    lam = np.asarray(beta.own_share(first, 1.0))
    mine = np.asarray(known.p <= known.partner_p)
    np.testing.assert_allclose(lower, np.where(mine, lam, 1 - lam), rtol=1e-6)
    least, _, _ = of_a_batch(METHODS["of two λ the lower loss"])
    other = np.asarray(beta.own_share(drawn.uniforms[1], 1.0))
    losses = np.stack([known.blend(lam)[0], known.blend(other)[0]])
    expected = np.where(losses[0] < losses[1], lam, other)
    np.testing.assert_allclose(least, expected, rtol=1e-6)
    same, _, _ = of_a_batch(METHODS["same class"])
    np.testing.assert_allclose(same, np.where(known.same, lam, 1), rtol=1e-6)


def test_a_rule_of_one_concentration_is_plain_mixup():
    one = rules.concentration(lambda known: 1 + 0 * known.p)
    expected = trained(METHODS["mixup, α = 1"])
    for found in (trained(Method(one)), trained(METHODS["mixup, α = 1"])):
        for one_of, of_plain in zip(found, expected):
            np.testing.assert_allclose(one_of, of_plain, rtol=1e-5, atol=1e-6)
    assert 0.5 < expected[1].mean() < 1
    assert np.abs(trained(METHODS["2(1 − p)"])[0] - expected[0]).max() > 1e-3


def test_without_mixup_training_is_that_of_keras():
    import keras

    model = keras.Sequential(
        [keras.layers.Dense(u, "relu") for u in SMALL.units] + [keras.layers.Dense(4)]
    )
    model.build((None, 3))
    rng = np.random.default_rng((0, 0))
    weights = network.first_weights(rng, (3, 5, 6, 4))
    model.set_weights([part for layer in weights for part in layer])
    order = noises.draw(rng, np.arange(40), 4, 8).order.reshape(-1, 8)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    for batch in order:
        model.train_on_batch(X[batch], Y[batch])
    expected = np.concatenate([np.ravel(part) for part in model.get_weights()])
    found, lams, _ = trained(METHODS["no mixup"])
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    assert (lams == 1).all()


def test_cooldown_ends_without_mixup():
    _, lams, _ = trained(METHODS["mixup, α = 1, cooldown"], epochs=12)
    assert (lams[:10] < 1).all()
    assert (lams[10:] == 1).all()


def test_the_control_of_the_gap_has_the_same_gaps_in_another_order():
    _, lams, gaps = trained(METHODS["gap"], epochs=8)
    _, other_lams, others = trained(METHODS[control("gap")], epochs=8)
    np.testing.assert_allclose(np.sort(gaps), np.sort(others), rtol=1e-6)
    assert (gaps != others).any()
    assert lams.shape == other_lams.shape == (8,)


@pytest.mark.parametrize("source", ["average", "other", "fold"])
def test_other_networks_give_other_lambdas(source):
    rule = rules.concentration(lambda known: 2 * known.p, source=source)
    found = trained(Method(rule))[1]
    assert np.isfinite(found).all()
    assert np.abs(found - trained(METHODS["2p"])[1]).max() > 1e-5


def test_each_half_is_in_the_view_of_the_other_one():
    first, second = (
        views.look(
            network.first_weights(np.random.default_rng(s), (3, 5, 4)), X, LABELS
        )
        for s in (0, 1)
    )
    found = views.of_the_other_half(first, second, LABELS)
    np.testing.assert_array_equal(found.log_p[:20], second.log_p[:20])
    np.testing.assert_array_equal(found.log_p[20:], first.log_p[20:])
    np.testing.assert_allclose(found.loss[:20], second.loss[:20], rtol=1e-6)


def test_wrong_labels_are_of_other_classes():
    pytest.importorskip("mnist1d")
    clean, noisy = sets.curves(0), sets.curves(0, noise=30)
    assert np.mean(clean.y != noisy.y) == pytest.approx(0.3, abs=0.03)
    np.testing.assert_array_equal(clean.y_test, noisy.y_test)
    np.testing.assert_array_equal(sets.curves(1).y, clean.y)
    assert (sets.curves(1, noise=30).y != noisy.y).any()
