"""A layer that mixes outside a model as well: in `tf.data` and on NumPy."""

import functools

import keras
from keras import tree

from keras_mixup import batch
from keras_mixup import pairing as pairings
from keras_mixup.checks import check_batch
from keras_mixup.fusion import fused
from keras_mixup.namespaces import call_as_is
from keras_mixup.namespaces import namespace
from keras_mixup.random import uniform
from keras_mixup.seeded import SeededLayer
from keras_mixup.stage import mixed_dataset
from keras_mixup.views import build as build_views


class PipelineLayer(SeededLayer):
    """Mixes batches that come with their labels, each by a plan of `_draw`.

    Args:
        seed: As for `SeededLayer`.
        data_format: As every layer of images of Keras takes it. Whole rows are
            blended, in which it makes no difference.
        bounding_box_format: The same: boxes are kept as they are.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, seed, data_format=None, bounding_box_format=None, **kwargs):
        super().__init__(seed, **kwargs)

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

    def _mix_element(self, element, seed):
        return self._mix_batch(
            *keras.utils.unpack_x_y_sample_weight(element), training=True, seed=seed
        )

    def _mix_alone(self, x, training, seed):
        if training:
            self._channel.warn_of_pipeline()
        return call_as_is(self._mix_batch, x, None, None, training, seed)

    def _mix_batch(self, x, y=None, sample_weight=None, training=None, seed=None):
        parts = batch.parts_of(x, y, sample_weight)
        # A pairing by the distance of labels is for those of a regression.
        are_targets = getattr(self.pairing, "needs_labels", False)
        dense = batch.with_dense_labels(parts, self.num_classes, are_targets)
        if training is None or training:
            inputs = next(iter(parts.values()))
            arguments = self._pipeline.draw_arguments(inputs, seed)
            arguments["noise"] = self._noise(inputs, arguments.pop("seed"))
            arguments["labels"] = batch.labels_of(parts)
            _, mixed = self._draw_and_mix(dense, **arguments)
        else:
            mixed = batch.mix_parts(None, dense, self.compute_dtype)
        return batch.as_it_came(mixed, x, y)

    def _draw_and_mix(self, parts, **arguments):
        def draw_and_mix(parts):
            plan = self._draw(next(iter(parts.values())), **arguments)
            return plan, batch.mix_parts(plan, parts, self.compute_dtype, self.views)

        # XLA may not know the operations of a function of the user's.
        return fused(draw_and_mix, parts) if self._is_plain() else draw_and_mix(parts)

    def _noise(self, x, seed):
        check_batch(x=x)
        first = tree.flatten(x)[0]
        ops = namespace(first)
        noise = uniform((self._draws, ops.shape(first)[0]), seed)
        # A seed of words is NumPy's, for batches of any kind.
        return ops.convert_to_tensor(noise)

    def _is_plain(self):
        return pairings.is_built_in(self.pairing) and self.views is None
