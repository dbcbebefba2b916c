import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup._backend import compiling as fusion
from keras_mixup.policies import distances

tf = pytest.importorskip("tensorflow")

ROWS = np.int32([2, 0, 3, 1, 4])
SHARE = np.float32([0.5, 0.25, 0.1, 0.4, 0.0])
TOLERANCE = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}


def images(dtype="float32"):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 4, 3))
    return pixels.astype(dtype)


def blended(x, rows=ROWS, share=SHARE):
    x, share = x.astype("float64"), share.reshape(-1, 1, 1, 1)
    return (1 - share) * x + share * x[rows]


def in_graph(function, *tensors, signature=None):
    """What a function gives in a graph, and how many parts of it XLA compiles."""
    graph = tf.function(function, autograph=False, input_signature=signature)
    concrete = graph.get_concrete_function(*([] if signature else tensors))
    library = concrete.graph.as_graph_def().library.function
    compiled = sum(f.attr["_XlaMustCompile"].b for f in library)
    return concrete(*map(tf.constant, tensors)).numpy(), compiled


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("pixels", ["uint8", "float32"])
def test_one_pass_blends_as_the_formula_says(pixels, dtype):
    x = images(pixels)
    mixed, compiled = in_graph(
        lambda x: MixPlan(tf.constant(ROWS), tf.constant(SHARE)).mix(x, dtype), x
    )
    assert compiled == 1
    assert mixed.dtype.name == dtype
    atol = 255 * TOLERANCE[dtype]
    np.testing.assert_allclose(mixed.astype("float64"), blended(x), atol=atol)


def test_one_pass_blends_several_partners():
    x = images()
    rows = np.stack([ROWS, ROWS[::-1]], -1)
    share = np.stack([SHARE, SHARE / 2], -1)
    mixed, compiled = in_graph(
        lambda x: MixPlan(tf.constant(rows), tf.constant(share)).mix(x), x
    )
    shares = share[:, :, None, None, None].astype("float64")
    expected = (1 - shares.sum(1)) * x + (shares * x[rows]).sum(1)
    assert compiled == 1
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-4)


def test_what_is_not_mixed_keeps_its_infinities():
    x = images()
    x[4, 0] = np.inf
    mixed, _ = in_graph(
        lambda x: MixPlan(tf.constant(ROWS), tf.constant(SHARE)).mix(x), x
    )
    np.testing.assert_array_equal(mixed[4], x[4])
    assert np.isfinite(mixed[:4]).all()


def test_the_number_of_rows_may_be_unknown():
    x = images()
    mixed, compiled = in_graph(
        lambda x, rows, share: MixPlan(rows, share).mix(x),
        *(x, ROWS, SHARE),
        signature=[
            tf.TensorSpec((None, 8, 4, 3)),
            tf.TensorSpec((None,), "int32"),
            tf.TensorSpec((None,)),
        ],
    )
    assert compiled == 1
    np.testing.assert_allclose(mixed, blended(x), rtol=1e-5, atol=1e-4)


def test_short_rows_are_not_worth_a_launch():
    x = images().reshape(15, -1)
    rows, share = np.roll(np.arange(15), 1), np.linspace(0, 0.5, 15, dtype="float32")
    mixed, compiled = in_graph(
        lambda x: MixPlan(tf.constant(rows), tf.constant(share)).mix(x), x
    )
    assert compiled == 0
    expected = (1 - share[:, None]) * x + share[:, None] * x[rows]
    np.testing.assert_allclose(mixed, expected, rtol=1e-5, atol=1e-4)


def test_shapes_without_end_are_not_compiled():
    x = images()
    mixed, compiled = in_graph(
        lambda x: MixPlan(tf.constant(ROWS), tf.constant(SHARE)).mix(x),
        x,
        signature=[tf.TensorSpec((5, None, None, 3))],
    )
    assert compiled == 0
    np.testing.assert_allclose(mixed, blended(x), rtol=1e-5, atol=1e-4)


def test_without_xla_the_operations_are_plain(monkeypatch):
    monkeypatch.setattr(fusion, "_xla_is_there", lambda: False)
    x = images()
    mixed, compiled = in_graph(
        lambda x: MixPlan(tf.constant(ROWS), tf.constant(SHARE)).mix(x), x
    )
    assert compiled == 0
    np.testing.assert_allclose(mixed, blended(x), rtol=1e-5, atol=1e-4)


def test_the_draw_and_all_that_it_mixes_are_one_launch():
    mix = MixUp(8.0, num_classes=3, seed=1)
    codes = np.eye(5, dtype="float32").reshape(5, 5, 1) + np.zeros((1, 1, 20), "f")
    classes, weights = np.arange(5) % 3, np.float32([1, 2, 3, 4, 5])
    batch = codes, classes, weights
    graph = tf.function(lambda *batch: mix(*batch), autograph=False)
    graph = graph.get_concrete_function(*map(tf.constant, batch))
    calls = [op for op in graph.graph.get_operations() if "Partitioned" in op.type]
    assert len(calls) == 1
    x, y, weight = (part.numpy() for part in graph(*map(tf.constant, batch)))
    # The shares that are seen in the inputs are those of labels and weights.
    kept = x[:, :, 0].astype("float64")
    np.testing.assert_allclose(kept.sum(1), 1, rtol=1e-6)
    assert ((kept > 0).sum(1) > 1).any()
    np.testing.assert_allclose(weight, kept @ weights, rtol=1e-5)
    expected = kept @ (weights[:, None] * np.eye(3)[classes]) / weight[:, None]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-7)


def test_labels_out_of_range_are_seen_before_xla():
    # In what XLA compiles, nothing is asserted.
    dataset = tf.data.Dataset.from_tensors((images(), np.arange(5)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="Integer labels must"):
        next(iter(dataset.map(MixUp(num_classes=4))))


def test_a_pairing_of_the_user_is_left_to_tensorflow():
    def pairing(noise):
        rows = tf.py_function(
            lambda x: np.arange(len(x))[::-1].copy(), [noise], "int64"
        )
        return tf.ensure_shape(rows, noise.shape)

    x = images("float32")
    y = np.eye(5, dtype="float32")
    dataset = tf.data.Dataset.from_tensors((x, y)).map(MixUp(8.0, pairing=pairing))
    mixed, labels = next(dataset.as_numpy_iterator())
    share = labels[np.arange(5), np.arange(5)[::-1]]
    assert ((share > 0) | (np.arange(5) == 2)).all()
    expected = blended(x, np.arange(5)[::-1], np.where(np.arange(5) == 2, 0, share))
    np.testing.assert_allclose(mixed, expected, rtol=1e-5)


@pytest.mark.parametrize("distance", ["sqeuclidean", "euclidean", "cosine"])
def test_distances_are_one_pass_as_well(distance):
    x = images().astype("float32")
    measured, compiled = in_graph(
        lambda x: distances.of_pairs(distances.get(distance), x, tf.constant(ROWS)), x
    )
    assert compiled == 1
    own = x.reshape(5, -1).astype("float64")
    partner = own[ROWS]
    squared = ((own - partner) ** 2).sum(1)
    cosine = 1 - (own * partner).sum(1) / np.sqrt((own**2).sum(1) * (partner**2).sum(1))
    expected = {
        "sqeuclidean": squared,
        "euclidean": np.sqrt(squared),
        "cosine": cosine,
    }[distance]
    np.testing.assert_allclose(measured, expected, rtol=1e-5, atol=1e-6)


def test_a_distance_of_the_user_is_left_to_tensorflow():
    def of_python(a, b):
        return tf.py_function(lambda a, b: a[:, 0] - b[:, 0], (a, b), tf.float32)

    def distance(a, b):
        return tf.ensure_shape(of_python(a, b), (4,))

    x = np.float32([[1.0], [2.0], [4.0], [8.0]])
    layer = AdaptiveMixUp(
        lambda distance, loss: tf.where(tf.abs(distance) > 0, 0.75, 1.0),
        distance=distance,
        pairing="reverse",
    )
    dataset = tf.data.Dataset.from_tensors((x, x)).map(layer)
    mixed, _ = next(dataset.as_numpy_iterator())
    np.testing.assert_allclose(mixed, 0.75 * x + 0.25 * x[::-1])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 1001])
def test_rows_of_any_length_are_summed_in_lanes(size):
    x = np.random.default_rng(1).normal(size=(3, size)).astype("float32")
    summed, _ = in_graph(fusion.sum_per_sample, x)
    expected = x.astype("float64").sum(1)
    np.testing.assert_allclose(summed, expected, atol=1e-5 * np.sqrt(size))


@pytest.mark.parametrize("fuses", [True, False])
def test_a_partner_out_of_range_is_an_error_in_tf_data(fuses):
    x = images("float32")[:4]
    labels = x if fuses else x[:, 0, 0, 0]
    layer = MixUp(32.0, pairing=lambda noise: tf.range(4) + 1)
    dataset = tf.data.Dataset.from_tensors((x, labels)).map(layer)
    # XLA alone would take the last sample.
    message = "`pairing` must return samples of the batch|is not in"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        next(iter(dataset))


def test_ragged_widths_run_in_tf_data():
    def batches():
        for width in (2, 5, 3):
            yield np.ones((2, width), "float32"), np.float32([0, 1])

    dataset = tf.data.Dataset.from_generator(
        batches,
        output_signature=(tf.TensorSpec((2, None)), tf.TensorSpec((2,))),
    ).map(MixUp(8.0, pairing="reverse"))
    for (x, y), width in zip(dataset.as_numpy_iterator(), (2, 5, 3)):
        np.testing.assert_allclose(x, np.ones((2, width)), rtol=1e-6)
        assert 0 < y[0] <= 0.5 <= y[1] < 1
