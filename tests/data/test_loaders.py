"""Loaders of other packages: the same batches at every run, with any workers."""

import itertools

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupDataset

SIZE, BATCH = 24, 4
CODES = np.eye(SIZE, dtype="float32")
CLASSES = np.arange(SIZE) % 3


def mixer(seed=5, layer=MixUp, **kwargs):
    return layer(1.0, pairing="derangement", num_classes=3, seed=seed, **kwargs)


def assert_same(batches, expected):
    for batch, other in zip(batches, expected, strict=True):
        for part, same in zip(batch, other, strict=True):
            np.testing.assert_array_equal(np.asarray(part), np.asarray(same))


def assert_mixed(batches):
    """Labels are mixed as their inputs, and each batch by a plan of its own."""
    batches = [tuple(map(np.asarray, batch)) for batch in batches]
    for x, y in batches:
        np.testing.assert_allclose(y, x @ np.eye(3)[CLASSES], atol=1e-6)
    shares = [np.sort(x[x > 0]).tobytes() for x, _ in batches]
    assert len(set(shares)) == len(batches) == SIZE // BATCH


# A seed that comes with the call.


def of(mix, **kwargs):
    return mix(CODES, CLASSES, **kwargs)


def as_model_tensors(mix, **kwargs):
    x, y = map(keras.ops.convert_to_tensor, (CODES, CLASSES))
    return tuple(map(keras.ops.convert_to_numpy, mix(x, y, **kwargs)))


@pytest.mark.parametrize(
    "layer", [MixUp, lambda alpha, **kwargs: AdaptiveMixUp(alpha=alpha, **kwargs)]
)
def test_one_seed_gives_one_batch(layer):
    mix = mixer(layer=layer)
    expected = of(mix, seed=3)
    of(mix)  # However often it was called.
    for again in (of(mix, seed=3), of(mixer(layer=layer), seed=np.array([3]))):
        assert_same([again], [expected])
    for x, same in zip(as_model_tensors(mix, seed=3), expected):
        np.testing.assert_allclose(x, same, atol=1e-6)


def test_other_seeds_and_other_layers_draw_apart():
    seeds = [0, 1, 2**32, 2**40, [0, 0], [0, 1], [1, 0], (0, 0, 0), np.uint32([1, 2])]
    mixes = [mixer(seed) for seed in (0, 1, 1_000_004, None)]
    mixes += [mixer(1, num_samples=3)]
    drawn = {of(mix, seed=seed)[1].tobytes() for mix in mixes for seed in seeds}
    assert len(drawn) == len(seeds) * len(mixes)
    for mix in (mixer(None), mixer(None)):  # Without its own, that of the call decides.
        assert_same([of(mix, seed=3)], [of(mixes[3], seed=3)])


def test_every_form_of_a_batch_takes_a_seed():
    mix = mixer()
    _, y = of(mix, seed=1)
    batch = {"images": CODES, "labels": CLASSES}
    np.testing.assert_array_equal(mix(batch, seed=1)["labels"], y)
    weighted = mix(CODES, CLASSES, np.ones(SIZE, "float32"), seed=1)
    np.testing.assert_allclose(weighted[1], y, atol=1e-6)
    unmixed = mix(CODES, CLASSES, training=False, seed=1)[0]
    np.testing.assert_array_equal(unmixed, CODES)


def test_no_use_of_a_seed_draws_what_another_does():
    class Batches(keras.utils.PyDataset):
        __len__ = lambda self: 2  # noqa: E731
        __getitem__ = lambda self, i: (CODES, CLASSES)  # noqa: E731

    drawn = []
    for seed in (0, 1, 1_000_003, 1_000_004):
        mix = mixer(seed)
        drawn += [of(mix) for _ in range(3)]
        drawn += [of(mix, seed=number) for number in range(3)]
        drawn += [as_model_tensors(mix) for _ in range(3)]
        for _ in "ab":
            dataset = MixupDataset(Batches(), mix)
            for _ in range(2):
                drawn += [dataset[0], dataset[1]]
                dataset.on_epoch_end()
    shares = [np.sort(x[x > 0]).round(6).tobytes() for x, _ in drawn]
    assert len(set(shares)) == len(drawn)


def test_batches_of_tensors_in_a_data_set_are_drawn_by_their_number():
    class Batches(keras.utils.PyDataset):
        __len__ = lambda self: 2  # noqa: E731

        def __getitem__(self, index):
            return tuple(map(keras.ops.convert_to_tensor, (CODES, CLASSES)))

    dataset = MixupDataset(Batches(), mixer())
    first, again = ([keras.ops.convert_to_numpy(dataset[0][1])] for _ in "ab")
    np.testing.assert_array_equal(first, again)
    assert (first[0] != keras.ops.convert_to_numpy(dataset[1][1])).any()


@pytest.mark.parametrize(
    ("seed", "error"),
    [(-1, ValueError), ([3, -1], ValueError)]
    + [(seed, TypeError) for seed in (1.5, True, [], "1", [[1]], object())],
)
def test_seeds_that_are_none(seed, error):
    with pytest.raises(error, match="`seed` must be an integer ≥ 0, or a sequence"):
        of(mixer(), seed=seed)


def test_inputs_alone_take_no_seed():
    with pytest.raises(ValueError, match="`seed` is for a batch that comes with its"):
        mixer()(CODES, training=True, seed=1)


def test_training_may_be_a_boolean_of_numpy():
    mix = mixer()
    mixed = keras.ops.convert_to_numpy(mix(CODES, np.True_))
    assert (mixed != CODES).any()
    assert mix.plan is not None
    for still in (mix(CODES, np.False_), mix(CODES, training=np.False_)):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(still), CODES)


# tf.data.


def test_a_seed_that_comes_with_the_batch_in_tf_data():
    tf = pytest.importorskip("tensorflow")
    batches = tf.data.Dataset.from_tensor_slices((CODES, CLASSES)).batch(BATCH)

    def epoch(number, mix, calls):
        def mixed(index, batch):
            return mix(*batch, seed=tf.stack([number, index]))

        mixed = batches.enumerate().map(mixed, num_parallel_calls=calls)
        return list(mixed.as_numpy_iterator())

    first = epoch(0, mixer(), 4)
    assert_mixed(first)
    assert_same(epoch(0, mixer(), None), first)
    for other in (epoch(1, mixer(), None), epoch(0, mixer(6), None)):
        assert (other[0][1] != first[0][1]).any()


def test_seeds_that_do_not_come_with_the_batch_in_tf_data():
    tf = pytest.importorskip("tensorflow")
    batches = tf.data.Dataset.from_tensor_slices((CODES, CLASSES)).batch(BATCH)
    mix = mixer()

    def by_one(x, y):
        return mix(x, y, seed=3)

    def by_a_float(x, y):
        return mix(x, y, seed=x[0, 0])

    with pytest.raises(ValueError, match=r"the same for all batches.*enumerate"):
        batches.map(by_one)
    with pytest.raises(TypeError, match=r"tensor of one integer.*float32"):
        batches.map(by_a_float)


# Grain.


def grain_loader(mix, seed=7):
    grain = pytest.importorskip("grain")
    batches = grain.MapDataset.source(range(SIZE)).seed(seed).shuffle()
    batches = batches.map(lambda i: (CODES[i], CLASSES[i])).batch(BATCH)
    return batches.random_map(lambda batch, rng: mix(*batch, seed=rng.integers(2**32)))


def test_grain_gives_one_batch_for_one_index():
    dataset = grain_loader(mixer())
    assert_same([dataset[0]], [dataset[0]])
    assert_mixed(dataset)
    assert_same(dataset, grain_loader(mixer()))
    again = dataset.repeat(2)
    assert (again[0][1] != again[SIZE // BATCH][1]).any()


def test_grain_goes_on_from_a_checkpoint_with_any_threads():
    iterator = iter(grain_loader(mixer()).to_iter_dataset())
    assert_same([next(iterator)], [grain_loader(mixer())[0]])
    state = iterator.get_state()
    rest = list(iterator)
    assert_same(rest, list(grain_loader(mixer()))[1:])
    again = iter(grain_loader(mixer()).to_iter_dataset())
    again.set_state(state)
    assert_same(again, rest)


# torch.


class Numbered:
    """A data set of batches, each with a seed of its epoch and its number."""

    def __init__(self, mix, epoch):
        self.mix, self.epoch = mix, epoch

    def __len__(self):
        return SIZE // BATCH

    def __getitem__(self, index):
        rows = slice(BATCH * index, BATCH * (index + 1))
        return self.mix(CODES[rows], CLASSES[rows], seed=[self.epoch, index])


# JAX and Python warn of every fork, and NumPy batches touch neither's threads.
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_data_loaders_give_the_same_with_and_without_workers():
    data = pytest.importorskip("torch.utils.data")
    mix = mixer()

    def epoch(number, workers):
        loader = data.DataLoader(
            Numbered(mix, number), batch_size=None, num_workers=workers
        )
        return list(loader)

    first, second = (epoch(number, 0) for number in range(2))
    assert_mixed(first)
    for x, other in itertools.product(first, second):
        assert (np.sort(x[0].ravel()) != np.sort(other[0].ravel())).any()
    assert_same(epoch(0, 2), first)
    assert_same(epoch(1, 2), second)


# Hugging Face datasets.


def test_hugging_face_datasets_give_the_same_and_go_on():
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"x": CODES, "y": CLASSES})
    mix = mixer()

    def mixed(batch, indices):
        x, y = mix(np.float32(batch["x"]), np.array(batch["y"]), seed=indices[0])
        return {"x": x, "y": y}

    def stream():
        examples = rows.to_iterable_dataset(num_shards=2)
        return examples.map(mixed, with_indices=True, batched=True, batch_size=BATCH)

    def batches(examples):
        found = [(example["x"], example["y"]) for example in examples]
        x, y = map(np.array, zip(*found))
        return list(zip(x.reshape(-1, BATCH, SIZE), y.reshape(-1, BATCH, 3)))

    first = batches(stream())
    assert_mixed(first)
    assert_same(batches(stream()), first)
    examples = stream()
    for _ in zip(range(2 * BATCH), examples):
        state = examples.state_dict()
    again = stream()
    again.load_state_dict(state)
    assert_same(batches(again), first[2:])
