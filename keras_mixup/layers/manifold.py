"""Manifold Mixup at a place of the model that is drawn anew every step."""

import keras
import numpy as np
from keras import ops

from keras_mixup._backend.checks import check_count
from keras_mixup._backend.host import as_tensors
from keras_mixup.data.batch import mix_masks
from keras_mixup.layers.beta import BetaLayer
from keras_mixup.layers.site import MixUpSite


@keras.saving.register_keras_serializable(package="keras_mixup")
class ManifoldMixUp(BetaLayer):
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
        region: Optional region of `keras_mixup.regions`, as for `CutMix`: partners are
            pasted into it, at the place that is drawn, and not blended. It lies where
            it does in the input of this layer, on whose grid the label's share is
            counted; each place needs as many spatial axes.
        **kwargs: The arguments `prob`, `per_sample`, `fold`, `pairing`, `num_samples`,
            `shards` and `seed` of `MixUp`, and those of `keras.layers.Layer`.

    Call arguments:
        x: Tensor `(batch_size, ...)`, or a nested structure of these. No labels: it
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
        self.sites = check_count("sites", sites)
        self._made = 1

    def extra_noise(self, x):
        return {"site": 1, **super().extra_noise(x)}

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
        if self.region is not None:
            kwargs["data_format"] = self.data_format
        return MixUpSite(self, self._made - 1, shared, **kwargs)

    def call(self, x, training=None, mask=None):
        self._enter(training)
        if not training:
            return self.mix_inputs(None, x)
        inputs, drawing = self._to_draw(x, mask=self._mask_of_steps(mask))
        site = drawing["noise"].site[0] * self.sites
        site = int(site) if isinstance(site, np.generic) else ops.cast(site, "int32")
        plan = as_tensors(self.draw(inputs, **drawing))
        self._channel.publish(plan, site, self.sites)
        return self.mix_inputs(self._channel.plan_at(0), x)

    def compute_mask(self, inputs, previous_mask=None):
        return mix_masks(self._channel.plan_at(0), previous_mask)

    def get_config(self):
        return {**super().get_config(), "sites": self.sites}

    @classmethod
    def from_config(cls, config):
        # Files of before hold arguments that were refused even then.
        never = {"num_classes", "label_keys", "views"}
        config = {name: value for name, value in config.items() if name not in never}
        layer = super().from_config(config)
        layer._made = layer.sites  # The others are in the config of the model.
        return layer
