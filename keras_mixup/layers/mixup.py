"""The MixUp layer."""

from collections.abc import Callable

import keras

from keras_mixup.data.batch import check_no_places
from keras_mixup.layers import views as pair_of_views
from keras_mixup.layers.beta import BetaLayer
from keras_mixup.layers.pipeline import PipelineLayer


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixUp(PipelineLayer, BetaLayer):
    """Blends every sample of a batch with another sample of it.

    Mixup trains on x̃ = λ·x + (1 − λ)·x[partners], with λ from Beta(α, α) and the
    labels mixed alike. It keeps a network from being sure between the samples
    that it saw, which helps most where labels are noisy or data is scarce.

    **In a model**, as a layer like any other: at the input, after an
    `Embedding`, or between hidden layers (Manifold Mixup). It mixes in training
    only, and `keras_mixup.MixupLoss` mixes the labels, which stay integers.

    **In a data pipeline**, called with labels: `dataset.map(layer)` under any
    backend, or `layer(x, y)` on NumPy batches. It mixes unless `training=False`.

    Args:
        alpha: Concentration of the Beta(α, α) distribution of λ. A number ≥ 0; 0 mixes
            nothing, 1 draws λ uniformly, larger values mix more. 0.2 to 0.4 is
            usual for ImageNet, 1 for CIFAR, 8 to 32 against label noise. May be
            assigned to, and like `prob` it is saved with the weights and comes
            back with them. Defaults to `0.2`.
        prob: Number in [0, 1], the probability that a sample is mixed at all (the whole
            batch, if `per_sample=False`). Defaults to `1.0`.
        per_sample: Whether every sample draws its own λ, or the batch draws one, as
            in the paper's code. Defaults to `True`.
        fold: Whether λ is folded to [½, 1], so that a sample keeps the larger share
            of itself and training accuracy keeps its meaning. Pairs being
            exchangeable, it trains on the same. Defaults to `True`.
        pairing: How partners are chosen: `"shuffle"`, `"derangement"` (never a
            sample itself), `"roll"`, `"reverse"`, `"self"` (with `views`),
            `LabelKernel` for regression in a pipeline, or a callable as described in
            `keras_mixup.pairing`. Defaults to `"shuffle"`.
        num_classes: Number of classes, to mix integer labels in a pipeline as one-hot
            labels (as 0 or 1, if it is 1). For several labels, a structure like theirs,
            as `{"root": 168, "age": None}`. Not needed in a model, nor for floats.
        label_keys: The keys of labels in a dict batch, none if it is empty. Defaults
            to `"label"`, `"targets"`, `"y"`, `"coarse_label"` and the like.
        num_samples: Integer ≥ 2, the number of samples that are mixed into one, the
            sample itself among them. Of more than two the weights are from Dirichlet(α,
            …, α), and partners may coincide. The more, the less is left of each: keep
            to 3, with an `alpha` of about 1 / `num_samples`. Defaults to `2`.
        shards: Integer, the number of equal parts of a batch that find partners among
            themselves, if it divides. Defaults to the number of devices that a
            `keras.distribution` spreads a batch over, so that no sample has to travel,
            and to 1 in pipelines, and for a `pairing` without a name.
        views: Optional pair of layers or functions, each from `x` to a tensor of its
            shape, which draw by seeds of their own. What is blended is then
            λ·first(x) + (1 − λ)·second(x)[partners]: an erased image with a rotated
            one, say. `pairing="self"` takes both of the same sample, and leaves labels
            as they are. A sample left unmixed is its first view.
        seed: Integer to seed the draws with, or `None` for a random one. The
            random state is saved with the layer's weights.
        label_smoothing: Number ε in [0, 1), for labels of classes in a pipeline: the
            part that all classes share alike, (1 − ε)·y + ε / classes. In a model the
            loss that `MixupLoss` wraps does so. Defaults to `0.0`.
        target_threshold: Number in [0, 1), for pipelines: a class counts as 1 where its
            share of the mixed label is above it, and as 0 elsewhere, for binary
            cross-entropy. `MixupLoss` has it for a model. Defaults to `None`.
        **kwargs: Keyword arguments of `keras.layers.Layer`, as `name`, `dtype`.

    Call arguments:
        x: Tensor `(batch_size, ...)` of any rank, or a nested structure of these
            (dict, list, tuple), all mixed by one plan. Booleans, images and sound of
            integers become the compute dtype. Or, in a pipeline, `(x, y)`, `(x, y,
            sample_weight)` or a dict of inputs, whatever their keys, beside labels,
            `"segmentation_masks"`, `"bounding_boxes"` or `"sample_weight"`. Text and
            ids in it stay as they are.
        y: Labels, for pipelines: class ids (with `num_classes`), one-hot or
            multi-label vectors, regression targets, or a nested structure.
        sample_weight: Weights, for pipelines, which labels are mixed in proportion to:
            λ·w·ℓ(y) + (1 − λ)·w[partners]·ℓ(y[partners]) for a loss linear in the
            label. Weigh classes by it; the `class_weight` of `fit` weighs by the larger
            label alone.
        training: Whether to mix. Without labels it defaults to that of the
            surrounding call, and to `False` in a bare one; with labels to
            `True`. In place of labels it may come second, as for other layers.
        seed: Integer ≥ 0, or several, for a batch with labels: one seed gives one
            plan, in any thread or process and at any time. The layer's own seed, if
            it has one, counts beside it. In `tf.data` a tensor of integers that
            comes with the batch. Without it each batch is drawn anew.

    Returns:
        The mixed `x`, of the input's shape and in the layer's compute dtype;
        with labels the tuple or dict that came, mixed. Labels keep their float
        dtype and class ids become float32 vectors, also where nothing is mixed.

    Raises:
        ValueError: If an argument is out of its range, integer labels come without
            `num_classes`, inputs are token ids, or parts of a batch differ in size.
        TypeError: If an argument or a part of the batch is of the wrong type.

    Example:

    >>> mix = keras_mixup.MixUp(alpha=0.2)
    >>> model = keras.Sequential([mix, keras.layers.Dense(3, activation="softmax")])
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss, metrics=["accuracy"])
    >>> x, y = np.random.rand(64, 4), np.random.randint(0, 3, 64)
    >>> history = model.fit(x, y, verbose=0)

    In a pipeline:

    >>> mix = keras_mixup.MixUp(alpha=0.2, num_classes=3)
    >>> mix(x, y)[1].shape
    (64, 3)

    References:
        - [Zhang et al. (2018), mixup: Beyond Empirical Risk
          Minimization](https://arxiv.org/abs/1710.09412)
        - [Verma et al. (2019), Manifold Mixup](https://arxiv.org/abs/1806.05236)
    """

    def __init__(
        self,
        alpha: float = 0.2,
        *,
        prob: float = 1.0,
        per_sample: bool = True,
        fold: bool = True,
        pairing: str | Callable = "shuffle",
        num_classes: int | dict | list | None = None,
        label_keys: list[str] | tuple[str, ...] | None = None,
        num_samples: int = 2,
        shards: int | None = None,
        views: tuple[Callable, Callable] | None = None,
        seed: int | None = None,
        label_smoothing: float = 0.0,
        target_threshold: float | None = None,
        **kwargs,
    ):
        super().__init__(
            alpha=alpha,
            prob=prob,
            per_sample=per_sample,
            fold=fold,
            pairing=pairing,
            num_classes=num_classes,
            label_keys=label_keys,
            num_samples=num_samples,
            shards=shards,
            seed=seed,
            label_smoothing=label_smoothing,
            target_threshold=target_threshold,
            **kwargs,
        )
        self.views = pair_of_views.get_for(self.pairing, views)
        if self.views is not None and self.region is not None:
            raise ValueError(
                "What `views` move would leave the region. Received: "
                f"views={views!r} with region={self.region!r}"
            )
        self.built = pair_of_views.are_built(self.views)

    def build(self, input_shape):
        pair_of_views.build(self.views, input_shape)
        self.built = True

    def can_compile(self):
        return self.views is None and super().can_compile()

    def mix_inputs(self, plan, x):
        if self.views is None or plan is None:
            return super().mix_inputs(plan, x)
        return pair_of_views.mix(plan, self.views, x, self.compute_dtype)

    def check_parts(self, parts):
        if self.views is not None:
            check_no_places(parts)

    def get_config(self):
        return {
            **super().get_config(),
            "views": pair_of_views.serialize(self.views),
        }
