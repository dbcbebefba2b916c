"""Manifold Mixup at a place of the model that is drawn anew every step."""

import keras
from keras import ops

from keras_mixup.batch import mix_inputs
from keras_mixup.batch import mix_masks
from keras_mixup.checks import check_compute_dtype
from keras_mixup.checks import check_count
from keras_mixup.checks import check_flag
from keras_mixup.mixup import MixUp
from keras_mixup.plan import MixPlan
from keras_mixup.registry import newest
from keras_mixup.shards import own_rows


@keras.saving.register_keras_serializable(package="keras_mixup")
class ManifoldMixUp(MixUp):
    """Mixes at one of several places of a model, another one every step.

    Mixing hidden states and not only inputs makes the classes' representations
    flatter and wider apart. The paper draws, for each batch, the layer whose
    output is mixed; one plan serves the step wherever that is, so one
    `MixupLoss` suffices, and the step is compiled once.

    This layer stands at the first place. `site()` makes a layer for each further
    one. Every place is as likely as any other.

    Args:
        alpha: As for `MixUp`. Defaults to `2.0`, as in the paper.
        sites: Integer ≥ 1, the least number of places, this one among them; `site()`
            makes it more as needed. Each must be in the model. Defaults to `1`.
        **kwargs: Keyword arguments of `MixUp`.

    Call arguments:
        x: Tensor `(batch_size, ...)`, or a nesting of such tensors. No labels: it
            mixes in a model only.
        training: As for `MixUp`.

    Raises:
        ValueError: If it is called with labels, a site before it in a step, or a site
            that was made not at all.

    Example:

    >>> mix = keras_mixup.ManifoldMixUp(alpha=2.0)
    >>> model = keras.Sequential(
    ...     [
    ...         mix,
    ...         keras.layers.Dense(8, activation="relu"),
    ...         mix.site(),
    ...         keras.layers.Dense(8, activation="relu"),
    ...         mix.site(),
    ...         keras.layers.Dense(3, activation="softmax"),
    ...     ]
    ... )
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss)
    >>> x, y = np.random.rand(64, 4), np.random.randint(0, 3, 64)
    >>> history = model.fit(x, y, verbose=0)

    References:
        - [Verma et al. (2019), Manifold Mixup](https://arxiv.org/abs/1806.05236)
    """

    def __init__(self, alpha: float = 2.0, *, sites: int = 1, **kwargs):
        super().__init__(alpha, **kwargs)
        if self.views is not None:
            raise ValueError(
                "ManifoldMixUp mixes states of several shapes and has no `views` of "
                f"them. Received: views={self.views!r}"
            )
        self.sites = check_count("sites", sites)
        self._made = 1

    def site(self, *, shared: bool = False, **kwargs) -> "MixUpSite":
        """A layer for one more place, to be called after this one in a step.

        Args:
            shared: Whether the place is met several times in a step, on branches that
                do not follow each other, as in a siamese network. All of them are
                mixed by the one plan. A block that is applied to its own output needs
                a place for each time instead. Defaults to `False`.
            **kwargs: Keyword arguments of `keras.layers.Layer`, as `name`.
        """
        self._made += 1
        self.sites = max(self.sites, self._made)
        return MixUpSite(self, self._made - 1, shared, **kwargs)

    def call(self, x, training=None):
        self._enter(training)
        if not training:
            return mix_inputs(None, x, self.compute_dtype)
        arguments = self._draw_arguments(x)
        site = ops.cast(arguments["noise"][-1, 0] * self.sites, "int32")
        plan = self._draw(x, **arguments)
        self._channel.publish(plan, site, self.sites)
        return mix_inputs(_at(0, site, plan), x, self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        plan = self._channel.peek()
        plan = plan and _at(0, self._channel.site, plan)
        return mix_masks(plan, previous_mask)

    def get_config(self):
        return {**super().get_config(), "sites": self.sites}

    @classmethod
    def from_config(cls, config):
        layer = super().from_config(config)
        layer._made = layer.sites  # The others are in the config of the model.
        return layer

    def _mix_batch(self, *args, **kwargs):
        raise ValueError(
            "ManifoldMixUp mixes inside a model, where labels are for "
            "`MixupLoss(loss, mixup=layer)` to mix. In a data pipeline use MixUp."
        )

    @property
    def _draws(self):
        return super()._draws + 1


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixUpSite(keras.layers.Layer):
    """A further place at which a `ManifoldMixUp` mixes. Made by its `site()`.

    Args:
        mixup: The `ManifoldMixUp`, or its name.
        index: Integer ≥ 1, which of the places this is.
        shared: Whether it may be met several times in a step.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, mixup, index: int, shared: bool = False, **kwargs):
        super().__init__(**kwargs)
        check_compute_dtype(self.compute_dtype)
        self._name_of_mixup = mixup if isinstance(mixup, str) else mixup.name
        self.index = check_count("index", index)
        self.shared = check_flag("shared", shared)
        # Not the layer itself, which Keras would save here a second time.
        self._channel = None if isinstance(mixup, str) else mixup._channel
        self.supports_masking = True
        self.built = True

    def call(self, x, training=None):
        if not training:
            return mix_inputs(None, x, self.compute_dtype)
        return mix_inputs(self._plan(), x, self.compute_dtype)

    def compute_mask(self, inputs, previous_mask=None):
        channel = self._mixup_channel()
        plan = channel and channel.peek()
        plan = plan and _at(self.index, channel.site, plan)
        return mix_masks(plan, previous_mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "mixup": self.mixup,
            "index": self.index,
            "shared": self.shared,
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
        return _at(self.index, channel.site, plan)

    def _mixup_channel(self):
        if self._channel is None:
            layer = newest(self.mixup)
            self._channel = layer and layer._channel
        return self._channel


def _at(index, site, plan):
    here = ops.equal(site, index)
    own = own_rows(plan.columns(plan.rows)[0])
    own = own if len(plan.rows.shape) == 1 else own[:, None]
    return MixPlan(ops.where(here, plan.rows, own), ops.where(here, plan.share, 0.0))
