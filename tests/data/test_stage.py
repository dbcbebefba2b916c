import socket

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import MixUp
from keras_mixup import RandomChoice
from tests.data.test_pipeline import CLASSES
from tests.data.test_pipeline import Halves
from tests.data.test_pipeline import blended
from tests.data.test_pipeline import data
from tests.data.test_pipeline import shares_of

tf = pytest.importorskip("tensorflow")

# Of few numbers, which TensorFlow and its service hand over in no time.
SIZE, BATCH = 48, 4


def batches():
    return tf.data.Dataset.from_tensor_slices(data(SIZE)).batch(BATCH)


def staged(seed=3, calls=8, layer=MixUp):
    mix = layer(1.0, num_classes=CLASSES, seed=seed)
    return batches().apply(mix.stage(num_parallel_calls=calls))


def choice(alpha, **kwargs):
    return RandomChoice([MixUp(alpha), CutMix(alpha)], **kwargs)


def epoch(dataset):
    """The mixed inputs and labels of an epoch, in their order."""
    xs, ys = zip(*dataset.as_numpy_iterator())
    return np.concatenate(xs), np.concatenate(ys)


def assert_same(one, two):
    for a, b in zip(one, two):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("layer", [MixUp, lambda *a, **k: AdaptiveMixUp(**k), choice])
def test_parallel_runs_give_the_same_batches_in_the_same_order(layer):
    first, second = staged(layer=layer), staged(layer=layer)
    for _ in range(3):
        assert_same(epoch(first), epoch(second))


def test_elements_that_are_not_batched_meet_their_neighbours():
    x, y = data(SIZE)
    mix = MixUp(4.0, pairing="roll", num_classes=CLASSES, seed=1)
    elements = tf.data.Dataset.from_tensor_slices((x, y))
    mixed = elements.batch(BATCH).map(mix).unbatch()
    mixed, labels = map(np.stack, zip(*mixed.as_numpy_iterator()))
    groups = np.arange(SIZE).reshape(-1, BATCH)
    rows = np.roll(groups, 1, axis=1).ravel()
    moved, whole = (
        np.float64(each).reshape(SIZE, -1) for each in (mixed - x, x[rows] - x)
    )
    share = (moved * whole).sum(1) / (whole**2).sum(1)
    np.testing.assert_allclose(moved, share[:, None] * whole, atol=1e-5)
    eye = np.eye(CLASSES)
    expected = (1 - share[:, None]) * eye[y] + share[:, None] * eye[y[rows]]
    np.testing.assert_allclose(labels, expected, atol=1e-5)
    assert share.max() > 0.1


def test_as_many_calls_as_one_likes_give_the_same():
    assert_same(epoch(staged(calls=8)), epoch(staged(calls=None)))


def test_every_batch_of_every_epoch_is_drawn_anew():
    x = np.arange(16, dtype="float32")
    layer = MixUp(1.0, seed=0)
    dataset = tf.data.Dataset.from_tensors((x, x)).repeat(40).apply(layer.stage(8))
    drawn = [mixed.tobytes() for _ in "abc" for mixed, _ in dataset.as_numpy_iterator()]
    assert len(set(drawn)) == 120


def test_seeds_and_stages_draw_apart():
    layer = MixUp(1.0, num_classes=CLASSES, seed=3)
    one, two = (epoch(batches().apply(layer.stage()))[0] for _ in "ab")
    other = epoch(staged(seed=4))[0]
    assert_same([one], epoch(staged())[:1])
    assert (one != two).mean() > 0.5
    assert (one != other).mean() > 0.5


def test_inputs_and_labels_follow_one_plan():
    x, y = data(BATCH)
    layer = Halves(num_classes=CLASSES)
    dataset = tf.data.Dataset.from_tensors((x, y)).apply(layer.stage())
    mixed_x, mixed_y = epoch(dataset)
    share = shares_of(mixed_x, x)
    assert share.min() > 0.01
    assert mixed_x == pytest.approx(blended(x, share), abs=1e-5)
    assert mixed_y == pytest.approx(blended(np.eye(CLASSES)[y], share), abs=1e-5)


def test_every_form_of_a_batch():
    x, y = data(BATCH)
    labels = np.eye(CLASSES, dtype="float32")[y]
    weight = np.float32([1, 2, 3, 4])

    def through(batch):
        dataset = tf.data.Dataset.from_tensors(batch).apply(Halves(seed=1).stage())
        return next(dataset.as_numpy_iterator())

    mixed = through(x)
    share = shares_of(mixed, x)
    assert share.min() > 0.01
    for form in ((x, labels), (x, labels, weight)):
        np.testing.assert_array_equal(through(form)[0], mixed)
    assert through((x, labels))[1] == pytest.approx(blended(labels, share), abs=1e-5)
    assert through((x, labels, weight))[2] == pytest.approx(
        blended(weight, share), abs=1e-5
    )
    as_dict = through({"images": x, "labels": labels})
    np.testing.assert_array_equal(as_dict["images"], mixed)
    assert as_dict["labels"] == pytest.approx(blended(labels, share), abs=1e-5)


def test_a_stage_knows_how_many_batches_there_are():
    assert len(staged()) == SIZE // BATCH


def test_alpha_changes_a_stage_that_is_built():
    x = np.arange(64, dtype="float32")
    layer = MixUp(0.0)
    dataset = tf.data.Dataset.from_tensors((x, x)).apply(layer.stage())
    assert (next(iter(dataset))[0].numpy() == x).all()
    layer.alpha = 32.0
    assert (next(iter(dataset))[0].numpy() != x).mean() > 0.8


def test_an_iterator_goes_on_from_its_checkpoint(tmp_path):
    # Else TensorFlow refuses, of the variables that hold α and `prob`.
    options = tf.data.Options()
    options.experimental_symbolic_checkpoint = True
    iterator = iter(staged(calls=2).with_options(options))
    checkpoint = tf.train.Checkpoint(iterator=iterator)
    for _ in range(3):
        next(iterator)
    path = checkpoint.save(str(tmp_path / "iterator"))
    expected = [x.numpy() for x, _ in iterator]
    again = iter(staged(calls=2).with_options(options))
    tf.train.Checkpoint(iterator=again).restore(path)
    assert_same([x.numpy() for x, _ in again], expected)


def test_a_model_trains_on_a_stage():
    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(CLASSES, activation="softmax")]
    )
    model.compile("sgd", "categorical_crossentropy")
    losses = model.fit(staged(), epochs=5, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def unused_port():
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def service():
    """A dispatcher of the `tf.data` service, and two workers."""
    ports = [unused_port() for _ in "ab"]
    addresses = [f"localhost:{port}" for port in ports]
    experimental = tf.data.experimental.service
    dispatcher = experimental.DispatchServer(
        experimental.DispatcherConfig(worker_addresses=addresses)
    )
    workers = [
        experimental.WorkerServer(
            experimental.WorkerConfig(
                dispatcher_address=dispatcher.target.split("://")[1],
                worker_address=address,
                port=port,
            )
        )
        for address, port in zip(addresses, ports)
    ]
    yield dispatcher.target
    del workers, dispatcher


def test_workers_of_the_service_mix_as_this_process_does(service):
    by_worker = tf.data.experimental.service.ShardingPolicy.DATA
    share_out = tf.data.experimental.service.distribute(by_worker, service)

    def drawn(dataset):
        return {mixed.tobytes() for mixed, _ in dataset.as_numpy_iterator()}

    here = staged()
    for layer in (MixUp, choice):
        # Which of two workers is the first to hand over a batch, nothing decides.
        found = drawn(staged(layer=layer).apply(share_out))
        assert found == drawn(staged(layer=layer))
    two_epochs = drawn(staged().repeat(2).apply(share_out))
    assert two_epochs == drawn(here) | drawn(here)
    assert len(two_epochs) == 2 * SIZE // BATCH


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="it is JAX's")
def test_shards_under_a_distribution_are_those_without_one():
    def mixed():
        layer = MixUp(1.0, num_classes=CLASSES, shards=2, seed=3)
        return epoch(batches().apply(layer.stage()))

    expected = mixed()
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(devices=["cpu:0"])
    )
    try:
        assert_same(mixed(), expected)
    finally:
        keras.distribution.set_distribution(None)


def test_a_dict_of_images_needs_labels_that_it_knows():
    x, y = data(BATCH)
    dataset = tf.data.Dataset.from_tensors({"images": x, "species": y})
    with pytest.raises(ValueError, match=r"'species' .* an integer for each"):
        dataset.apply(MixUp(num_classes=CLASSES).stage())


def test_only_a_dataset_has_stages():
    with pytest.raises(TypeError, match=r"dataset\.apply\(mix\.stage\(\)\)"):
        MixUp().stage()([1, 2])
