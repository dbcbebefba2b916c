"""The CutMix layer."""

from collections.abc import Callable

import keras

from keras_mixup.layers.beta import BetaLayer
from keras_mixup.layers.pipeline import PipelineLayer


@keras.saving.register_keras_serializable(package="keras_mixup")
class CutMix(PipelineLayer, BetaLayer):
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
        region: `"box"`, `"fourier"` for regions of any shape, as in FMix, or a region
            of `keras_mixup.regions`. Defaults to `"box"`.
        prob: Number in [0, 1], the probability that a sample is mixed at all (the whole
            batch, if `per_sample=False`). Defaults to `1.0`.
        per_sample: Whether every sample draws its own box, or the batch draws one.
            Defaults to `True`.
        pairing: As for `MixUp`. Defaults to `"shuffle"`.
        num_classes: As for `MixUp`.
        label_keys: As for `MixUp`.
        bounding_box_format: A format of `keras.utils.bounding_boxes`, as `"xyxy"` or
            `"rel_yxyx"`, of the `"bounding_boxes"` in a dict batch of images, which
            need one. Of a sample's own boxes those stay that the pasted box does not
            cover, and of its partner's those that show up in it, cut to what is to be
            seen. Defaults to `None`.
        min_visible: Number in [0, 1], the part of a bounding box that is to be seen at
            least: of less, the box is dropped. Defaults to `0.1`.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to that of the
            Keras configuration.
        dense_labels: Which labels of a pipeline are of the elements of a sample, as of
            pixels and steps: `True` or `False` for all, or the keys of those that are.
            They are pasted as the inputs are, and class ids stay class ids. Defaults to
            telling it by their shapes, which raises where it cannot be told.
        label_smoothing: As for `MixUp`.
        target_threshold: As for `MixUp`.
        shards: As for `MixUp`.
        seed: As for `MixUp`.
        **kwargs: Keyword arguments of `keras.layers.Layer`, as `name`, `dtype`.

    Call arguments:
        x: As for `MixUp`, with one to three spatial axes. In a nested structure all
            have as many, and get the same box relative to their sizes.
        y: Labels, for pipelines: of whole samples as for `MixUp`, mixed by what was
            pasted, or of pixels and steps, pasted at their own resolution. Under
            `"segmentation_masks"` in a dict they always are.
        sample_weight: As for `MixUp`.
        training: As for `MixUp`.
        seed: As for `MixUp`.

    Returns:
        As `MixUp`.

    Raises:
        ValueError: If an argument is out of its range, inputs have no spatial axes,
            labels may be of whole samples or of elements, or bounding boxes have no
            format.
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
        - [Harris et al. (2020), FMix](https://arxiv.org/abs/2002.12047)
    """

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
        bounding_box_format: str | None = None,
        min_visible: float = 0.1,
        data_format: str | None = None,
        dense_labels: bool | list[str] | tuple[str, ...] | None = None,
        label_smoothing: float = 0.0,
        target_threshold: float | None = None,
        shards: int | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        if unknown := {"fold", "num_samples"} & set(kwargs):
            raise ValueError(
                "CutMix takes the values of one partner, and a large box of B in A is "
                f"no small one of A in B. Received: {sorted(unknown)}"
            )
        super().__init__(
            alpha=alpha,
            fold=False,
            region=region,
            prob=prob,
            per_sample=per_sample,
            pairing=pairing,
            num_classes=num_classes,
            label_keys=label_keys,
            bounding_box_format=bounding_box_format,
            min_visible=min_visible,
            data_format=data_format,
            dense_labels=dense_labels,
            label_smoothing=label_smoothing,
            target_threshold=target_threshold,
            shards=shards,
            seed=seed,
            **kwargs,
        )

    def get_config(self):
        config = super().get_config()
        del config["fold"], config["num_samples"]
        return config
