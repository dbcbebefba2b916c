import importlib.util

import keras
import numpy as np
import pytest
from scipy import stats

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup.pairing import LabelKernel
from tests.data.test_pipeline import WAYS
from tests.models import classifier
from tests.modes import compiled
from tests.modes import run
from tests.modes import to_numpy

LABELS = np.float32([0.0, 0.5, 0.6, 2.0, 2.0, 9.0])


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    return request.param


def probabilities(labels, bandwidth, exclude_self):
    """P(j | i) ∝ exp(−‖yᵢ − yⱼ‖² / 2σ²), in float64."""
    y = np.asarray(labels, "float64").reshape(len(labels), -1)
    weights = np.exp(-((y[:, None] - y) ** 2).sum(-1) / (2 * bandwidth**2))
    weights -= exclude_self * np.diag(np.diag(weights))
    return weights / weights.sum(1, keepdims=True)


def noise_for(labels, times=4000):
    """One stratum of uniforms for each draw of a sample: far less noise."""
    noise = np.random.default_rng(1).random((times, len(labels)), dtype="float32")
    return (np.arange(times, dtype="float32")[:, None] + noise) / times


def frequencies(kernel, labels):
    """How often each sample is given each partner."""
    rows = np.stack([kernel(noise, labels) for noise in noise_for(labels)])
    size = len(labels)
    return np.stack(
        [np.bincount(rows[:, i], minlength=size) for i in range(size)]
    ) / len(rows)


def on_backend(kernel, labels, noise, mode):
    """The partners for each noise, drawn by one compiled function."""
    draw = compiled(lambda n, y: kernel(n, y), mode)
    labels = keras.ops.convert_to_tensor(labels)
    return to_numpy([draw(keras.ops.convert_to_tensor(n), labels) for n in noise])


@pytest.mark.parametrize("exclude_self", [False, True])
@pytest.mark.parametrize(
    "labels", [LABELS, LABELS[:, None], np.stack([LABELS, LABELS[::-1]], 1)]
)
def test_partners_follow_the_kernel(labels, exclude_self, mode):
    kernel = LabelKernel(1.5, exclude_self)
    expected = probabilities(labels, 1.5, exclude_self)
    found = frequencies(kernel, labels)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    few = noise_for(labels)[::100]
    rows = on_backend(kernel, labels, few, mode)
    np.testing.assert_array_equal(rows, [kernel(n, labels) for n in few])
    if exclude_self:
        assert np.diag(found).tolist() == [0] * len(labels)


@pytest.mark.parametrize("exclude_self", [False, True])
def test_frequencies_pass_a_chi_square_test(exclude_self):
    kernel = LabelKernel(1.5, exclude_self)
    noise = np.random.default_rng(2).random((20_000, len(LABELS)), dtype="float32")
    rows = np.stack([kernel(n, LABELS) for n in noise])
    for i, p in enumerate(probabilities(LABELS, 1.5, exclude_self)):
        counts = np.bincount(rows[:, i], minlength=len(LABELS))
        likely = 20_000 * p > 5
        assert counts[~likely].sum() <= 30
        observed = [*counts[likely], counts[~likely].sum()]
        expected = 20_000 * np.array([*p[likely], p[~likely].sum()])
        some = expected > 0
        statistic = stats.chisquare(np.array(observed)[some], expected[some])
        assert statistic.pvalue > 1e-4


@pytest.mark.parametrize("offset", [1.7e9, 1e15, -1e15])
def test_labels_far_from_0_keep_their_distances(offset):
    labels = offset + np.arange(8.0)
    kernel = LabelKernel(0.5, exclude_self=True)
    ways = [lambda noise: kernel(noise, labels)]
    if importlib.util.find_spec("tensorflow"):
        import tensorflow as tf

        in_graph = tf.constant(labels)
        ways.append(tf.function(lambda noise: kernel(noise, in_graph)))
    expected = probabilities(np.arange(8.0), 0.5, True)
    for way in ways:
        rows = np.stack([way(noise) for noise in noise_for(labels, 500)])
        found = np.stack([np.bincount(rows[:, i], minlength=8) for i in range(8)]) / 500
        np.testing.assert_allclose(found, expected, atol=4e-3)


def test_float16_labels_do_not_overflow(mode):
    labels = np.float16([60000, 60032, -60000, -60032])
    noise = np.full(4, 0.5, "float32")
    kernel = LabelKernel(30.0, exclude_self=True)
    rows = run(lambda n, y: kernel(n, y), mode, noise, labels)
    assert rows.tolist() == kernel(noise, labels).tolist() == [1, 0, 3, 2]


def test_partners_draw_nearer_as_the_bandwidth_falls():
    rng = np.random.default_rng(6)
    labels = rng.normal(size=500).astype("float32")
    noise = rng.random(500, dtype="float32")
    distances = [
        abs(labels - labels[LabelKernel(bandwidth, True)(noise, labels)]).mean()
        for bandwidth in (10.0, 1.0, 0.3, 0.1, 0.01)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 10 * distances[-1]


def test_rows_are_drawn_on_their_own():
    noise = np.random.default_rng(2).random((3000, 2), dtype="float32")
    kernel = LabelKernel(1.0)
    labels = np.zeros(2, "float32")
    rows = np.stack([kernel(n, labels) for n in noise])
    counts = np.bincount(rows @ [2, 1], minlength=4)
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_auto_is_the_spread_over_the_fifth_root_of_the_size(scale):
    labels = scale * np.stack([LABELS, 3 * LABELS[::-1]], 1)
    bandwidth = np.sqrt(labels.var(axis=0).sum()) / len(labels) ** 0.2
    found = frequencies(LabelKernel(), labels)
    np.testing.assert_allclose(
        found, probabilities(labels, bandwidth, False), atol=1e-3
    )


@pytest.mark.parametrize("bandwidth", ["auto", 0.5])
def test_equal_labels_pair_alike(bandwidth):
    labels = np.full(4, 7, "float32")
    found = frequencies(LabelKernel(bandwidth, exclude_self=True), labels)
    np.testing.assert_allclose(found, (1 - np.eye(4)) / 3, atol=1e-3)


@pytest.mark.parametrize("bandwidth", ["auto", 1e-8, 1e17])
def test_an_outlier_takes_the_nearest_row_and_never_itself(bandwidth, mode):
    labels = np.float32([0, 1, 1e6])
    kernel = LabelKernel(bandwidth, exclude_self=True)
    noise = np.float32([[0] * 3, [0.4] * 3, [1 - 2**-24] * 3])
    for rows in on_backend(kernel, labels, noise, mode):
        assert (rows != np.arange(3)).all()
        if bandwidth == 1e-8:
            assert rows.tolist() == [1, 0, 1]


def test_a_batch_of_one_row_keeps_it(mode):
    one = np.float32([0.3])
    kernel = LabelKernel(exclude_self=True)
    assert run(lambda n, y: kernel(n, y), mode, one, one).tolist() == [0]


def test_a_pipeline_pairs_neighbours_in_the_label(way):
    # Two clusters of labels: no sample meets one of the other.
    rng = np.random.default_rng(3)
    y = np.float32(np.repeat([0, 100], 16) + rng.random(32))
    x = np.float32(rng.random((32, 2)))
    mix = MixUp(32.0, pairing=LabelKernel(0.5, exclude_self=True), seed=1)
    mixed_x, mixed_y = way(mix, x, y)
    assert (abs(mixed_y - y) < 1).all()
    assert (mixed_y != y).all()
    assert (mixed_x != x).all()
    plain = way(MixUp(32.0, pairing="derangement", seed=1), x, y)[1]
    assert (abs(plain - y) > 1).any()


def test_dicts_of_labels_count_together(way):
    rng = np.random.default_rng(4)
    side = np.repeat(np.float32([0, 50]), 8)
    y = {"a": np.zeros((16, 1), "float32"), "b": side}
    mix = MixUp(32.0, pairing=LabelKernel(0.5, exclude_self=True), seed=1)
    _, mixed = way(mix, np.float32(rng.random((16, 2))), y)
    np.testing.assert_allclose(mixed["b"], side)


def test_the_labels_of_a_dict_batch_are_seen(way):
    side = np.repeat(np.float32([0, 50]), 8)[:, None]
    images = np.random.default_rng(5).random((16, 2, 2, 1), dtype="float32")
    batch = {"images": images, "labels": side}
    mix = MixUp(32.0, pairing=LabelKernel(0.5, exclude_self=True), seed=1)
    np.testing.assert_allclose(way(mix, batch)["labels"], side)


def test_a_kernel_comes_back_from_a_file(tmp_path):
    model = classifier(MixUp(pairing=LabelKernel(1.75, exclude_self=True)))
    model.save(tmp_path / "model.keras")
    kernel = keras.saving.load_model(tmp_path / "model.keras").layers[0].pairing
    assert isinstance(kernel, LabelKernel)
    assert (kernel.bandwidth, kernel.exclude_self) == (1.75, True)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"bandwidth": 0}, ValueError, "`bandwidth` .*bandwidth=0"),
        ({"bandwidth": -1.0}, ValueError, "bandwidth=-1"),
        ({"bandwidth": float("nan")}, ValueError, "bandwidth=nan"),
        ({"bandwidth": "wide"}, ValueError, '`bandwidth` .*"auto".*wide'),
        ({"bandwidth": None}, TypeError, "`bandwidth` must be"),
        ({"exclude_self": 1}, TypeError, "`exclude_self` must be True or False"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        LabelKernel(**arguments)


def test_class_ids_have_no_distance(way):
    mix = MixUp(pairing=LabelKernel(1.0), num_classes=3)
    with pytest.raises(ValueError, match="class ids do not.*int"):
        way(mix, np.ones((4, 2), "float32"), np.array([0, 1, 2, 0]))


def test_a_layer_in_a_model_sees_no_labels():
    mix = MixUp(pairing=LabelKernel(1.0))
    with pytest.raises(
        ValueError, match="needs labels, which a layer in a model does not see"
    ):
        mix(np.ones((4, 2), "float32"), training=True)
    with pytest.raises(ValueError, match="got none"):
        MixPlan.draw(4, pairing=LabelKernel(1.0))


@pytest.mark.parametrize(
    ("lost", "bandwidth", "exclude_self"),
    [(np.nan, "auto", False), (np.inf, 1.5, False), (1e30, "auto", True)],
)
def test_a_label_that_is_no_number_pairs_with_itself(
    lost, bandwidth, exclude_self, mode
):
    labels = np.insert(LABELS, 2, lost)
    kernel = LabelKernel(bandwidth, exclude_self)
    known = np.arange(len(labels)) != 2
    spread = np.sqrt(LABELS.var()) / len(labels) ** 0.2
    sigma = spread if bandwidth == "auto" else bandwidth
    if bandwidth == "auto":
        # Over the pairs that have a distance, which are also those of each with itself.
        sigma *= np.sqrt(36 / 37)
    found = frequencies(kernel, labels)
    expected = probabilities(LABELS, sigma, exclude_self)
    np.testing.assert_allclose(found[known][:, known], expected, atol=2e-3)
    assert (found[known, 2] == 0).all()
    assert found[2, 2] == (0 if exclude_self else 1)
    few = noise_for(labels)[::2000]
    rows = on_backend(kernel, labels, few, mode)
    np.testing.assert_array_equal(rows, [kernel(n, labels) for n in few])
