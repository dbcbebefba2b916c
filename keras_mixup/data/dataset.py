"""Data sets of mixed batches, each by a seed of its own."""

import keras

from keras_mixup.random.seeds import scrambled
from keras_mixup.random.seeds import words


class MixupDataset(keras.utils.PyDataset):
    """Mixes the batches of another `PyDataset`, labels and all.

    For data that is made in Python: arrays on disk, a generator behind an index,
    augmentations of another library. It draws by epoch and by index and not in
    the order in which workers come to run, so that a seeded layer mixes alike at
    every run with as many workers, and differently in every epoch.

    Args:
        dataset: A `keras.utils.PyDataset` of NumPy batches: `x`, `(x, y)`,
            `(x, y, sample_weight)` or dicts, as `MixUp` takes them.
        mixup: A `MixUp` or `AdaptiveMixUp`.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`. They default
            to those of `dataset`.

    Raises:
        TypeError: If `dataset` or `mixup` is of another type.

    Example:

    >>> class Batches(keras.utils.PyDataset):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         rng = np.random.default_rng(index)
    ...         return rng.random((8, 2)), rng.integers(0, 3, 8)
    >>> mix = keras_mixup.MixUp(alpha=0.2, num_classes=3, seed=1)
    >>> dataset = keras_mixup.MixupDataset(Batches(), mix, workers=2)
    >>> x, y = dataset[0]
    >>> y.shape
    (8, 3)
    """

    def __init__(
        self, dataset: keras.utils.PyDataset, mixup: keras.layers.Layer, **kwargs
    ):
        if not isinstance(dataset, keras.utils.PyDataset):
            raise TypeError(
                "`dataset` must be a `keras.utils.PyDataset`. For a generator of "
                "batches use `(mix(x, y) for x, y in generator)`. Received: "
                f"dataset={dataset!r} (of type {type(dataset).__name__})"
            )
        if not hasattr(mixup, "mix_batch"):
            raise TypeError(
                "`mixup` must be a layer that mixes batches, as MixUp. "
                f"Received: mixup={mixup!r} (of type {type(mixup).__name__})"
            )
        names = "workers", "use_multiprocessing", "max_queue_size"
        super().__init__(**{name: getattr(dataset, name) for name in names} | kwargs)
        self._dataset, self._mixup = dataset, mixup
        self._seed = mixup.next_stage()
        self._epoch = 0

    def __len__(self):
        return len(self._dataset)

    @property
    def num_batches(self):
        return self._dataset.num_batches

    def __getitem__(self, index):
        index = index % 2**32  # It may count from the end.
        seed = words("dataset", *self._seed, self._epoch, index)
        return self._mixup.mix_batch(self._dataset[index], seed)

    def on_epoch_begin(self):
        self._dataset.on_epoch_begin()

    def on_epoch_end(self):
        self._epoch += 1
        self._dataset.on_epoch_end()


def mixed_dataset(dataset, mix, seed, num_parallel_calls):
    """The data set with every batch mixed.

    Parallel calls of a map ask a common generator for seeds in whatever order
    they come to run. A seed that travels with its batch knows no such race.

    Args:
        dataset: A batched `tf.data.Dataset`.
        mix: Function of a batch and of two integers, its seed.
        seed: Integers ≥ 0.
        num_parallel_calls: As in `tf.data.Dataset.map`.
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise TypeError(
            "`stage` transforms a tf.data.Dataset: `dataset.apply(mix.stage())`. "
            f"Received: {dataset!r} (of type {type(dataset).__name__})"
        )
    seed = scrambled("stage", *seed)
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
    seeds = seeds.batch(2, drop_remainder=True)
    return tf.data.Dataset.zip(dataset, seeds).map(mix, num_parallel_calls)
