"""A layer that mixes outside a model as well: in `tf.data` and on NumPy."""

import functools

import keras
from keras import tree

from keras_mixup import pairing as pairings
from keras_mixup.batch import mix_masks
from keras_mixup.batch import mix_parts
from keras_mixup.batch_checks import check_batch
from keras_mixup.batch_checks import check_no_class_ids
from keras_mixup.batch_checks import check_no_table
from keras_mixup.checks import check_label_keys
from keras_mixup.checks import check_num_classes
from keras_mixup.element import is_handed_over
from keras_mixup.element import is_pair
from keras_mixup.fusion import fused
from keras_mixup.namespaces import call_as_is
from keras_mixup.namespaces import is_foreign
from keras_mixup.namespaces import namespace
from keras_mixup.random import uniform
from keras_mixup.reader import BatchReader
from keras_mixup.seeded import SeededLayer
from keras_mixup.stage import mixed_dataset
from keras_mixup.traces import in_dataset
from keras_mixup.views import build as build_views


class PipelineLayer(SeededLayer):
    """Mixes batches that come with their labels, each by a plan of `_draw`.

    Args:
        seed: As for `SeededLayer`.
        num_classes: Number of classes, or a nesting of such numbers.
        label_keys: The keys of labels in a dict, or `None` to tell by their names.
        data_format: As every layer of images of Keras takes it. Whole rows are
            blended, in which it makes no difference.
        bounding_box_format: The same: boxes are kept as they are.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    def __init__(
        self,
        seed,
        num_classes=None,
        label_keys=None,
        data_format=None,
        bounding_box_format=None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        # Not as attributes of a layer, of whose lists Keras makes others.
        self._reader = BatchReader(
            self.name, check_num_classes(num_classes), check_label_keys(label_keys)
        )
        self._in_model = False

    @property
    def num_classes(self):
        """The number of classes, or a nesting of such numbers."""
        return self._reader.num_classes

    @property
    def label_keys(self):
        """The keys of labels in a dict, `None` if they are told by their names."""
        return self._reader.label_keys

    def get_config(self):
        keys = self.label_keys
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "label_keys": None if keys is None else list(keys),
        }

    @property
    def metrics(self):
        """List of all metrics that have something to report."""
        others = [each for each in super().metrics if each is not self._means]
        return others + self._channel.metrics()

    def may_mix(self):
        """Whether `alpha` and `prob`, as they were last set, let anything be mixed."""
        return self._pipeline.get("alpha") > 0 and self._pipeline.get("prob") > 0

    def compute_mask(self, inputs, previous_mask=None):
        return mix_masks(self._channel.plan, previous_mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def build(self, input_shape):
        build_views(self.views, input_shape)
        self.built = True

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
            mix=functools.partial(call_as_is, self._mix_element),
            seed=self._pipeline.stage_seed(),
            num_parallel_calls=num_parallel_calls,
        )

    def _is_batch(self, x):
        return self._reader.is_batch(x) or (is_pair(x) and self._is_handed_over(x))

    def _is_handed_over(self, x):
        # A model of several inputs hands them over in a pipeline as well.
        return not self._in_model and is_handed_over(x)

    def _is_foreign(self, x, training):
        """Whether lone inputs, which are checked, are no tensors of the backend."""
        leaves = tree.flatten(x)
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

    def _mix_element(self, element, seed=None, training=True):
        mixing = training is None or bool(training)
        batch = self._reader.read(element, mixing)
        return batch.restore(self._mix_batch(batch, mixing, seed))

    def _mix_alone(self, x, training, seed):
        if training:
            self._channel.warn_of_pipeline()
        elif training is None:
            self._channel.warn_of_bare_call()
        (mixed,) = call_as_is(self._mix_element, (x,), seed, bool(training))
        return mixed

    def _enter(self, training):
        """Notes that `call` begins."""
        self._channel.enter(training)
        if training is None and not self._in_model and in_dataset():
            self._channel.warn_of_bare_call()

    def _mix_batch(self, batch, mixing, seed):
        # A pairing by the distance of labels is for those of a regression.
        are_targets = getattr(self.pairing, "needs_labels", False)
        dense = self._reader.dense(batch, are_targets)
        if not mixing:
            return mix_parts(None, dense, self.compute_dtype)
        inputs = batch.parts["x"]
        arguments = self._pipeline.draw_arguments(inputs, seed)
        arguments["noise"] = self._noise(inputs, arguments.pop("seed"))
        arguments["labels"] = batch.labels
        _, mixed = self._draw_and_mix(dense, **arguments)
        return mixed

    def _draw_and_mix(self, parts, **arguments):
        def draw_and_mix(parts):
            plan = self._draw(parts["x"], **arguments)
            return plan, mix_parts(plan, parts, self.compute_dtype, self.views)

        # XLA may not know the operations of a function of the user's.
        return fused(draw_and_mix, parts) if self._is_plain() else draw_and_mix(parts)

    def _noise(self, x, seed):
        check_batch(x=x)
        first = next(leaf for leaf in tree.flatten(x) if leaf is not None)
        ops = namespace(first)
        noise = uniform((self._draws, ops.shape(first)[0]), seed)
        # A seed of words is NumPy's, for batches of any kind.
        return ops.convert_to_tensor(noise)

    def _is_plain(self):
        return pairings.is_built_in(self.pairing) and self.views is None
