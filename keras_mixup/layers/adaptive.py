"""The AdaptiveMixUp layer: MixUp whose λ a policy sets, pair by pair."""

from collections.abc import Callable

import keras

from keras_mixup import pairing as pairings
from keras_mixup import policies
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import map_tensors
from keras_mixup._backend.user_functions import check_distances
from keras_mixup._backend.user_functions import check_lam
from keras_mixup._backend.user_functions import explained
from keras_mixup._backend.user_functions import is_of_package
from keras_mixup.layers.base import LABELS_IN_MODEL
from keras_mixup.layers.features import features_of
from keras_mixup.layers.features import get_features
from keras_mixup.layers.mixup import MixUp
from keras_mixup.pairing.shards import own_indices
from keras_mixup.plans.sampling import folded
from keras_mixup.policies import distances
from keras_mixup.policies.lookup import is_own
from keras_mixup.policies.sampler import Sampler
from keras_mixup.step.running_loss import RunningLoss


@keras.saving.register_keras_serializable(package="keras_mixup")
class AdaptiveMixUp(MixUp):
    """`MixUp` with a λ that depends on the pair, or on the training loss.

    Plain mixup blends a 3 with an 8 as it blends a 3 with a photograph of a
    cat. Here a policy sets how much: from the distance between the two samples, so
    that near pairs mix most, or from how high the training loss is.

    Everything else is `MixUp`: the places to put it, the loss, the call, the
    plan. Measure it against `policies.Shuffled`, its control, before you give
    the credit to the distance. It is not AdaMixUp (Guo et al., 2019), which
    learns its policy with a second network.

    Args:
        policy: What sets λ: `"similarity"`, `"exponential"`, `"linear"`,
            `"inverse_loss"`, `"confidence"`, a policy of `keras_mixup.policies`, or a
            function of `(distance, loss)` to λ in [0, 1], of shape `(batch_size,)` or
            `()`. A function gets distances as they are measured, and a loss of `None`
            in a pipeline, where it meets the tensors of the pipeline. In a
            compiled step its λ is clipped to [0, 1]; else a value outside raises.
            Defaults to `"similarity"`.
        alpha: Number ≥ 0, a factor on the concentration that the policy draws λ
            with. 0 mixes nothing, whatever the policy; policies that do not draw
            (all but `"similarity"` and `"confidence"`) heed nothing else of it.
            Defaults to `1.0`.
        distance: `"sqeuclidean"`, `"euclidean"`, `"cosine"`, or a function of the
            samples and of their partners (tensors, or structures as `x` is one) to
            one number ≥ 0 per sample. Samples of 16 bits come as float32. Defaults to
            `"sqeuclidean"`.
        features: Optional layer, model or function of `x`. Distances are measured
            between the samples that it returns instead of those of `x`, without a
            gradient. A layer is called with `training=False` and saved along: set
            `trainable = False` on it. Of one that the model has elsewhere as well
            save the weights, for Keras loads no layer in two places from a
            `.keras` file. In a pipeline it meets the tensors of the pipeline.
        region: Optional region of `keras_mixup.regions`, as for `CutMix`: partners are
            pasted into it, and the λ that the policy sets gives its size. Nothing is
            folded then.
        **kwargs: Other arguments of `MixUp`: `prob`, `fold`, `pairing`,
            `num_classes`, `seed`, `name`, …. `per_sample=False` goes with policies
            that look at no distance.

    Call arguments:
        x: As for `MixUp`, and so are `y`, `sample_weight`, `training` and `seed`.
            Policies that look at the loss work in a model only.

    Returns:
        As `MixUp`.

    Raises:
        ValueError: If an argument is out of its range, a policy or distance is
            not known or gives what it must not, `features` returns another
            number of samples, or a policy needs a loss that nothing feeds.
        TypeError: If an argument is of the wrong type.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp("similarity")
    >>> model = keras.Sequential([mix, keras.layers.Dense(3, activation="softmax")])
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss, metrics=["accuracy"])

    The share of the partner, for a pair that is near and one that is far:

    >>> mix = keras_mixup.AdaptiveMixUp("exponential", pairing="roll")
    >>> x = np.array([[0.0], [1.0], [9.0]])
    >>> _, y = mix(x, np.eye(3))
    >>> near, far = y[1, 0], y[2, 1]
    >>> bool(near > far)
    True

    References:
        - [Bouniot et al. (2023), Tailoring Mixup to
          Data](https://arxiv.org/abs/2311.01434)
    """

    def __init__(
        self,
        policy: str | policies.Policy | Callable = "similarity",
        alpha: float = 1.0,
        *,
        distance: str | Callable = "sqeuclidean",
        features: Callable | None = None,
        **kwargs,
    ):
        rule = policies.get(policy)
        if not rule.can_fold:
            if kwargs.get("fold"):
                raise ValueError(
                    "This policy says which sample of a pair dominates, and folding "
                    f"would swap them. Received: fold=True with policy={policy!r}"
                )
            kwargs["fold"] = False
        if kwargs.get("region") is not None:
            kwargs.setdefault("fold", False)
        super().__init__(alpha, **kwargs)
        if self.num_samples > 2:
            raise ValueError(
                "A policy sets the λ of a sample and of one partner, so `num_samples` "
                f"must be 2. Received: num_samples={self.num_samples}"
            )
        self.policy = rule
        if rule.features and (features is not None or distance != "sqeuclidean"):
            raise ValueError(
                "This policy looks at inputs of its own, and at no `features` or "
                f"`distance`. Received: features={features!r}, distance={distance!r}"
            )
        if self.policy.needs_distance and self.pairing is pairings.itself:
            raise ValueError(
                'With pairing="self" all distances are 0, and this policy sets λ by '
                f"distances. Received: policy={policy!r}"
            )
        self.distance = distances.get(distance)
        self.features = get_features(features)
        if self.policy.needs_distance and not self.per_sample:
            raise ValueError(
                "`per_sample=False` draws one λ a batch, but this policy sets λ by "
                f"the distance of each pair. Received: policy={policy!r}"
            )
        if isinstance(self.features, keras.layers.Layer):
            self.built = self.built and self.features.built
        if self.policy.needs_loss:
            self._channel.running_loss = RunningLoss(self, self.policy.decay)

    def build(self, input_shape):
        if isinstance(self.features, keras.layers.Layer) and not self.features.built:
            self.features.build(input_shape)
        super().build(input_shape)

    def get_config(self):
        features = self.features
        if features is not None:
            features = keras.saving.serialize_keras_object(features)
        return {
            "policy": policies.serialize(self.policy),
            **super().get_config(),
            "distance": distances.serialize(self.distance),
            "features": features,
        }

    def extra_noise(self, x):
        return {"shuffle": 1, **super().extra_noise(x)}

    def can_compile(self):
        return False

    def draws_on_host(self):
        # Features and distances get tensors even so. A policy would get arrays.
        known = is_of_package(self) and is_own(self.policy)
        return known and super().can_compile()

    def distribution(self, x, noise, alpha, labels=None, loss=None):
        def by_policy(drawn, partners, fold):
            ops, (partners,) = noise.ops, partners
            real = ops.logical_not(ops.equal(partners, own_indices(partners)))
            real = ops.reshape(real, (-1,))
            distance = self._distance(x, partners, real)
            sampler = Sampler(
                drawn.u,
                drawn.v,
                alpha,
                noise.shuffle,
                real,
                partners,
                labels if self.policy.needs_labels else None,
            )
            with explained("policy", noise.u):
                lam = self.policy(sampler, distance, loss)
            check_lam(lam, drawn.u)
            lam = ops.stop_gradient(ops.convert_to_tensor(lam))
            # In a compiled step no value can be looked at.
            lam = ops.clip(ops.cast(lam, "float32"), 0.0, 1.0)
            small = ops.where(alpha > 0, ops.minimum(lam, 1 - lam), 0.0)
            own_is_larger = ops.logical_or(lam >= 0.5, alpha <= 0)
            return [folded(small, own_is_larger, fold)]

        return by_policy

    def check_in_model(self):
        super().check_in_model()
        if self.policy.needs_labels:
            raise ValueError(LABELS_IN_MODEL.format(what=f"policy {self.policy!r}"))

    def _distance(self, x, partners, real):
        if not self.policy.needs_distance:
            return None
        x = map_tensors(_without_gradient, x)
        features = self._features_of(x, real.shape[0])
        with explained("distance", partners):
            measure = self.policy.distance or self.distance
            distance = distances.of_pairs(measure, features, partners)
        check_distances(distance, real)
        if ops_for(partners) is NumpyOps:
            # A model among the features gives backend tensors for NumPy samples.
            distance = keras.ops.convert_to_numpy(distance)
        distance = distances.finite(distance)
        if self.policy.normalize:
            return distances.over_mean(distance, real)
        return distance

    def _features_of(self, x, batch_size):
        if self.policy.features is not None:
            return self.policy.features(x)
        return features_of(self.features, x, batch_size)


def _without_gradient(x):
    if x is None:
        return None
    ops = ops_for(x)
    # On PyTorch it may have to be moved to the device of the plan.
    return ops.stop_gradient(ops.convert_to_tensor(x))
