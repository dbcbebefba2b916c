"""The MixUp layer: draws a plan a batch and applies it."""

import functools
from collections.abc import Callable

import keras
import numpy as np

from keras_mixup import batch
from keras_mixup import pairing as pairings
from keras_mixup import views as pair_of_views
from keras_mixup.channel import PlanChannel
from keras_mixup.checks import check_alpha
from keras_mixup.checks import check_compute_dtype
from keras_mixup.checks import check_count
from keras_mixup.checks import check_flag
from keras_mixup.checks import check_num_samples
from keras_mixup.checks import check_prob
from keras_mixup.drawing import draws
from keras_mixup.drawing import rows_and_shares
from keras_mixup.drawing import symmetric
from keras_mixup.element import as_element
from keras_mixup.namespaces import call_as_is
from keras_mixup.parameter import Parameter
from keras_mixup.pipeline_layer import PipelineLayer
from keras_mixup.plan import MixPlan
from keras_mixup.registry import register
from keras_mixup.seeds import check_no_seed
from keras_mixup.shards import shards_in_use


@keras.saving.register_keras_serializable(package="keras_mixup")
class MixUp(PipelineLayer):
    """Blends every row of a batch with another row of it.

    Mixup trains on x̃ = λ·x + (1 − λ)·x[rows], with λ from Beta(α, α) and the
    labels mixed alike. It keeps a network from being sure between the samples
    that it saw, which helps most where labels are noisy or data is scarce.

    **In a model**, as a layer like any other: at the input, after an
    `Embedding`, or between hidden layers (Manifold Mixup). It mixes in training
    only, and `keras_mixup.MixupLoss` mixes the labels, which stay integers.

    **In a data pipeline**, called with labels: `dataset.map(layer)` under any
    backend, or `layer(x, y)` on NumPy batches. It mixes unless `training=False`.

    Args:
        alpha: Concentration of the Beta(α, α) law of λ. A number ≥ 0; 0 mixes
            nothing, 1 draws λ uniformly, larger values mix more. 0.2 to 0.4 is
            usual for ImageNet, 1 for CIFAR, 8 to 32 against label noise. May be
            assigned to, and like `prob` it is saved with the weights and comes
            back with them. Defaults to `0.2`.
        prob: Number in [0, 1], the chance that a row is mixed at all (the whole
            batch, if `per_sample=False`). Defaults to `1.0`.
        per_sample: Whether every row draws its own λ, or the batch draws one, as
            in the paper's code. Defaults to `True`.
        fold: Whether λ is folded to [½, 1], so that a row keeps the larger share
            of itself and training accuracy keeps its meaning. Pairs being
            exchangeable, it trains on the same. Defaults to `True`.
        pairing: How partners are chosen: `"shuffle"`, `"derangement"` (never a
            row itself), `"roll"`, `"reverse"`, `"self"` (with `views`), `LabelKernel`
            for regression in a pipeline, or a callable as described in
            `keras_mixup.pairing`. Defaults to `"shuffle"`.
        num_classes: Number of classes, to mix integer labels in a pipeline as one-hot
            labels (as 0 or 1, if it is 1). For several labels, a nesting like theirs,
            as `{"root": 168, "age": None}`. Not needed in a model, nor for floats.
        label_keys: The keys of labels in a dict batch, none if it is empty. Defaults
            to `"label"`, `"targets"`, `"y"`, `"coarse_label"` and the like.
        num_samples: Integer ≥ 2, the number of samples that a row is mixed of, itself
            among them. Of more than two the weights are from Dirichlet(α, …, α), and
            partners may coincide. The more, the less is left of each: keep to 3,
            with an `alpha` of about 1 / `num_samples`. Defaults to `2`.
        shards: Integer, the number of equal parts of a batch that find partners among
            themselves, if it divides. Defaults to the number of devices that a
            `keras.distribution` spreads a batch over, so that no row has to travel,
            and to 1 in pipelines, and for a `pairing` without a name.
        views: Optional pair of layers or functions, each from `x` to a tensor of its
            shape, which draw by seeds of their own. What is blended is then
            λ·first(x) + (1 − λ)·second(x)[rows]: an erased image with a rotated one,
            say. `pairing="self"` takes both of the same row, and leaves labels as they
            are. A row left unmixed is its first view.
        seed: Integer to seed the draws with, or `None` for a random one. The
            random state is saved with the layer's weights.
        **kwargs: Keyword arguments of `keras.layers.Layer`, as `name`, `dtype`.

    Call arguments:
        x: Tensor `(batch_size, ...)` of any rank, or a nesting of such tensors
            (dict, list, tuple), all mixed by one plan. Booleans, images and sound of
            integers become the compute dtype. Or, in a pipeline, `(x, y)`, `(x, y,
            sample_weight)` or a dict of inputs, whatever their keys, beside labels,
            `"segmentation_masks"`, `"bounding_boxes"` or `"sample_weight"`. Text and
            ids in it stay as they are.
        y: Labels, for pipelines: class ids (with `num_classes`), one-hot or
            multi-label rows, regression targets, or a nesting of these.
        sample_weight: Weights, for pipelines, which labels are mixed in proportion to:
            λ·w·ℓ(y) + (1 − λ)·w[rows]·ℓ(y[rows]) for a loss linear in the label. Weigh
            classes by it; the `class_weight` of `fit` weighs by the larger label alone.
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
        dtype and class ids become float32 rows, also where nothing is mixed.

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

    alpha = Parameter(check_alpha, "The concentration α of λ's law.")
    prob = Parameter(check_prob, "The chance that a row is mixed at all.")

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
        **kwargs,
    ):
        super().__init__(seed, num_classes, label_keys, **kwargs)
        check_compute_dtype(self.compute_dtype)
        self.per_sample = check_flag("per_sample", per_sample)
        self.fold = check_flag("fold", fold)
        self.num_samples = check_num_samples(num_samples)
        self.shards = None if shards is None else check_count("shards", shards)
        self.pairing = pairings.get_for(num_samples, pairing, shards)
        self.views = pair_of_views.get_for(self.pairing, views)
        self.supports_masking = True
        self.alpha = alpha
        self.prob = prob
        self._channel = PlanChannel(self)
        self._means = self._channel.means  # Keras tracks the metrics it finds.
        register(self)
        self.built = pair_of_views.are_built(self.views)

    @property
    def plan(self) -> MixPlan | None:
        """The plan of the latest forward pass, for who takes the labels in hand."""
        return self._channel.look()

    def __call__(
        self, x, y=None, sample_weight=None, *, training=None, seed=None, **kwargs
    ):
        if isinstance(y, (bool, np.bool_)):
            y, training = None, y
        training = None if training is None else bool(training)
        seed = self._pipeline.given_seed(seed, x)
        element = as_element(x, y, sample_weight)
        if element is not x or self._is_batch(x):
            return call_as_is(self._mix_element, element, seed, training)
        if self._is_foreign(x, training):
            return self._mix_alone(x, training, seed)
        check_no_seed(seed)
        self._channel.begin()
        if training is not None:
            kwargs["training"] = training
        return super().__call__(x, **kwargs)

    def call(self, x, training=None):
        self._enter(training)
        if not training:
            return batch.mix_inputs(None, x, self.compute_dtype)
        plan, mixed = self._draw_and_mix({"x": x}, **self._draw_arguments(x))
        self._channel.publish(plan)
        return mixed["x"]

    def get_config(self):
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "prob": self.prob,
            "per_sample": self.per_sample,
            "fold": self.fold,
            "pairing": pairings.serialize(self.pairing),
            "num_samples": self.num_samples,
            "shards": self.shards,
            "views": pair_of_views.serialize(self.views),
            "seed": self.seed,
        }

    def _draw_arguments(self, x):
        # A pairing of the user's may know whole batches only.
        in_use = shards_in_use() if pairings.is_built_in(self.pairing) else 1
        return {
            "noise": self._noise(x, self.seed_generator),
            "alpha": self._alpha,
            "prob": self._prob,
            "shards": self.shards or in_use,
        }

    def _draw(self, x, noise, alpha, prob, labels=None, loss=None, shards=None):
        pairing = self.pairing
        if getattr(pairing, "needs_labels", False):
            pairing = functools.partial(pairing, labels=labels)
        return MixPlan(
            *rows_and_shares(
                noise,
                self._law(x, noise, alpha, loss),
                prob=prob,
                per_sample=self.per_sample,
                fold=self.fold,
                pairing=pairing,
                num_samples=self.num_samples,
                shards=shards or self.shards or 1,
            )
        )

    @property
    def _draws(self):
        return draws(self.num_samples)

    def _law(self, x, noise, alpha, loss):
        return symmetric(alpha, self.num_samples)
