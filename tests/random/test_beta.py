import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import random
from keras_mixup.random.beta import folded_beta_from_uniforms
from keras_mixup.random.hashed import counted_uniforms
from keras_mixup.random.uniforms import uniform
from tests.models import BACKEND
from tests.modes import compiled
from tests.modes import run

DRAWS = 300_000


@pytest.fixture(scope="module")
def uniforms():
    generator = keras.random.SeedGenerator(5)
    return keras.ops.convert_to_numpy(uniform((2, DRAWS), generator))


def folded_cdf(alpha):
    return lambda m: 2 * stats.beta.cdf(m, alpha, alpha)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 0.4, 1, 2, 8, 32])
def test_small_side_follows_the_folded_beta_law(alpha, uniforms, mode):
    share, _ = run(lambda u, v: folded_beta_from_uniforms(u, v, alpha), mode, *uniforms)
    assert share.dtype == "float32"
    assert stats.kstest(share, folded_cdf(alpha)).statistic <= 0.003


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.05, 0.2, 1, 32])
def test_draws_are_finite_and_in_range(alpha, uniforms, mode):
    share, _ = run(lambda u, v: folded_beta_from_uniforms(u, v, alpha), mode, *uniforms)
    assert np.isfinite(share).all()
    assert share.min() >= 0
    assert share.max() <= 0.5


@pytest.mark.parametrize("alpha", [1e-3, 1e-2, 0.05])
def test_tiny_alpha_underflows_as_often_as_the_law_says(alpha, uniforms):
    share, _ = folded_beta_from_uniforms(*uniforms, alpha)
    expected = folded_cdf(alpha)(np.finfo("float32").tiny)
    spread = np.sqrt(expected * (1 - expected) / DRAWS)
    assert abs(np.mean(share < np.finfo("float32").tiny) - expected) < 4 * spread


@pytest.mark.parametrize("corner", [0.0, 2.0**-24, 0.25, 0.5, 0.75, 1 - 2.0**-24])
def test_corners_of_the_unit_square_are_finite(corner, mode):
    u, v = np.meshgrid(np.float32([0, 2**-24, 0.5, 1 - 2**-24]), np.float32([corner]))
    for alpha in [1e-3, 1.0, 32.0]:
        share, _ = run(
            lambda u, v, alpha=alpha: folded_beta_from_uniforms(u, v, alpha),
            mode,
            u.ravel(),
            v.ravel(),
        )
        assert np.isfinite(share).all()
        assert (share >= 0).all()
        assert (share <= 0.5).all()


def test_small_draws_keep_their_digits(uniforms, mode):
    share, _ = run(lambda u, v: folded_beta_from_uniforms(u, v, 0.2), mode, *uniforms)
    u, v = uniforms.astype("float64")
    z = -np.log(np.maximum(u, 2.0**-25)) / 0.2
    odds = z + np.log(-np.expm1(-z)) + 2 * np.log(np.abs(np.cos(2 * np.pi * v)))
    q = 1 / (1 + np.exp(odds))
    expected = q / (2 * (1 + np.sqrt(1 - q)))
    # Away from cos = 0, where the float32 argument of the cosine has no digits.
    steady = np.abs(np.cos(2 * np.pi * v)) > 0.01
    assert share[steady] == pytest.approx(expected[steady], rel=3e-4, abs=1e-37)
    assert (share < 2.0**-24).mean() > 0.01  # What float32 λ would round to 1.


@pytest.mark.parametrize("alpha", [0.2, 1.0, 8.0])
def test_raw_draw_follows_the_beta_law(alpha):
    lam = keras.ops.convert_to_numpy(random.beta((DRAWS,), alpha, seed=3))
    # Rounding to float32 makes the end at 1 a step, so compare below it.
    inside = np.linspace(0.001, 0.999, 999)
    empirical = np.searchsorted(np.sort(lam), inside) / DRAWS
    assert np.abs(empirical - stats.beta.cdf(inside, alpha, alpha)).max() <= 0.003


def test_tensor_alpha_gives_each_entry_its_own_law(mode):
    alphas = np.float32([0.1, 0.5, 1.0, 4.0, 32.0])
    noise = np.random.default_rng(0).random((2, 40_000, 5), dtype="float32")
    share, _ = run(folded_beta_from_uniforms, mode, *noise, alphas)
    for column, alpha in zip(share.T, alphas):
        draws = stats.beta(alpha, alpha)
        expected = draws.expect(lambda lam: min(lam, 1 - lam))
        deviation = np.sqrt(draws.expect(lambda lam: min(lam, 1 - lam) ** 2))
        assert abs(column.mean() - expected) < 4 * deviation / np.sqrt(40_000)


def test_public_functions_take_a_tensor_alpha():
    alpha = keras.ops.convert_to_tensor([0.0, -1.0, 32.0])
    lam = keras.ops.convert_to_numpy(random.beta((1000, 3), alpha, seed=0))
    share = keras.ops.convert_to_numpy(random.folded_beta((1000, 3), alpha, seed=0))
    assert (lam[:, :2] == 1).all()
    assert (share[:, :2] == 0).all()
    assert lam[:, 2].std() == pytest.approx(np.sqrt(1 / (4 * 65)), rel=0.1)
    assert np.minimum(lam, 1 - lam) == pytest.approx(share, abs=1e-6)


def test_zero_alpha_means_no_mixing():
    assert (keras.ops.convert_to_numpy(random.beta((100,), 0, seed=1)) == 1).all()
    assert (keras.ops.convert_to_numpy(random.folded_beta((100,), 0.0)) == 0).all()


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_draws_are_float32_under_every_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        lam = random.beta((1000,), 0.2, seed=4)
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(lam.dtype) == "float32"
    values = keras.ops.convert_to_numpy(lam)
    assert np.isfinite(values).all()
    assert len(np.unique(values)) > 900


def test_seeds_repeat_and_generators_move_on():
    def draw(seed):
        return keras.ops.convert_to_numpy(random.beta((50,), 1.0, seed=seed))

    assert (draw(7) == draw(7)).all()
    assert not (draw(7) == draw(8)).all()
    generator = keras.random.SeedGenerator(7)
    assert not (draw(generator) == draw(generator)).all()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="it has draws of its own there")
def test_uniforms_of_a_generator_are_those_of_keras(mode):
    ours, theirs = (keras.random.SeedGenerator(7) for _ in range(2))

    def draw():
        return uniform((3, 5), ours), keras.random.uniform((3, 5), seed=theirs)

    draw = compiled(draw, mode)
    first, second = (run(draw, "eager") for _ in range(2))
    assert (first[0] == first[1]).all()
    assert (second[0] == second[1]).all()
    assert not (first[0] == second[0]).any()


def test_generators_of_near_seeds_draw_apart():
    # On torch Keras adds both words of a seed: 1, 2, 3, … and 2, 3, 4, …
    streams = [keras.random.SeedGenerator(seed) for seed in (1, 2, 3)]
    draws = [
        keras.ops.convert_to_numpy(random.beta((20,), 1.0, seed=stream)).tobytes()
        for stream in streams
        for _ in range(4)
    ]
    assert len(set(draws)) == len(draws)


def test_draws_in_a_tf_data_graph_are_new_for_each_batch():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.range(3)
    for draw in (random.beta, random.folded_beta):

        def drawn(_, draw=draw):
            return draw((50,), 1.0)

        found = [share.numpy() for share in dataset.map(drawn)]
        assert len({share.tobytes() for share in found}) == 3
        assert (np.concatenate(found) > 0).all()


def test_a_function_of_tensorflow_draws_anew():
    tf = pytest.importorskip("tensorflow")
    drawn = tf.function(lambda: random.beta((50,), 1.0))
    assert (drawn().numpy() != drawn().numpy()).any()


def test_numpy_seeds():
    one, again, other = (
        keras.ops.convert_to_numpy(random.beta((50,), 1.0, seed=seed))
        for seed in (np.uint32([1, 2]), np.uint32([1, 2]), np.random.default_rng(0))
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


def test_an_alpha_of_another_size():
    for size in (2, 4):
        with pytest.raises(ValueError, match=r"`alpha` .*\(5, 3\).*\(.*,\)"):
            random.beta((5, 3), np.ones(size))
    assert random.beta((5, 3), np.ones((5, 1))).shape == (5, 3)


@pytest.mark.parametrize("alpha", [-0.1, float("nan"), float("inf")])
def test_bad_alpha_is_a_value_error(alpha):
    with pytest.raises(ValueError, match="`alpha` must be finite and ≥ 0"):
        random.beta((3,), alpha)


def test_a_shape_that_is_no_tuple():
    with pytest.raises(TypeError, match="`shape` must be a tuple"):
        random.beta(3, 0.2)


@pytest.mark.parametrize("alpha", ["0.2", None, True, [0.2]])
def test_alpha_of_another_type_is_a_type_error(alpha):
    with pytest.raises(TypeError, match="`alpha` must be a real number"):
        random.folded_beta((3,), alpha)


torch_only = pytest.mark.skipif(BACKEND != "torch", reason="of PyTorch")


def split_mix(counter):
    """SplitMix64 with Python's integers."""
    z = counter % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


@torch_only
@pytest.mark.parametrize("seed", [(0, 0), (1, 5), (2**31 - 1, 7), (3, 2**32 - 3)])
def test_counted_uniforms_are_those_of_split_mix(seed):
    import torch

    drawn = counted_uniforms((3, 50), torch.tensor(seed)).numpy()
    of_array = counted_uniforms((3, 50), np.array(seed))
    start = seed[0] * 0xD1342543DE82EF95 + seed[1] * 0xAEF17502108EF2D9
    steps = [start + i * 0x9E3779B97F4A7C15 for i in range(150)]
    by_hand = [(split_mix(step) >> 40) / 2**24 for step in steps]
    np.testing.assert_array_equal(drawn.ravel(), np.float32(by_hand))
    np.testing.assert_array_equal(of_array, drawn)
    assert of_array.dtype == "float32"


@torch_only
# What torch says of itself as it compiles.
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
def test_a_part_of_counted_uniforms_compiles():
    import torch

    def later(seed):
        # Positions from 16 on, which the compiler counts from there.
        return counted_uniforms((4, 8), seed)[2:]

    seed = torch.tensor([3, 5])
    found = torch.compile(later, fullgraph=True)(seed)
    np.testing.assert_array_equal(found.numpy(), later(seed).numpy())


@torch_only
def test_counted_uniforms_of_near_seeds_and_steps_are_independent():
    import torch

    drawn = np.stack(
        [
            counted_uniforms((2, 64), torch.tensor([seed, step])).numpy()
            for seed in range(30)
            for step in range(50)
        ]
    ).reshape(30, 50, 128)
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-3
    assert stats.kstest(drawn[:, :, 0].ravel(), "uniform").pvalue > 1e-3
    pairs = {
        "positions": (drawn[..., :-1], drawn[..., 1:]),
        "steps": (drawn[:, :-1], drawn[:, 1:]),
        "seeds": (drawn[:-1], drawn[1:]),
        "both": (drawn[:-1, 1:], drawn[1:, :-1]),
    }
    for name, (a, b) in pairs.items():
        counts, _, _ = np.histogram2d(a.ravel(), b.ravel(), bins=16)
        assert stats.chisquare(counts.ravel()).pvalue > 1e-3, name
