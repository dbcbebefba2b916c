"""What layers have in common that mix in data pipelines as well."""

import functools

import keras
import numpy as np

from keras_mixup._backend.checks import check_label_keys
from keras_mixup._backend.checks import check_num_classes
from keras_mixup._backend.ops import call_as_is
from keras_mixup._backend.ops import is_foreign
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.tensor_checks import check_no_class_ids
from keras_mixup._backend.tensor_checks import check_no_table
from keras_mixup._backend.traces import in_dataset
from keras_mixup.data.batch import mix_parts
from keras_mixup.data.dataset import mixed_dataset
from keras_mixup.data.dense import which_are_dense
from keras_mixup.data.element import as_element
from keras_mixup.data.element import is_handed_over
from keras_mixup.data.element import is_pair
from keras_mixup.data.reader import BatchReader
from keras_mixup.data.rules import ARGUMENTS
from keras_mixup.data.rules import Rules
from keras_mixup.layers.region_layer import RegionLayer
from keras_mixup.pairing.contract import says
from keras_mixup.random.seeds import check_no_seed


class PipelineLayer(RegionLayer):
    """Mixes batches that come with their labels, in `tf.data` and on NumPy.

    A subclass may override `check_parts`.

    Args:
        num_classes: Number of classes, or a nested structure of these.
        label_keys: The keys of labels in a dict, or `None` to tell by their names.
        **kwargs: Keyword arguments of `Rules.checked` and of `RegionLayer`.
    """

    def __init__(
        self,
        *,
        num_classes=None,
        label_keys=None,
        **kwargs,
    ):
        rules = {name: kwargs.pop(name) for name in ARGUMENTS if name in kwargs}
        super().__init__(**kwargs)
        self.rules = Rules.checked(**rules)
        # Not as attributes of a layer, of whose lists Keras makes others.
        self._reader = BatchReader(
            self.name, check_num_classes(num_classes), check_label_keys(label_keys)
        )
        self._in_model = False

    @property
    def num_classes(self):
        """The number of classes, or a nested structure of these."""
        return self._reader.num_classes

    @property
    def label_keys(self):
        """The keys of labels in a dict, `None` if they are told by their names."""
        return self._reader.label_keys

    def parameters_in_pipeline(self, structure):
        """Dict of the `Parameter`s, as the tensors of a batch need them."""
        return self._pipeline.parameters(structure)

    def check_in_model(self):
        super().check_in_model()
        rules = self.rules
        if rules.label_smoothing or rules.target_threshold is not None:
            raise ValueError(
                "`label_smoothing` and `target_threshold` of a layer are for "
                "pipelines. In a model pass them with the loss, as `MixupLoss("
                "CategoricalCrossentropy(label_smoothing=0.1), mixup=layer)` or "
                "`MixupLoss(..., target_threshold=0.2)`. Received: label_smoothing="
                f"{rules.label_smoothing}, target_threshold={rules.target_threshold}"
            )

    def check_parts(self, parts):
        """Raises of parts of a batch that the layer cannot mix.

        Args:
            parts: What `BatchReader.soft` returned.
        """

    def __call__(
        self, x, y=None, sample_weight=None, *, training=None, seed=None, **kwargs
    ):
        if isinstance(y, (bool, np.bool_)):
            y, training = None, y
        training = self._training(training)
        seed = self._pipeline.given_seed(seed, x)
        element = as_element(x, y, sample_weight)
        if element is not x or self._is_batch(x):
            return call_as_is(self.mix_batch, element, seed, training)
        if self._is_foreign(x, training):
            return self._mix_alone(x, training, seed)
        check_no_seed(seed)
        return super().__call__(x, training=training, **kwargs)

    def get_config(self):
        keys = self.label_keys
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "label_keys": None if keys is None else list(keys),
            **self.rules.config(),
        }

    def stage(self, num_parallel_calls: int | None = None):
        """A stage of a `tf.data` pipeline that mixes alike at every run.

        `dataset.map(layer, num_parallel_calls=8)` gives each batch a seed of its
        own, but which one, the threads decide between them. With
        `dataset.apply(layer.stage(8))` a seed travels with each batch: a seeded
        layer mixes the same batches in the same way at every run, differently in
        every epoch. Batches without labels are mixed too, which a map leaves alone.
        Layers among its `views` draw by seeds of their own.

        It runs on workers of the `tf.data` service, and its iterators can be saved
        with `tf.data.Options.experimental_symbolic_checkpoint`. As for
        `Dataset.shuffle`, TensorFlow's global seed counts beside the layer's. Apply
        it at the top of the pipeline: inside of `interleave`, or of a
        `tf.function` that makes the data set, all start from the same seed.

        Args:
            num_parallel_calls: How many batches to mix at a time, or
                `tf.data.AUTOTUNE`, as in `tf.data.Dataset.map`.

        Returns:
            A function for `tf.data.Dataset.apply`, from a batched data set of `x`,
            `(x, y)`, `(x, y, sample_weight)` or dicts to the same, mixed.

        Example:

        >>> import tensorflow as tf
        >>> x, y = np.random.rand(8, 2), np.random.rand(8)
        >>> dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)
        >>> mix = keras_mixup.MixUp(alpha=0.2, seed=1)
        >>> dataset = dataset.apply(mix.stage(num_parallel_calls=2))
        """
        return functools.partial(
            mixed_dataset,
            mix=functools.partial(call_as_is, self.mix_batch),
            seed=self.next_stage(),
            num_parallel_calls=num_parallel_calls,
        )

    def next_stage(self):
        """Two integers for one more stage, which draws apart from those before."""
        return self._pipeline.stage_seed()

    def mix_batch(self, element, seed=None, training=True):
        """Mixes an element of a pipeline.

        Args:
            element: `x`, `(x, y)`, `(x, y, sample_weight)` or a dict of inputs beside
                their labels.
            seed: Its seed, as `random.uniforms.uniform` takes it, or `None`.
            training: Whether to mix. `None` stands for `True`.
        """
        mixing = training is None or training
        batch = self._reader.read(element, mixing)
        are_targets = any(
            says(pairing, "labels_are_targets") for pairing in self.pairings()
        )
        rules = self._rules_for(batch, mixing)
        parts = self._reader.soft(batch, are_targets, rules)

        def mix(plan, parts):
            return mix_parts(plan, parts, self.mix_inputs, rules)

        if not mixing:
            return batch.restore(mix(None, parts))
        self.check_parts(parts)
        inputs = batch.parts["x"]
        if seed is None:
            seed = self._pipeline.next_seed(inputs)
        _, mixed = self._draw_and_mix(
            parts,
            mix,
            noise=self._noise(inputs, seed),
            labels=batch.labels,
            shards=self.shards or 1,
            **self.parameters_in_pipeline(inputs),
        )
        return batch.restore(mixed)

    def _rules_for(self, batch, mixing):
        dense = ()
        if self.may_paste and "y" in batch.parts:
            dense = which_are_dense(
                batch.parts["y"],
                batch.parts["x"],
                self.rules.dense_labels,
                self._reader.counts(batch),
                self.data_format,
            )
        return self.rules._replace(
            label_smoothing=self.rules.label_smoothing if mixing else 0.0,
            dense=tuple(dense),
            pastes=self.only_pastes,
            data_format=self.data_format,
        )

    def _is_batch(self, x):
        return self._reader.is_batch(x) or (is_pair(x) and self._is_handed_over(x))

    def _is_handed_over(self, x):
        # A model of several inputs hands them over in a pipeline as well.
        return not self._in_model and is_handed_over(x)

    def _is_foreign(self, x, training):
        """Whether lone inputs, which are checked, are no tensors of the backend."""
        if keras.ops.is_tensor(x):
            return False
        leaves = flatten(x)
        if all(leaf is None for leaf in leaves):
            raise ValueError(f"Expected a tensor to mix. Received: x={x!r}")
        for leaf in leaves:
            check_no_table("x", leaf)
        several = isinstance(x, (list, tuple)) and len(x) > 1
        if several and self.num_classes is not None and not self._in_model:
            for other in x[1:]:
                check_no_class_ids(other)
        if any(isinstance(leaf, keras.KerasTensor) for leaf in leaves):
            self._in_model = True
        elif training is not False and isinstance(x, dict) and self._is_handed_over(x):
            self._reader.check_inputs(x)
        return any(is_foreign(leaf) for leaf in leaves)

    def _mix_alone(self, x, training, seed):
        if training:
            self._channel.warn_of_pipeline()
        elif training is None:
            self._channel.warn_of_bare_call()
        (mixed,) = call_as_is(self.mix_batch, (x,), seed, bool(training))
        return mixed

    def _enter(self, training):
        super()._enter(training)
        if training is None and not self._in_model and in_dataset():
            self._channel.warn_of_bare_call()
