"""What layers have in common that may mix inside a region of the samples."""

import warnings

import keras

from keras_mixup import regions
from keras_mixup._backend.structures import first_leaf
from keras_mixup._backend.structures import flatten
from keras_mixup._backend.user_functions import explained
from keras_mixup.data.batch import mix_inputs
from keras_mixup.layers.base import MixingLayer
from keras_mixup.plans.region import grid_of
from keras_mixup.plans.region import known_grid
from keras_mixup.plans.region import looks_channels_first
from keras_mixup.plans.region import looks_without_channels
from keras_mixup.plans.region_sampling import counting_valid
from keras_mixup.plans.region_sampling import in_region
from keras_mixup.regions.lookup import can_compile
from keras_mixup.regions.lookup import get_for
from keras_mixup.regions.lookup import num_uniforms

_DATA_FORMATS = ("channels_last", "channels_first")
_TAKES_LAST_AXIS = (
    "The layer {name!r} pastes regions of inputs of shape {shape}, and takes the last "
    "axis for channels. If these are images {remedy}, otherwise "
    "`data_format='channels_last'`."
)
_CHANNELS_FIRST = "with the channels first, pass `data_format='channels_first'`"
_NO_CHANNELS = "without an axis of channels, pass `x[..., None]`"


class RegionLayer(MixingLayer):
    """Mixes inside the region of a plan, where the plan has one.

    Args:
        region: A region, as `keras_mixup.regions.get` takes it, or `None`.
        data_format: `"channels_last"` or `"channels_first"`, or `None` for that of
            the Keras configuration.
        **kwargs: Keyword arguments of `MixingLayer`.
    """

    def __init__(self, *, region=None, data_format=None, **kwargs):
        super().__init__(**kwargs)
        if data_format not in (None, *_DATA_FORMATS):
            raise ValueError(
                f"`data_format` must be one of {list(_DATA_FORMATS)}. "
                f"Received: data_format={data_format!r}"
            )
        self.region = get_for(self.num_samples, region)
        self._check_format = data_format is None
        self.data_format = data_format or keras.config.image_data_format()

    @property
    def may_paste(self):
        """Whether plans of the layer have a region."""
        return self.region is not None

    @property
    def only_pastes(self):
        """Whether nothing is blended in them, so that class ids stay what they are."""
        return self.may_paste

    def extra_noise(self, x):
        if self.region is None:
            return {}
        axes = len(known_grid(x, self.data_format))
        return {"region": num_uniforms(self.region, axes)}

    def can_compile(self):
        of_region = self.region is None or can_compile(self.region)
        return of_region and super().can_compile()

    def _arguments_in_model(self, x):
        if self.may_paste:
            self._channel.grid = known_grid(x, self.data_format)
        return super()._arguments_in_model(x)

    def draw(self, x, noise, *, mask=None, grid=None, **arguments):
        plan = super().draw(x, noise=noise, **arguments)
        if self.region is not None:
            drawn = noise.field("region", self.per_sample)
            grid = grid or grid_of(x, self.data_format)
            with explained("region", drawn):
                plan = in_region(plan, self.region, drawn, grid)
        return plan if mask is None else counting_valid(plan, mask)

    def mix_inputs(self, plan, x):
        return mix_inputs(plan, x, self.compute_dtype, self.data_format)

    def call(self, x, training=None, mask=None):
        mask = self._mask_of_steps(mask)
        drawing = {} if mask is None else {"mask": mask}
        return self.mix_in_model(x, training, **drawing)

    def _noise(self, x, seed):
        if self.may_paste:
            self._warn_of_last_axis(x)
        return super()._noise(x, seed)

    def get_config(self):
        config = super().get_config()
        if self.region is not None:
            config["region"] = regions.serialize(self.region)
            config["data_format"] = self.data_format
        return config

    def _warn_of_last_axis(self, x):
        """Warns once where a default takes the width of images for their channels."""
        if not self._check_format or self.data_format != "channels_last":
            return
        remedy = None
        if looks_channels_first(x):
            remedy = _CHANNELS_FIRST
        elif looks_without_channels(x):
            remedy = _NO_CHANNELS
        if remedy is not None:
            self._check_format = False
            shape = tuple(first_leaf(x).shape)
            message = _TAKES_LAST_AXIS.format(
                name=self.name, shape=shape, remedy=remedy
            )
            warnings.warn(message, stacklevel=2)

    def _mask_of_steps(self, mask):
        """The mask that tells which steps count, if regions are pasted."""
        masks = [each for each in flatten(mask) if each is not None]
        if not masks or not self.may_paste:
            return None
        if self.data_format == "channels_first" or len(masks) > 1:
            raise ValueError(
                f"The layer {self.name!r} pastes steps, and which of them are padding "
                "it knows of one tensor of inputs with the channels last. Received: "
                f"{len(masks)} masks with data_format={self.data_format!r}"
            )
        return masks[0]
