import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupDataset

SIZE = 8
BATCHES = 5


class Batches(keras.utils.PyDataset):
    """Samples that tell where they come from, shuffled after every epoch."""

    def __init__(self, form=lambda x, y: (x, y), **kwargs):
        super().__init__(**kwargs)
        self.form, self.order, self.begun = form, np.arange(BATCHES), 0

    def __len__(self):
        return BATCHES

    def __getitem__(self, index):
        codes = np.eye(SIZE, dtype="float32") + 2 * self.order[index]
        return self.form(codes, np.arange(SIZE) % 3)

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.order = np.roll(self.order, 1)


def mixer(**kwargs):
    return MixUp(4.0, pairing="derangement", num_classes=3, seed=5, **kwargs)


def epochs(dataset, count=2):
    """All batches, epoch by epoch."""
    taken = []

    for _ in range(count):
        dataset.on_epoch_begin()
        taken.append([dataset[i] for i in range(len(dataset))])
        dataset.on_epoch_end()
    return taken


def weights(x):
    """How much of every sample a mixed sample holds."""
    return x.astype("float64") - 2 * np.round((x.sum(1, keepdims=True) - 1) / 16)


def test_labels_are_mixed_like_their_rows():
    for epoch in epochs(MixupDataset(Batches(), mixer())):
        for x, y in epoch:
            kept = weights(x)
            assert ((kept > 1e-3).sum(1) == 2).any()
            np.testing.assert_allclose(kept.sum(1), 1, atol=1e-5)
            np.testing.assert_allclose(
                y, kept @ np.eye(3)[np.arange(SIZE) % 3], atol=1e-4
            )


def test_runs_repeat_and_epochs_differ():
    first, second = epochs(MixupDataset(Batches(), mixer()))
    again, _ = epochs(MixupDataset(Batches(), mixer()))
    for (x, y), (same_x, same_y) in zip(first, again):
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
    labels = [y for x, y in first + second]
    pairs = [(i, j) for i in range(2 * BATCHES) for j in range(i)]
    assert not any(np.array_equal(labels[i], labels[j]) for i, j in pairs)


def test_the_order_and_the_epochs_are_those_of_the_data_set():
    inner = Batches()
    first, second = epochs(MixupDataset(inner, mixer()))
    number = [
        [round((x[0].sum() - 1) / 16) for x, _ in epoch] for epoch in (first, second)
    ]
    assert number == [[0, 1, 2, 3, 4], [4, 0, 1, 2, 3]]
    assert inner.begun == 2
    assert len(MixupDataset(inner, mixer())) == BATCHES
    assert MixupDataset(inner, mixer()).num_batches == BATCHES


def trained(workers):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy")
    dataset = MixupDataset(Batches(workers=workers), mixer())
    assert dataset.workers == workers
    return model.fit(dataset, epochs=3, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize("workers", [1, 4])
def test_fit_repeats_with_workers(workers):
    first = trained(workers)
    assert len(set(first)) == 3
    for _ in range(3):
        np.testing.assert_array_equal(trained(workers), first)


def test_batches_of_other_forms():
    bare = MixupDataset(Batches(lambda x, y: x), mixer())[1]
    assert ((weights(bare) > 1e-3).sum(1) == 2).any()
    x, _, weight = MixupDataset(
        Batches(lambda x, y: (x, y, np.arange(1.0, 1 + SIZE))), mixer()
    )[0]
    np.testing.assert_allclose(weight, weights(x) @ np.arange(1.0, 1 + SIZE), rtol=1e-5)
    batch = MixupDataset(Batches(lambda x, y: {"images": x, "labels": y}), mixer())[0]
    expected = weights(batch["images"]) @ np.eye(3)[np.arange(SIZE) % 3]
    np.testing.assert_allclose(batch["labels"], expected, atol=1e-4)


def test_two_data_sets_of_one_layer_draw_apart():
    mix = mixer()
    (_, one), (_, other) = (MixupDataset(Batches(), mix)[0] for _ in range(2))
    assert not np.array_equal(one, other)


def test_a_policy_mixes_as_well():
    mix = AdaptiveMixUp(num_classes=3, pairing="roll", seed=0)
    x, y = MixupDataset(Batches(), mix)[0]
    np.testing.assert_allclose(
        y, weights(x) @ np.eye(3)[np.arange(SIZE) % 3], atol=1e-4
    )


def test_what_is_no_data_set_or_layer_is_refused():
    with pytest.raises(TypeError, match="`dataset` must be a `keras.utils.PyDataset`"):
        MixupDataset([(np.zeros((2, 2)), np.zeros(2))], mixer())
    with pytest.raises(TypeError, match="`mixup` must be a layer that mixes batches"):
        MixupDataset(Batches(), keras.layers.Dense(2))
