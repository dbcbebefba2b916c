"""A `PyDataset` whose batches are mixed."""

import keras

from keras_mixup.pipeline_layer import PipelineLayer
from keras_mixup.seeds import words


class MixupDataset(keras.utils.PyDataset):
    """Mixes the batches of another `PyDataset`, labels and all.

    For data that is made in Python: arrays on disk, a generator behind an index,
    augmentations of another library. It draws by epoch and by index and not in
    the order in which workers come to run, so that a seeded layer mixes alike at
    every run with as many workers, and differently in every epoch.

    Args:
        dataset: A `keras.utils.PyDataset` of NumPy batches: `x`, `(x, y)`,
            `(x, y, sample_weight)` or dicts, as `MixUp` takes them.
        mix: A `MixUp` or `AdaptiveMixUp`.
        **kwargs: `workers`, `use_multiprocessing` and `max_queue_size`. They default
            to those of `dataset`.

    Raises:
        TypeError: If `dataset` or `mix` is of another type.

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

    def __init__(self, dataset: keras.utils.PyDataset, mix: PipelineLayer, **kwargs):
        if not isinstance(dataset, keras.utils.PyDataset):
            raise TypeError(
                "`dataset` must be a `keras.utils.PyDataset`. For a generator of "
                "batches use `(mix(x, y) for x, y in generator)`. Received: "
                f"dataset={dataset!r} (of type {type(dataset).__name__})"
            )
        if not isinstance(mix, PipelineLayer):
            raise TypeError(
                "`mix` must be a MixUp layer. "
                f"Received: mix={mix!r} (of type {type(mix).__name__})"
            )
        names = "workers", "use_multiprocessing", "max_queue_size"
        super().__init__(**{name: getattr(dataset, name) for name in names} | kwargs)
        self._dataset, self._mix = dataset, mix
        self._seed = mix._pipeline.stage_seed()
        self._epoch = 0

    def __len__(self):
        return len(self._dataset)

    @property
    def num_batches(self):
        return self._dataset.num_batches

    def __getitem__(self, index):
        index = index % 2**32  # It may count from the end.
        seed = words("dataset", *self._seed, self._epoch, index)
        return self._mix._mix_element(self._dataset[index], seed)

    def on_epoch_begin(self):
        self._dataset.on_epoch_begin()

    def on_epoch_end(self):
        self._epoch += 1
        self._dataset.on_epoch_end()
