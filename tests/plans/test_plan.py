import keras
import ml_dtypes  # noqa: F401  (NumPy learns the name bfloat16)
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from keras_mixup import MixPlan
from keras_mixup import pairing
from keras_mixup.plans.noise import Noise
from keras_mixup.plans.sample_weight import weigh
from keras_mixup.plans.sampling import sampled
from keras_mixup.plans.sampling import symmetric
from tests.modes import gradient_of
from tests.modes import run
from tests.modes import to_numpy

ROWS = np.array([2, 0, 1, 3], "int32")
SHARE = np.array([0.25, 0.5, 0.0, 0.125], "float32")
DTYPES = ["float32", "float16", "bfloat16", "uint8", "int32", "int64", "bool"]


def backend_plan(rows=ROWS, share=SHARE):
    return MixPlan(*map(keras.ops.convert_to_tensor, (rows, share)))


def mixed_by_hand(x, rows=ROWS, share=SHARE):
    share = share.reshape(-1, *[1] * (x.ndim - 1))
    return (1 - share) * x.astype("float64") + share * x[rows].astype("float64")


def test_a_plan_of_arrays_that_were_made_of_its_fields():
    plan = MixPlan.draw(5, seed=1)
    again = MixPlan(*map(keras.ops.convert_to_numpy, plan))
    assert (again.shards, again.has_region) == (1, False)
    x = np.arange(5.0)
    np.testing.assert_allclose(again.mix(x), to_numpy(plan.mix(x)), rtol=1e-6)


@pytest.mark.parametrize(
    "shape", [(4,), (4, 3), (4, 2, 3), (4, 2, 1, 3), (4, 1, 2, 3, 2)]
)
def test_mix_is_the_formula_at_every_rank(shape, mode):
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    mixed = run(lambda x, r, s: MixPlan(r, s).mix(x), mode, x, ROWS, SHARE)
    assert mixed == pytest.approx(mixed_by_hand(x), abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_mix_at_every_dtype(dtype, mode):
    x = np.random.default_rng(1).integers(0, 2, (4, 5)) * 100
    x = x.astype(dtype)
    mixed = run(lambda x, r, s: MixPlan(r, s).mix(x), mode, x, ROWS, SHARE)
    floats = dtype in ("float32", "float16", "bfloat16")
    assert mixed.dtype.name == (dtype if floats else "float32")
    expected = mixed_by_hand(x.astype("float32"))
    # Shares, inputs and results are all exact in bfloat16, so nothing rounds.
    assert (mixed.astype("float64") == expected).all()


def test_mix_to_a_dtype(mode):
    x = np.arange(8, dtype="uint8").reshape(4, 2)
    mixed = run(
        lambda x, r, s: MixPlan(r, s).mix(x, dtype="float16"), mode, x, ROWS, SHARE
    )
    assert mixed.dtype == "float16"
    assert (mixed == mixed_by_hand(x)).all()


def test_partner_and_lam(mode):
    x = np.arange(8).reshape(4, 2)
    partner, lam = run(
        lambda x, r, s: (MixPlan(r, s).partner(x), MixPlan(r, s).lam),
        mode,
        x,
        ROWS,
        SHARE,
    )
    assert partner.tolist() == x[ROWS].tolist()
    assert lam.tolist() == [0.75, 0.5, 1.0, 0.875]


def test_one_plan_mixes_a_whole_structure():
    x = {
        "image": np.arange(8.0, dtype="float32").reshape(4, 2),
        "audio": (np.arange(4.0, dtype="float32"), [np.ones((4, 1, 2), "float32")]),
        "none": None,
    }
    mixed = backend_plan().mix(x)
    assert set(mixed) == {"image", "audio", "none"}
    assert mixed["none"] is None
    assert isinstance(mixed["audio"], tuple)
    assert isinstance(mixed["audio"][1], list)
    assert to_numpy(mixed["image"]) == pytest.approx(mixed_by_hand(x["image"]))
    assert to_numpy(mixed["audio"][0]) == pytest.approx(mixed_by_hand(x["audio"][0]))
    assert (to_numpy(mixed["audio"][1][0]) == 1).all()
    partner = backend_plan().partner(x["audio"])
    assert to_numpy(partner[0]).tolist() == [2, 0, 1, 3]


def test_numpy_stays_numpy_and_is_not_changed():
    x = np.arange(8.0).reshape(4, 2)
    before = x.copy()
    mixed = MixPlan(ROWS, SHARE).mix(x)
    assert isinstance(mixed, np.ndarray)
    assert mixed.dtype == "float64"
    assert mixed == pytest.approx(mixed_by_hand(x))
    assert (x == before).all()


def test_gradient_is_the_transpose_of_mixing(mode):
    upstream = np.random.default_rng(2).normal(size=(4, 3)).astype("float32")
    expected = (1 - SHARE)[:, None] * upstream
    np.add.at(expected, ROWS, SHARE[:, None] * upstream)
    x = np.ones((4, 3), "float32")
    gradient = gradient_of(
        lambda x: keras.ops.sum(keras.ops.multiply(backend_plan().mix(x), upstream)),
        x,
        mode,
    )
    assert gradient == pytest.approx(expected, abs=1e-6)


def test_union_holds_where_either_row_is_valid(mode):
    mask = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1]], bool)
    union = run(lambda m, r, s: MixPlan(r, s).union(m), mode, mask, ROWS, SHARE)
    assert (union == (mask | mask[ROWS])).all()


def test_weigh_equals_two_weighted_terms(mode):
    rng = np.random.default_rng(4)
    weight = np.float32([0.5, 0.0, 3.0, 2.0])
    loss = rng.normal(size=4)  # ℓ(y) of each sample, ℓ linear in y
    (own, share), total = run(
        lambda w, r, s: weigh(MixPlan(r, s), w), mode, weight, ROWS, SHARE
    )
    one = total * (own * loss + share * loss[ROWS])
    two = (1 - SHARE) * weight * loss + SHARE * weight[ROWS] * loss[ROWS]
    assert one == pytest.approx(two, abs=1e-6)


def test_weigh_of_weightless_rows_keeps_the_share():
    (own, share), total = weigh(MixPlan(ROWS, SHARE), np.zeros(4, "float32"))
    assert own.tolist() == (1 - SHARE).tolist()
    assert share.tolist() == SHARE.tolist()
    assert total.tolist() == [0, 0, 0, 0]


def test_then_equals_mixing_twice(mode):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 2)).astype("float32")
    plans = [
        (rng.permutation(6).astype("int32"), rng.random(6).astype("float32"))
        for _ in range(3)
    ]

    def both(x, *tensors):
        first, second, third = (MixPlan(*tensors[i : i + 2]) for i in (0, 2, 4))
        one = first.then(second).then(third)
        return third.mix(second.mix(first.mix(x))), one.mix(x), one.lam

    thrice, once, lam = run(both, mode, x, *[t for plan in plans for t in plan])
    assert once == pytest.approx(thrice, abs=1e-5)
    own = np.eye(6)
    for rows, share in plans:
        own = (1 - share)[:, None] * own + share[:, None] * own[rows]
    paths = np.prod([1 - share for _, share in plans], axis=0)
    assert lam == pytest.approx(paths, abs=1e-5)


def test_a_plan_enters_and_leaves_a_compiled_function(mode):
    x = np.random.default_rng(0).normal(size=(4, 2)).astype("float32")

    def step(x, rows, share):
        plan = MixPlan(rows, share)
        return plan.then(plan)

    plan = run(step, mode, x, ROWS, SHARE)
    assert isinstance(plan, MixPlan)
    twice = mixed_by_hand(mixed_by_hand(x))
    assert MixPlan(*plan).mix(x) == pytest.approx(twice, abs=1e-6)


# Drawing.


def drawn(size=2000, alpha=1.0, seed=1, **kwargs):
    return to_numpy(MixPlan.draw(size, alpha, seed=seed, **kwargs))


def test_draw_gives_each_row_its_own_lam_in_the_upper_half():
    plan = drawn()
    assert isinstance(plan, MixPlan)
    assert len(np.unique(plan.lam)) > 1900
    assert plan.lam.min() >= 0.5
    # Folded Beta(1, 1) is uniform on [½, 1].
    assert plan.lam.mean() == pytest.approx(0.75, abs=0.02)


def test_unfolded_draw_covers_both_halves():
    plan = drawn(fold=False)
    assert plan.lam.mean() == pytest.approx(0.5, abs=0.03)
    assert (plan.lam < 0.1).mean() == pytest.approx(0.1, abs=0.03)


def test_one_draw_for_the_batch():
    plan = drawn(per_sample=False)
    assert len(np.unique(plan.share)) == 1
    assert plan.share[0] > 0
    assert (plan.partners != np.arange(2000)).mean() > 0.9


def test_prob_is_the_share_of_rows_that_mix():
    plan = drawn(prob=0.3)
    assert (plan.share > 0).mean() == pytest.approx(0.3, abs=0.05)
    still = plan.share == 0
    assert (plan.partners[still] == np.arange(2000)[still]).all()


def test_prob_decides_for_the_whole_batch():
    mixed = [
        drawn(8, per_sample=False, prob=0.5, seed=seed).share for seed in range(200)
    ]
    assert all(len(np.unique(share)) == 1 for share in mixed)
    assert np.mean([share[0] > 0 for share in mixed]) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("nothing", [{"alpha": 0}, {"prob": 0.0}])
def test_plans_that_mix_nothing(nothing):
    plan = drawn(16, **nothing)
    assert (plan.lam == 1).all()
    assert (plan.partners == np.arange(16)).all()
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    assert (plan.mix(x) == x).all()


def test_what_stands_in_another_row_cannot_reach_an_unmixed_one():
    plan = drawn(64, prob=0.5)
    x = np.ones((64, 2), "float32")
    x[np.setdiff1d(np.arange(64), plan.partners[plan.share > 0])] = np.nan
    unmixed = plan.share == 0
    assert (plan.mix(x)[unmixed] == x[unmixed]).sum() == 2 * (
        unmixed & ~np.isnan(x[:, 0])
    ).sum()


def test_draw_takes_one_alpha_a_row():
    alpha = keras.ops.convert_to_tensor(np.float32([0.0, -1.0, 32.0] * 200))
    plan = drawn(600, alpha)
    assert (plan.share[0::3] == 0).all()
    assert (plan.share[1::3] == 0).all()
    assert plan.share[2::3].min() > 0.2


def test_batch_of_one_mixes_with_itself():
    x = np.float32([[1.5, -2.0]])
    for name in ("shuffle", "derangement", "roll", "reverse"):
        plan = drawn(1, pairing=name)
        assert plan.partners.tolist() == [0]
        assert (plan.mix(x) == x).all()


def test_infinite_rows_stay_what_they_are():
    x = np.float32([[np.inf, 1], [-np.inf, 2], [3, 4]])
    rows, share = np.array([1, 1, 0], "int32"), np.float32([0, 0, 0.5])
    for plan in (MixPlan(rows, share), backend_plan(rows, share)):
        mixed = to_numpy(plan.mix(x))
        assert (mixed[:2] == x[:2]).all()
        assert mixed[2].tolist() == [np.inf, 2.5]


def everywhere(plan, mode, *arrays):
    """What `plan` makes of samples, on NumPy and on the backend."""
    on_backend = run(lambda r, s, *x: MixPlan(r, s).mix(x), mode, *plan, *arrays)
    return zip(MixPlan(*plan).mix(arrays), on_backend)


LOST = [np.inf, -np.inf, np.nan, 1e20]


# One partner and two, of which each share may be 0, and so may what is left.
@pytest.mark.parametrize(
    ("rows", "share"),
    [
        ([1, 2, 3, 0], [0.0, 1.0, 0.25, 0.5]),
        ([[1, 2], [2, 3], [3, 0], [0, 1]], [[0, 0], [1, 0], [0, 0.25], [0.5, 0.25]]),
    ],
)
def test_a_sample_without_a_share_leaves_no_trace(rows, share, mode):
    rows, share = np.array(rows, "int32"), np.array(share, "float32")
    shares = np.concatenate(
        [1 - share.reshape(4, -1).sum(1, keepdims=True), share.reshape(4, -1)], 1
    )
    members = np.concatenate([np.arange(4)[:, None], rows.reshape(4, -1)], 1)
    for at, lost in enumerate(LOST):
        x = np.float32([3.0, -0.0, -5.0, 7.0]) * np.ones((70, 1), "float32")
        x[:, at] = lost
        x = np.ascontiguousarray(x.T)
        for ((mixed, again),) in [everywhere((rows, share), mode, x)]:
            for row in range(4):
                counts = shares[row] > 0
                with np.errstate(invalid="ignore"):
                    terms = np.float64(x[members[row], 0]) * shares[row]
                expected = np.float32(terms[counts].sum())
                for found in (mixed[row], again[row]):
                    np.testing.assert_allclose(found, expected, rtol=1e-6)
                    if counts.sum() == 1:  # To the bit, and to the sign of a 0.
                        [source] = members[row][counts]
                        assert found.tobytes() == x[source].tobytes()


@pytest.mark.parametrize("rows", [[1, 0], [[1, 1], [0, 0]]])
def test_the_ends_of_float16_do_not_overflow(rows, mode):
    share = np.float32([0.25, 0.25] if np.ndim(rows) == 1 else [[0.125, 0.125]] * 2)
    x = np.float16([[-40000.0] * 80, [40000.0] * 80])
    for mixed, again in everywhere((np.array(rows, "int32"), share), mode, x):
        np.testing.assert_array_equal(mixed[:, 0], np.float16([-20000, 20000]))
        np.testing.assert_array_equal(again, mixed)


def test_a_share_that_is_0_in_float16(mode):
    share, rows = np.float32([1e-9, 0.5]), np.array([1, 0], "int32")
    x = np.float16([[2.0], [np.inf]])
    for plan in ((rows, share), (rows[:, None], share[:, None])):
        for mixed, again in everywhere(plan, mode, x):
            assert mixed.ravel().tolist() == again.ravel().tolist() == [2, np.inf]


def test_what_is_left_of_1_is_not_rounded_to_16_bits(mode):
    # In float16 this share is 0.3000488, and 0.69995 would be left.
    share, rows = np.float32([0.3, 0.3]), np.array([1, 0], "int32")
    x = np.float16([[1000.0], [0.0]])
    for mixed, again in everywhere((rows, share), mode, x):
        assert mixed[0, 0] == again[0, 0] == np.float16(np.float16(0.7) * 1000)
    for dtype in ("float16", "float32", "float64"):
        ones = np.ones((64, 1), dtype)
        shares = np.linspace(0, 1, 64, dtype="float32")
        plan = MixPlan(np.roll(np.arange(64), 1), shares)
        assert (plan.mix(ones) == 1).all()


def test_the_gradient_of_an_infinite_state_that_is_not_mixed(mode):
    rows, share = np.array([1, 2, 0], "int32"), np.float32([0.25, 0.0, 0.0])
    x = np.float32([[1.0], [2.0], [np.inf]])
    upstream = np.float32([[1.0], [10.0], [0.0]])
    for plan in ((rows, share), (rows[:, None], share[:, None])):

        def total(x, plan=plan):
            mixed = MixPlan(*map(keras.ops.convert_to_tensor, plan)).mix(x)
            return keras.ops.sum(keras.ops.multiply(mixed[:2], upstream[:2]))

        gradient = gradient_of(total, x, mode)
        np.testing.assert_allclose(gradient, [[0.75], [10.25], [0]], rtol=1e-6)


def test_weights_of_0_select_labels_exactly(mode):
    rows = np.array([[1, 2], [2, 0], [0, 1]], "int32")
    share = np.float32([[0.3, 0.37], [0.21, 0.43], [0.11, 0.17]])
    y, w = np.float32([[1e30], [7.0], [7.0]]), np.float32([0, 1, 1])

    def labels(y, w, r, s):
        plan = MixPlan(r, s)
        shares, total = weigh(plan, w)
        return plan.blend(y, shares, "float32"), total

    for y[0] in (1e30, np.nan, np.inf):
        mixed, total = run(labels, mode, y, w, rows, share)
        np.testing.assert_allclose(mixed, 7, rtol=1e-6)
        on_numpy, _ = labels(y, w, rows, share)
        np.testing.assert_allclose(on_numpy, 7, rtol=1e-6)
    expected = [0.3 + 0.37, 1 - 0.43, 1 - 0.11]
    np.testing.assert_allclose(total, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"batch_size": 2.5}, TypeError, "`batch_size` must be an integer"),
        ({"batch_size": "3"}, TypeError, "`batch_size` must be an integer"),
        ({"batch_size": np.int64(0)}, ValueError, "`batch_size` must be ≥ 1"),
        ({"alpha": np.float32(-1)}, ValueError, "`alpha` must be finite and ≥ 0"),
        ({"alpha": 1e39}, ValueError, "`alpha` must be finite and ≥ 0"),
        ({"per_sample": "no"}, TypeError, "`per_sample` must be True or False"),
        ({"fold": None}, TypeError, "`fold` must be True or False"),
        ({"alpha": np.ones(3)}, ValueError, r"`alpha` .*\(4,\).*shape \(3,\)"),
        ({"alpha": [1.0] * 4}, TypeError, "`alpha` must be a real number"),
        ({"pairing": lambda noise: [1, 0, 3, 2]}, TypeError, "`pairing` .*list"),
        ({"pairing": lambda noise: None}, TypeError, "`pairing` .*None"),
        ({"pairing": lambda noise: noise}, ValueError, "`pairing` must return"),
        (
            {"pairing": lambda noise: np.arange(3)},
            ValueError,
            "`pairing` must return the partner of every sample",
        ),
    ],
)
def test_bad_arguments_of_draw(arguments, error, message):
    with pytest.raises(error, match=message):
        MixPlan.draw(**{"batch_size": 4, **arguments})


@pytest.mark.parametrize("batch_size", [0, -3])
def test_empty_batch_is_a_value_error(batch_size):
    with pytest.raises(ValueError, match="`batch_size` must be ≥ 1"):
        MixPlan.draw(batch_size)


@pytest.mark.parametrize(
    ("inputs", "error", "message"),
    [
        (np.float32(1.0), TypeError, "must hold NumPy arrays or dense tensors"),
        (np.array(1.0), ValueError, "must have a batch axis"),
        (np.ones((3, 2)), ValueError, "must have 4 samples"),
        (np.ones((0, 2)), ValueError, "at least one sample"),
        (np.array(["a", "b", "c", "d"]), TypeError, "numbers or booleans"),
        ("text", TypeError, "numbers or booleans. Received: str"),
        (np.ones(4, complex), TypeError, "complex128"),
    ],
)
def test_inputs_that_cannot_be_mixed(inputs, error, message):
    for apply in (MixPlan(ROWS, SHARE).mix, backend_plan().partner):
        with pytest.raises(error, match=message):
            apply(inputs)


def test_lists_are_no_plan():
    for use in (
        lambda plan: plan.mix(np.eye(2)),
        lambda plan: plan.partner(np.eye(2)),
        lambda plan: plan.lam,
        lambda plan: plan.union(np.ones(2, bool)),
    ):
        with pytest.raises(TypeError, match=r"MixPlan holds tensors.*\[.*list"):
            use(MixPlan([1, 0], [0.5, 0.5]))


def test_flags_of_numpy():
    plan = MixPlan.draw(4, 1.0, per_sample=np.False_, fold=np.True_, seed=0)
    assert len(np.unique(to_numpy(plan.share))) == 1


@pytest.mark.parametrize("shape", ["static", "dynamic"])
def test_a_plan_of_a_tf_data_graph_is_drawn_for_each_batch(shape):
    tf = pytest.importorskip("tensorflow")
    x = np.tile(np.eye(8, dtype="float32"), (3, 1))
    states = (keras.random.SeedGenerator(1), tf.random.Generator.from_seed(1))
    seeds = [None, states[1]]
    if keras.backend.backend() == "tensorflow":
        seeds.append(states[0])
    for seed in seeds:

        def mix(x, seed=seed):
            size = 8 if shape == "static" else tf.shape(x)[0]
            return MixPlan.draw(size, alpha=1.0, num_samples=3, seed=seed).mix(x)

        mixed = list(tf.data.Dataset.from_tensor_slices(x).batch(8).map(mix))
        assert len({batch.numpy().tobytes() for batch in mixed}) == 3
        for batch in mixed:
            np.testing.assert_allclose(batch.numpy().sum(1), 1, rtol=1e-6)


def test_seeds_that_would_draw_all_batches_alike():
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensors(np.eye(4, dtype="float32"))
    seeds = [3, np.uint32([1, 2]), np.random.default_rng(0)]
    if keras.backend.backend() != "tensorflow":
        seeds.append(keras.random.SeedGenerator(1))
    for seed in seeds:

        def draw(x, seed=seed):
            return MixPlan.draw(4, seed=seed).mix(x)

        with pytest.raises(ValueError, match=r"every batch drawn alike.*Generator"):
            dataset.map(draw)
    pairs = tf.data.Dataset.from_tensor_slices([[0, 1], [0, 2], [0, 1]])
    one, other, again = pairs.map(lambda seed: MixPlan.draw(4, 1.0, seed=seed).share)
    np.testing.assert_array_equal(one, again)
    assert (one.numpy() != other.numpy()).any()


# Properties.

dtypes = st.sampled_from(
    [
        "float16",
        "float32",
        "float64",
        "int8",
        "uint8",
        "int16",
        "int32",
        "int64",
        "bool",
    ]
)
shapes = hnp.array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=5)


@st.composite
def arrays(draw):
    dtype = draw(dtypes)
    elements = None
    if dtype.startswith("float"):
        width = int(dtype[5:])
        elements = st.floats(-100, 100, width=width, allow_subnormal=False)
    elif dtype != "bool":
        elements = st.integers(0, 100)
    return draw(hnp.arrays(dtype, draw(shapes), elements=elements))


@given(
    x=arrays(),
    alpha=st.sampled_from([0.0, 0.01, 0.2, 1.0, 32.0]),
    seed=st.integers(0, 2**31 - 1),
    pairs=st.sampled_from(["shuffle", "derangement", "roll", "reverse"]),
)
@settings(deadline=None, max_examples=200)
def test_every_row_lies_between_itself_and_its_partner(x, alpha, seed, pairs):
    noise = np.random.default_rng(seed).random((Noise.count(), len(x)), dtype="float32")
    plan = MixPlan.of_terms(
        *sampled(
            Noise.of(noise),
            symmetric(alpha),
            prob=0.9,
            per_sample=True,
            fold=True,
            pairing=pairing.get(pairs),
        )
    )
    assert (plan.lam >= 0.5).all()
    assert (plan.lam <= 1).all()
    for apply in (plan, backend_plan(plan.partners, plan.share)):
        mixed = to_numpy(apply.mix(x))
        # JAX and torch on CPU hold float64 inputs in their own precision.
        own = x.astype(mixed.dtype)
        other = own[plan.partners]
        finfo = np.finfo(mixed.dtype)
        # Rounding, and compilers that flush subnormal numbers to 0.
        slack = 2 * finfo.eps * np.maximum(abs(own), abs(other)) + finfo.tiny
        assert (mixed >= np.minimum(own, other) - slack).all()
        assert (mixed <= np.maximum(own, other) + slack).all()
        nested = apply.mix({"a": x, "b": [x, (x,)]})
        for leaf in keras.tree.flatten(nested):
            assert (to_numpy(leaf) == mixed).all()
