"""The CutMix layer."""

from collections.abc import Callable

import keras
from keras import tree

from keras_mixup import regions
from keras_mixup._backend.checks import check_alpha
from keras_mixup._backend.ops import ops_for
from keras_mixup.data.batch import check_no_places
from keras_mixup.data.batch import mix_inputs
from keras_mixup.layers.parameter import Parameter
from keras_mixup.layers.pipeline import PipelineLayer
from keras_mixup.pairing.lookup import with_labels
from keras_mixup.plans.paste import spatial_axes
from keras_mixup.plans.plan import MixPlan
from keras_mixup.plans.sampling import sampled
from keras_mixup.random.beta import folded_beta_from_uniforms

_MOST_AXES = 3


@keras.saving.register_keras_serializable(package="keras_mixup")
class CutMix(PipelineLayer):
    """Pastes a box of another sample into every sample of a batch.

    The label is mixed by what was pasted, to the pixel: 1 − λ is the part of the sample
    that the box covers after it was rounded and clipped. Every sample has a box of its
    own.

    It is used as `MixUp` is: in a model, where `keras_mixup.MixupLoss` mixes the
    labels, and in data pipelines, called with labels. Boxes have a side along all axes
    but those of samples and channels: images, series `(B, T, C)`, video and volumes,
    and tables `(B, F)` along their columns.

    Args:
        alpha: Concentration of the Beta(α, α) distribution of λ, before the box is
            clipped. A number ≥ 0; 0 mixes nothing. May be assigned to. Defaults to
            `1.0`, as in the paper.
        region: `"box"`, or a region of `keras_mixup.regions`. Defaults to `"box"`.
        prob: Number in [0, 1], the probability that a sample is mixed at all (the whole
            batch, if `per_sample=False`). Defaults to `1.0`.
        per_sample: Whether every sample draws its own box, or the batch draws one.
            Defaults to `True`.
        pairing: As for `MixUp`. Defaults to `"shuffle"`.
        num_classes: As for `MixUp`.
        label_keys: As for `MixUp`.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to that of the
            Keras configuration.
        shards: As for `MixUp`.
        seed: As for `MixUp`.
        **kwargs: Keyword arguments of `keras.layers.Layer`, as `name`, `dtype`.

    Call arguments:
        x: As for `MixUp`, with one to three spatial axes. Of a nesting all tensors have
            as many, and get the same box relative to their sizes.
        y: Labels of whole samples, for pipelines, as for `MixUp`. Labels of pixels and
            steps, masks and bounding boxes are an error.
        sample_weight: As for `MixUp`.
        training: As for `MixUp`.
        seed: As for `MixUp`.

    Returns:
        As `MixUp`.

    Raises:
        ValueError: If an argument is out of its range, inputs have no spatial axes or a
            padding mask, or labels are of pixels, steps or objects.
        TypeError: If an argument or a part of the batch is of the wrong type.

    Example:

    >>> mix = keras_mixup.CutMix(alpha=1.0)
    >>> model = keras.Sequential(
    ...     [mix, keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    ... )
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss, metrics=["accuracy"])
    >>> x, y = np.random.rand(64, 8, 8, 1), np.random.randint(0, 3, 64)
    >>> history = model.fit(x, y, verbose=0)

    In a pipeline:

    >>> mix = keras_mixup.CutMix(num_classes=3)
    >>> mix(x, y)[1].shape
    (64, 3)

    References:
        - [Yun et al. (2019), CutMix](https://arxiv.org/abs/1905.04899)
    """

    alpha = Parameter(check_alpha, "The concentration α of the distribution of λ.")

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        region: str | Callable = "box",
        prob: float = 1.0,
        per_sample: bool = True,
        pairing: str | Callable = "shuffle",
        num_classes: int | dict | list | None = None,
        label_keys: list[str] | tuple[str, ...] | None = None,
        data_format: str | None = None,
        shards: int | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(
            parameters={"alpha": alpha},
            prob=prob,
            per_sample=per_sample,
            pairing=pairing,
            num_classes=num_classes,
            label_keys=label_keys,
            shards=shards,
            seed=seed,
            **kwargs,
        )
        self.region = regions.get(region)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                '`data_format` must be "channels_last" or "channels_first". '
                f"Received: data_format={data_format!r}"
            )
        self.data_format = data_format or keras.config.image_data_format()

    def extra_noise(self):
        return {"region": self.region.num_uniforms(_MOST_AXES)}

    def can_compile(self):
        return isinstance(self.region, regions.Box) and super().can_compile()

    def may_mix(self):
        return self._pipeline.get("alpha") > 0 and super().may_mix()

    def draw_plan(self, x, noise, *, alpha, prob, labels=None, loss=None, shards=1):
        first = next(leaf for leaf in tree.flatten(x) if leaf is not None)
        ops, shape = ops_for(first), ops_for(first).shape(first)
        grid = [shape[axis] for axis in spatial_axes(first, self.data_format)]
        drawn = noise if self.per_sample else noise.of_the_first()
        small, own_is_larger = folded_beta_from_uniforms(drawn.u, drawn.v, alpha)
        lam = ops.where(own_is_larger, 1 - small, small)
        edges, covered = self.region(drawn.region, lam, grid)
        covered = ops.where(alpha > 0, covered, 0.0)
        plan = MixPlan.of_terms(
            *sampled(
                noise,
                lambda *_: [covered],
                prob=prob,
                per_sample=self.per_sample,
                fold=False,
                pairing=with_labels(self.pairing, labels),
                shards=shards,
            )
        )
        everywhere = ops.zeros_like(noise.u)[:, None, None]
        return plan._replace(region=edges + everywhere)

    def mix_inputs(self, plan, x):
        return mix_inputs(plan, x, self.compute_dtype, self.data_format)

    def compute_mask(self, inputs, previous_mask=None):
        leaves = [mask for mask in tree.flatten(previous_mask) if mask is not None]
        symbolic = any(isinstance(mask, keras.KerasTensor) for mask in leaves)
        if leaves and not symbolic and self._channel.plan is not None:
            raise ValueError(
                f"The layer {self.name!r} pastes steps, and does not know which of "
                "them are padding. Put it where there is no mask, or use MixUp."
            )
        return super().compute_mask(inputs, previous_mask)

    def check_parts(self, parts):
        check_no_places(parts)
        for label in tree.flatten(parts.get("y")):
            if label is not None and len(label.shape) > 2:
                raise ValueError(
                    "CutMix mixes the labels of whole samples. Labels of pixels or of "
                    "steps would have to be pasted as the inputs are. Received: labels "
                    f"of shape {tuple(label.shape)}"
                )

    def get_config(self):
        return {
            "alpha": self.alpha,
            **super().get_config(),
            "region": regions.serialize(self.region),
            "data_format": self.data_format,
        }
