import contextlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from keras_mixup import RandomChoice
from keras_mixup import pairing
from keras_mixup.random.seeds import words
from tests.modes import to_numpy

CLASSES = 4


def data(size=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(size, 3, 2)).astype("float32"), rng.integers(
        0, CLASSES, size
    )


def through_numpy(layer, *batch, **kwargs):
    return layer(*batch, **kwargs)


def through_backend(layer, *batch, **kwargs):
    batch = keras.tree.map_structure(keras.ops.convert_to_tensor, batch)
    return to_numpy(layer(*batch, **kwargs))


def through_tf_data(layer, *batch, **kwargs):
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensors(batch if len(batch) > 1 else batch[0])
    dataset = dataset.map(
        (lambda *parts: layer(*parts, **kwargs)) if kwargs else layer,
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    return next(iter(dataset.as_numpy_iterator()))


WAYS = [through_numpy, through_backend, through_tf_data]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    """A batch through the layer: as NumPy, as backend tensors, in tf.data."""
    return request.param


def alone(way):
    """Expects the warning that a pipeline mixes inputs and has given no labels."""
    if way is through_tf_data:
        return pytest.warns(UserWarning, match="of a data pipeline and not the labels")
    return contextlib.nullcontext()


class Halves(MixUp):
    """Pairs in reverse and mixes by shares that a test reads off the inputs."""

    def __init__(self, **kwargs):
        super().__init__(alpha=4.0, pairing="reverse", **kwargs)


def shares_of(mixed, x):
    """The partner's share of each sample, given that partners are in reverse."""
    own, other = (a.reshape(len(x), -1).astype("float64") for a in (x, x[::-1]))
    moved = mixed.reshape(len(x), -1) - own
    return (moved * (other - own)).sum(1) / ((other - own) ** 2).sum(1)


def blended(a, share, dtype="float64"):
    share = share.reshape(-1, *[1] * (a.ndim - 1))
    return (1 - share) * a.astype(dtype) + share * a[::-1].astype(dtype)


def test_class_ids_become_mixed_one_hot_rows(way):
    x, y = data()
    mixed_x, mixed_y = way(Halves(num_classes=CLASSES), x, y)
    share = shares_of(mixed_x, x)
    assert share.min() > 0.01
    assert share.max() <= 0.5
    assert mixed_x == pytest.approx(blended(x, share), abs=1e-5)
    assert mixed_y.dtype == "float32"
    assert mixed_y == pytest.approx(blended(np.eye(CLASSES)[y], share), abs=1e-5)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("column", [False, True])
def test_class_ids_of_every_integer_type(way, dtype, column):
    x, y = data()
    ids = y.astype(dtype)[:, None] if column else y.astype(dtype)
    mixed_x, mixed_y = way(Halves(num_classes=CLASSES), x, ids)
    expected = blended(np.eye(CLASSES)[y], shares_of(mixed_x, x))
    assert mixed_y.shape == (8, CLASSES)
    assert mixed_y == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "labels",
    [
        np.eye(CLASSES, dtype="float32")[data()[1]],
        np.random.default_rng(1).normal(size=8).astype("float32"),
        np.float16(np.random.default_rng(1).normal(size=(8, 5))),
        np.random.default_rng(1).normal(size=(8, 2, 3, 2)),
    ],
    ids=["one_hot", "regression", "float16", "rank4_float64"],
)
def test_float_labels_are_mixed_as_they_are(way, labels):
    x, _ = data()
    mixed_x, mixed_y = way(Halves(), x, labels)
    expected = blended(labels, shares_of(mixed_x, x))
    if way is through_backend and keras.backend.backend() == "jax":
        labels = labels.astype(np.promote_types(labels.dtype, "float16"))
    if not (labels.dtype == "float64" and way is through_backend):
        assert mixed_y.dtype == labels.dtype
    tolerance = 4e-3 if labels.dtype == "float16" else 1e-5
    assert mixed_y == pytest.approx(expected, abs=tolerance)


def test_boolean_labels_are_multi_hot(way):
    x, _ = data()
    labels = np.random.default_rng(0).random((8, 5)) < 0.5
    mixed_x, mixed_y = way(Halves(), x, labels)
    assert mixed_y.dtype == "float32"
    assert mixed_y == pytest.approx(blended(labels, shares_of(mixed_x, x)), abs=1e-5)


def test_labels_of_sequences(way):
    x, _ = data()
    y = np.random.default_rng(0).integers(0, CLASSES, (8, 6))
    mixed_x, mixed_y = way(Halves(num_classes=CLASSES), x, y)
    expected = blended(np.eye(CLASSES)[y], shares_of(mixed_x, x))
    assert mixed_y == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_labels_do_not_take_the_dtype_of_images(way, policy):
    x, y = data()
    images = np.uint8(np.clip(60 * x + 120, 0, 255))
    mixed_x, mixed_y = way(Halves(num_classes=CLASSES, dtype=policy), images, y)
    compute = keras.DTypePolicy(policy).compute_dtype
    assert mixed_x.dtype.name == compute
    assert mixed_y.dtype == "float32"
    rtol = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[compute]
    share = shares_of(mixed_x.astype("float64"), images)
    assert mixed_y == pytest.approx(blended(np.eye(CLASSES)[y], share), abs=4 * rtol)
    assert mixed_x.astype("float64") == pytest.approx(
        blended(images, share), abs=255 * 2 * rtol
    )


@pytest.mark.parametrize("shape", [(8,), (8, 1)])
def test_weights_make_one_soft_loss_of_two_weighted_terms(way, shape):
    x, y = data()
    weight = np.float32([1, 0.5, 0, 2, 3, 0, 1, 0]).reshape(shape)
    mixed_x, mixed_y, mixed_w = way(Halves(num_classes=CLASSES), x, y, weight)
    assert mixed_w.shape == shape
    share = shares_of(mixed_x, x)
    log_p = np.log(np.random.default_rng(3).dirichlet(np.ones(CLASSES), 8))
    soft = mixed_w.reshape(8) * -(mixed_y * log_p).sum(1)
    w = weight.reshape(8)
    rows = np.arange(8)
    hard = (1 - share) * w * -log_p[rows, y]
    hard += share * w[::-1] * -log_p[rows, y[::-1]]
    assert soft == pytest.approx(hard, abs=1e-5)
    assert mixed_w.reshape(8) == pytest.approx(blended(w, share), abs=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float64", "int64"])
def test_weights_of_every_type(way, dtype):
    x, y = data()
    weight = np.arange(8).astype(dtype)
    mixed_x, _, mixed_weight = way(Halves(num_classes=CLASSES), x, y, weight)
    expected = blended(weight, shares_of(mixed_x, x))
    np.testing.assert_allclose(mixed_weight, expected, rtol=4e-3, atol=4e-3)


def test_weights_of_steps(way):
    x, _ = data()
    y = np.random.default_rng(0).integers(0, CLASSES, (8, 3))
    weight = np.random.default_rng(1).random((8, 3), dtype="float32")
    mixed_x, mixed_y, mixed_w = way(Halves(num_classes=CLASSES), x, y, weight)
    share = shares_of(mixed_x, x)
    weighted = np.eye(CLASSES)[y] * weight[..., None]
    assert mixed_y * mixed_w[..., None] == pytest.approx(
        blended(weighted, share), abs=1e-5
    )


def test_structures_of_inputs_labels_and_weights(way):
    x, y = data()
    inputs = {"image": x, "audio": (x[:, 0], x[:, :, 0])}
    labels = {"class": y, "age": x[:, 0, 0]}
    weights = {"class": np.float32(np.arange(8)), "age": np.ones(8, "float32")}
    mixed_x, mixed_y, mixed_w = way(
        Halves(num_classes=CLASSES), inputs, labels, weights
    )
    share = shares_of(mixed_x["image"], x)
    assert mixed_x["audio"][0] == pytest.approx(blended(x[:, 0], share), abs=1e-5)
    assert mixed_x["audio"][1] == pytest.approx(blended(x[:, :, 0], share), abs=1e-5)
    assert mixed_y["age"] == pytest.approx(blended(x[:, 0, 0], share), abs=1e-5)
    one_hot = np.eye(CLASSES)[y] * np.arange(8)[:, None]
    assert mixed_y["class"] * mixed_w["class"][:, None] == pytest.approx(
        blended(one_hot, share), abs=2e-5
    )
    assert mixed_w["age"] == pytest.approx(np.ones(8))


def test_labels_meet_their_weights_in_any_order(way):
    x, _ = data()
    targets = {name: x[:, i, 0] for i, name in enumerate("bac")}
    weights = {name: np.float32(np.arange(8) + i) for i, name in enumerate("cab")}
    mixed_x, mixed_y, mixed_w = way(Halves(), x, targets, weights)
    share = shares_of(mixed_x, x)
    for name in "abc":
        weight, target = weights[name], targets[name]
        np.testing.assert_allclose(mixed_w[name], blended(weight, share), rtol=1e-4)
        np.testing.assert_allclose(
            mixed_y[name] * mixed_w[name], blended(target * weight, share), atol=1e-4
        )


def test_one_weight_for_several_labels(way):
    x, y = data()
    weight = np.float32(np.arange(8))
    labels = (y, x[:, 0, 0])
    mixed_x, mixed_y, mixed_w = way(Halves(num_classes=CLASSES), x, labels, weight)
    share = shares_of(mixed_x, x)
    assert mixed_w == pytest.approx(blended(weight, share), abs=1e-5)
    assert mixed_y[1] * mixed_w == pytest.approx(
        blended(x[:, 0, 0] * weight, share), abs=2e-5
    )


@pytest.mark.parametrize("training", [None, True])
def test_a_pipeline_mixes_unless_told_otherwise(way, training):
    x, y = data()
    mixed_x, _ = way(Halves(num_classes=CLASSES), x, y, training=training)
    assert abs(mixed_x - x).max() > 0.1


def test_without_training_only_the_format_changes(way):
    x, y = data()
    images = np.uint8(np.clip(60 * x + 120, 0, 255))
    weight = np.arange(8)
    layer = Halves(num_classes=CLASSES)
    same_x, same_y, same_w = way(layer, images, y, weight, training=False)
    assert same_x.dtype == "float32"
    assert (same_x == images).all()
    assert same_y.dtype == "float32"
    assert (same_y == np.eye(CLASSES)[y]).all()
    assert same_w.dtype == "float32"
    assert (same_w == weight).all()


@pytest.mark.parametrize("names", [("images", "labels"), ("image", "label")])
def test_the_dict_of_keras_and_of_tfds(way, names):
    x, y = data()
    batch = {names[0]: x, names[1]: y, "id": np.arange(8)}
    before = {key: value.copy() for key, value in batch.items()}
    mixed = way(Halves(num_classes=CLASSES), batch)
    assert set(mixed) == set(batch)
    share = shares_of(mixed[names[0]], x)
    expected = blended(np.eye(CLASSES)[y], share)
    assert mixed[names[1]] == pytest.approx(expected, abs=1e-5)
    assert (mixed["id"] == np.arange(8)).all()
    for key, value in before.items():
        assert (batch[key] == value).all()


def test_segmentation_masks_become_soft_one_hot(way):
    x, _ = data()
    masks = np.random.default_rng(0).integers(0, CLASSES, (8, 3, 2, 1))
    mixed = way(Halves(num_classes=CLASSES), {"images": x, "segmentation_masks": masks})
    expected = blended(np.eye(CLASSES)[masks[..., 0]], shares_of(mixed["images"], x))
    assert mixed["segmentation_masks"] == pytest.approx(expected, abs=1e-5)


def test_the_dict_with_weights(way):
    x, y = data()
    weight = np.float32(np.arange(8))
    mixed = way(
        Halves(num_classes=CLASSES),
        {"images": x, "labels": y, "sample_weight": weight},
    )
    share = shares_of(mixed["images"], x)
    assert mixed["labels"] * mixed["sample_weight"][:, None] == pytest.approx(
        blended(np.eye(CLASSES)[y] * weight[:, None], share), abs=2e-5
    )


@pytest.mark.parametrize("prob", [1.0, 0.0])
def test_boxes_of_both_images_are_listed(way, prob):
    x, _ = data()
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, (8, 3)).astype("int32")
    labels[:, 2] = -1
    boxes = rng.random((8, 3, 4), dtype="float32")
    boxes[:, 2] = -1
    before = boxes.copy()
    layer = Halves(prob=prob)
    batch = {"images": x, "bounding_boxes": {"boxes": boxes, "labels": labels}}
    mixed = way(layer, batch)
    out = mixed["bounding_boxes"]
    share = shares_of(mixed["images"], x)
    assert (out["boxes"][:, :3] == boxes).all()
    assert (out["labels"][:, :3] == labels).all()
    assert (boxes == before).all()
    if prob:
        assert (out["boxes"][:, 3:] == boxes[::-1]).all()
        assert (out["labels"][:, 3:] == labels[::-1]).all()
    else:
        assert (out["boxes"][:, 3:] == -1).all()
        assert (out["labels"][:, 3:] == -1).all()
    expected = np.stack([1 - share] * 2 + [0 * share] + [share] * 2 + [0 * share], 1)
    assert out["weights"] == pytest.approx(expected, abs=1e-5)
    still = way(layer, batch, training=False)["bounding_boxes"]
    assert still["weights"].tolist() == [[1, 1, 0, 0, 0, 0]] * 8


def test_other_structures_are_inputs(way):
    x, _ = data()
    for lone in ({"images": x, "mask": x[:, 0]}, [x, x[:, 0]]):
        if way is not through_backend and isinstance(lone, list):
            continue  # Two in a pipeline are (x, y).
        with alone(way):
            mixed = way(Halves(), lone, training=True)
        first, second = to_numpy(keras.tree.flatten(mixed))
        share = shares_of(first, x)
        assert share.min() > 0.01
        assert second == pytest.approx(blended(x[:, 0], share), abs=1e-5)
        bare = pytest.warns(UserWarning, match="was called in a data pipeline on the")
        with bare if way is through_tf_data else contextlib.nullcontext():
            same = way(Halves(), lone)
        assert (to_numpy(keras.tree.flatten(same)[1]) == x[:, 0]).all()


def test_numpy_in_numpy_out():
    x, y = data()
    mixed_x, mixed_y = MixUp(num_classes=CLASSES)(x, y)
    assert type(mixed_x) is np.ndarray
    assert type(mixed_y) is np.ndarray


def test_one_seed_gives_one_sequence_on_every_backend():
    x, y = data()
    layer = MixUp(1.0, num_classes=CLASSES, seed=12)
    first, second = (layer(x, y)[1] for _ in range(2))
    again = MixUp(1.0, num_classes=CLASSES, seed=12)
    assert (again(x, y)[1] == first).all()
    assert (again(x, y)[1] == second).all()
    noise = np.random.default_rng(words("batch", 12, 0)).random((4, 8), "float32")
    rows = pairing.shuffle(noise[3])
    one_hot = np.eye(CLASSES)[y]
    share = 1 - first[np.arange(8), y]
    different = y != y[rows]
    expected = (1 - share[:, None]) * one_hot + share[:, None] * one_hot[rows]
    assert first[different] == pytest.approx(expected[different], abs=1e-6)


def test_epochs_of_a_dataset_differ_and_seeds_repeat_them():
    tf = pytest.importorskip("tensorflow")
    x, y = data(32)

    def epochs(seed):
        layer = MixUp(1.0, num_classes=CLASSES, seed=seed)
        dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8).map(layer)
        return [np.stack([b for _, b in dataset.as_numpy_iterator()]) for _ in "ab"]

    one, two = epochs(3)
    assert len({batch.tobytes() for batch in np.concatenate([one, two])}) == 8
    again, _ = epochs(3)
    assert (again == one).all()
    assert not (epochs(4)[0] == one).all()


def test_parallel_calls_never_share_a_seed():
    tf = pytest.importorskip("tensorflow")
    x = np.arange(16, dtype="float32")
    layer = MixUp(1.0, seed=0)
    dataset = tf.data.Dataset.from_tensors((x, x)).repeat(200)
    dataset = dataset.map(layer, num_parallel_calls=8)
    batches = {mixed.tobytes() for mixed, _ in dataset.as_numpy_iterator()}
    assert len(batches) == 200


def test_threads_never_share_a_seed():
    from concurrent.futures import ThreadPoolExecutor

    x = np.arange(16, dtype="float32")
    layer = MixUp(1.0, seed=0)
    with ThreadPoolExecutor(8) as pool:
        batches = set(pool.map(lambda _: layer(x, x)[0].tobytes(), range(200)))
    assert len(batches) == 200


WORKERS = """
import multiprocessing, sys, warnings
import numpy as np
import keras_mixup

warnings.simplefilter("ignore")  # JAX and Python warn of every fork.
mix = keras_mixup.MixUp(1.0, seed=0)
x = np.arange(16, dtype="float32")
if sys.argv[1] == "tensors":
    import keras
    x = keras.ops.convert_to_tensor(x)

def draw(_):
    return np.asarray(mix(x, x)[0]).tobytes()

if __name__ == "__main__":
    draws = [draw(0) for _ in range(2)]
    for _ in range(2):  # Epochs, each with workers of its own.
        with multiprocessing.get_context("fork").Pool(2) as pool:
            draws += pool.map(draw, range(20), chunksize=1)
    print(len(set(draws)))
"""


@pytest.mark.parametrize("batches", ["arrays", "tensors"])
def test_worker_processes_never_share_a_seed(batches):
    if batches == "tensors" and keras.backend.backend() != "torch":
        pytest.skip("only torch may be used in a process that was forked")
    command = [sys.executable, "-c", WORKERS, batches]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "42"


def test_alpha_changes_a_dataset_that_is_built():
    tf = pytest.importorskip("tensorflow")
    x = np.arange(64, dtype="float32")
    layer = MixUp(0.0)
    dataset = tf.data.Dataset.from_tensors((x, x)).map(layer)
    assert (next(iter(dataset))[0].numpy() == x).all()
    layer.alpha = 32.0
    assert (next(iter(dataset))[0].numpy() != x).mean() > 0.8
    layer.prob = 0.0
    assert (next(iter(dataset))[0].numpy() == x).all()


def test_partial_batches_in_tf_data():
    tf = pytest.importorskip("tensorflow")
    x, y = data(6)
    layer = Halves(num_classes=CLASSES)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(4).map(layer)
    batches = list(dataset.as_numpy_iterator())
    for (mixed_x, mixed_y), rows in zip(batches, [slice(0, 4), slice(4, 6)]):
        share = shares_of(mixed_x, x[rows])
        expected = blended(np.eye(CLASSES)[y[rows]], share)
        assert mixed_y == pytest.approx(expected, abs=1e-5)


def test_a_model_trains_on_a_mixed_dataset():
    tf = pytest.importorskip("tensorflow")
    x, y = data(32)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    mixed = dataset.map(MixUp(num_classes=CLASSES))
    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    losses = model.fit(mixed, epochs=10, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 0.1


def test_pydataset():
    x, y = data(32)

    class Batches(keras.utils.PyDataset):
        mix = MixUp(num_classes=CLASSES)

        def __len__(self):
            return 4

        def __getitem__(self, index):
            rows = slice(8 * index, 8 * index + 8)
            return self.mix(x[rows], y[rows])

    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    losses = model.fit(Batches(workers=2), epochs=10, shuffle=False, verbose=0).history[
        "loss"
    ]
    assert losses[-1] < losses[0] - 0.1


@given(
    size=st.integers(1, 9),
    rank=st.integers(1, 5),
    dtype=st.sampled_from(["float16", "float32", "float64", "uint8", "int32", "bool"]),
    alpha=st.sampled_from([0.0, 0.05, 1.0, 32.0]),
    pairs=st.sampled_from(["shuffle", "derangement", "roll", "reverse"]),
    seed=st.integers(0, 2**31 - 1),
)
@settings(deadline=None, max_examples=150)
def test_inputs_labels_and_weights_are_mixed_by_one_plan(
    size, rank, dtype, alpha, pairs, seed
):
    rng = np.random.default_rng(seed)
    # Integers of fewer axes may be ids, which are not blended.
    rank = max(rank, {"uint8": 2, "int32": 4}.get(dtype, 1))
    x = (100 * rng.random((size, *[2] * (rank - 1)))).astype(dtype)
    weight = rng.random(size, dtype="float32")
    # Mixed samples of the unit matrix are the plan itself.
    unit = np.eye(size, dtype="float32")
    layer = MixUp(alpha, pairing=pairs, prob=0.8, seed=seed)
    (plan, (mixed_x, _)), mixed_y, mixed_w = layer((unit, (x, unit)), unit, weight)
    lam = np.diagonal(plan) if size > 1 else np.ones(1)
    assert (lam >= 0.5).all()
    assert (lam <= 1).all()
    assert plan.sum(1) == pytest.approx(np.ones(size), abs=1e-6)
    expected = np.tensordot(plan, x.astype("float64"), 1)
    assert mixed_x == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert mixed_w == pytest.approx(plan @ weight, abs=1e-5)
    assert mixed_y * mixed_w[:, None] == pytest.approx(plan * weight, abs=1e-5)


# Bad input.


def test_integer_labels_without_num_classes(way):
    x, y = data()
    with pytest.raises(ValueError, match="Pass `num_classes` to the layer"):
        way(MixUp(), x, y)


@pytest.mark.parametrize("label", [-1, CLASSES])
def test_a_label_out_of_range(label):
    x, y = data()
    y[3] = label
    for batch in ((x, y), ({"images": x, "labels": y},)):
        with pytest.raises(ValueError, match=f"a label of {label}"):
            MixUp(num_classes=CLASSES)(*batch)


def test_integer_one_hot_rows_are_ambiguous(way):
    x, y = data()
    with pytest.raises(ValueError, match="Cast one-hot labels to float"):
        way(MixUp(num_classes=CLASSES), x, np.eye(CLASSES, dtype="int32")[y])


@pytest.mark.parametrize("column", [False, True])
def test_class_ids_of_images_may_be_floats(way, column):
    # Keras's layers make floats of all that is in a dict.
    x, y = data()
    labels = (y[:, None] if column else y).astype("float32")
    mixed = way(Halves(num_classes=CLASSES), {"images": x, "labels": labels})
    expected = blended(np.eye(CLASSES)[y], shares_of(mixed["images"], x))
    assert mixed["labels"] == pytest.approx(expected, abs=1e-5)


def test_floats_of_images_without_num_classes(way):
    x, y = data()
    with pytest.raises(ValueError, match="'labels' with one float per sample"):
        way(MixUp(), {"images": x, "labels": y.astype("float32")})


def test_classes_of_images_between_two_ids(way):
    x, y = data()
    labels = y + np.float32(0.5)
    with pytest.raises(Exception, match=r"Integer labels must be in \[0, 4\)"):
        way(MixUp(num_classes=CLASSES), {"images": x, "labels": labels})


def test_a_label_out_of_range_in_tf_data():
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    for label in (-1, CLASSES):
        y[3] = label
        dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
        dataset = dataset.map(MixUp(num_classes=CLASSES))
        with pytest.raises(tf.errors.InvalidArgumentError, match="Integer labels must"):
            next(iter(dataset))


def test_batch_sizes_must_agree(way):
    x, y = data()
    with pytest.raises(ValueError, match="`y` must have 8 samples"):
        way(MixUp(num_classes=CLASSES), x, y[:7])
    with pytest.raises(ValueError, match="`sample_weight` must have 8 samples"):
        way(MixUp(num_classes=CLASSES), x, y, np.ones(7, "float32"))


def test_an_unbatched_dataset():
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    dataset = tf.data.Dataset.from_tensor_slices((x, y))
    with pytest.raises(ValueError, match="`y` must have a batch axis.*batched"):
        dataset.map(MixUp(num_classes=CLASSES))
    dataset = tf.data.Dataset.from_tensor_slices({"images": x, "labels": y})
    with pytest.raises(ValueError, match="`labels` must have a batch axis.*batched"):
        dataset.map(MixUp(num_classes=CLASSES))


def test_text_is_no_input(way):
    x = np.array(["a", "b"]) if way is not through_backend else None
    if x is None:
        pytest.skip("no backend but TensorFlow has text tensors")
    with pytest.raises(TypeError, match="`x` must hold NumPy arrays or dense tensors"):
        way(MixUp(), x, np.ones((2, 1), "float32"))


def test_ragged_inputs_are_refused():
    tf = pytest.importorskip("tensorflow")
    x = tf.ragged.constant([[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match="dense tensors.*RaggedTensor"):
        MixUp()(x, np.ones((2, 1), "float32"))


def test_an_empty_batch():
    with pytest.raises(ValueError, match="Received an empty batch"):
        MixUp()(np.ones((0, 2)), np.ones((0, 2)))


def test_weights_in_a_dict_need_labels():
    boxes = {"boxes": np.ones((8, 1, 4)), "labels": np.ones((8, 1))}
    with pytest.raises(ValueError, match="'sample_weight' goes with labels"):
        MixUp()(
            {
                "images": data()[0],
                "bounding_boxes": boxes,
                "sample_weight": np.ones(8),
            }
        )


def test_weights_must_match_labels():
    x, y = data()
    with pytest.raises(ValueError, match="one for each of the 3 labels"):
        MixUp(num_classes=CLASSES)(x, (y, y, y), (np.ones(8), np.ones(8)))
    with pytest.raises(ValueError, match="leading axes"):
        MixUp()(x, x[:, 0, 0], np.ones((8, 3)))


@pytest.mark.parametrize(
    "boxes",
    [
        {"boxes": np.ones((8, 2, 4))},
        {"boxes": np.ones((8, 4)), "labels": np.ones((8,))},
    ],
)
def test_malformed_boxes(boxes):
    with pytest.raises(ValueError, match="`bounding_boxes` must h"):
        MixUp()({"images": data()[0], "bounding_boxes": boxes})


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a model in a map needs TensorFlow"
)
@pytest.mark.parametrize("nested", [False, True])
def test_augmenting_layers_that_leave_the_labels_out_warn(nested):
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    layers = keras.Sequential([keras.layers.Rescaling(2.0), Halves(name="forgetful")])

    def augment(x, y):
        return layers(x, training=True), y

    dataset = tf.data.Dataset.from_tensors((x, y))
    with pytest.warns(UserWarning, match="'forgetful' mixes the inputs"):
        dataset = dataset.map(tf.function(augment) if nested else augment)
    mixed, labels = next(iter(dataset))
    assert shares_of(mixed.numpy(), 2 * x).max() > 0.01
    assert (labels.numpy() == y).all()


def test_a_training_step_over_a_data_set_does_not_warn():
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    model = keras.Sequential([keras.layers.Flatten(), mix := MixUp(1.0)])
    model.add(keras.layers.Dense(CLASSES, "softmax"))
    model.compile("sgd", MixupLoss("sparse_categorical_crossentropy", mix))
    dataset = tf.data.Dataset.from_tensors((x, y)).map(lambda x, y: (2 * x, y))
    model.fit(dataset, shuffle=False, verbose=0)


def test_weights_that_are_set_count_in_a_pipeline():
    x, y = data()
    strong, off = (MixUp(alpha, num_classes=CLASSES) for alpha in (8.0, 0.0))
    still = off.get_weights()
    off.set_weights(strong.get_weights())
    strong.set_weights(still)
    assert (off.alpha, strong.alpha) == (8.0, 0.0)
    assert (off(x, y)[0] != x).any()
    assert (strong(x, y)[0] == x).all()


def test_weights_of_other_axes_than_the_labels(way):
    x, y = data()
    weights = np.ones((len(x), 2), "float32")
    message = "`sample_weight` must have the leading axes of what it weighs"
    with pytest.raises(ValueError, match=message):
        way(MixUp(1.0, num_classes=CLASSES), x, y, weights)


def test_a_list_is_no_array():
    with pytest.raises(TypeError, match="Received: float. `np.asarray` makes"):
        MixUp()(np.ones((2, 1)), [0.0, 1.0])


@pytest.mark.parametrize("x", [(), {}, {"image": None}])
def test_a_batch_without_inputs_does_not_end_an_iteration(x):
    y = np.arange(4) % 3
    for layer in (MixUp(num_classes=3), RandomChoice([MixUp(num_classes=3)])):
        batches = map(lambda each, mix=layer: mix(each, y), [np.ones((4, 2)), x])
        next(batches)
        with pytest.raises(ValueError, match="no tensor to mix"):
            next(batches)
