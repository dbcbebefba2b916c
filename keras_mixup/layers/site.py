"""The further places at which a ManifoldMixUp mixes."""

import keras

from keras_mixup._backend.checks import check_compute_dtype
from keras_mixup._backend.checks import check_count
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup.data.batch import mix_inputs
from keras_mixup.data.batch import mix_masks
from keras_mixup.layers.parameter import ParameterElsewhere
from keras_mixup.step.names import newest


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixUpSite(keras.layers.Layer):
    """A further place at which a `ManifoldMixUp` mixes. Made by its `site()`.

    Args:
        mixup: The `ManifoldMixUp`, or its name.
        index: Integer ≥ 1, which of the places this is.
        shared: Whether it may be met several times in a step.
        data_format: As for `CutMix`, if a region is pasted.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    alpha = ParameterElsewhere("its ManifoldMixUp")
    prob = ParameterElsewhere("its ManifoldMixUp")

    def __init__(
        self,
        mixup,
        index: int,
        shared: bool = False,
        data_format: str | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_compute_dtype(self.compute_dtype)
        self._name_of_mixup = mixup if isinstance(mixup, str) else mixup.name
        self.index = check_count("index", index)
        self.shared = check_flag("shared", shared)
        self.data_format = data_format
        # Not the layer itself, which Keras would save here a second time.
        self._channel = None if isinstance(mixup, str) else mixup._channel
        self.supports_masking = True
        self.built = True

    def call(self, x, training=None):
        if not training:
            return mix_inputs(None, x, self.compute_dtype)
        plan = self._plan()
        if plan is not None:
            check_batch(plan=plan.share, x=x)
        return mix_inputs(plan, x, self.compute_dtype, self.data_format)

    def compute_mask(self, inputs, previous_mask=None):
        channel = self._mixup_channel()
        return mix_masks(channel and channel.plan_at(self.index), previous_mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "mixup": self.mixup,
            "index": self.index,
            "shared": self.shared,
            "data_format": self.data_format,
        }

    @property
    def mixup(self):
        """The name of the `ManifoldMixUp`."""
        return self._channel.name if self._channel else self._name_of_mixup

    def _plan(self):
        channel = self._mixup_channel()
        plan = channel and channel.peek()
        if plan is None:
            raise ValueError(
                f"The site {self.name!r} has no plan of this step. The ManifoldMixUp "
                f"{self.mixup!r} draws it, and must be called before its sites."
            )
        channel.visit(self.index, self.shared)
        return channel.plan_at(self.index)

    def _mixup_channel(self):
        if self._channel is None:
            layer = newest(self.mixup)
            self._channel = layer and layer._channel
        return self._channel
