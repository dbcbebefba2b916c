"""The plan of one batch: who is mixed with whom, and how much."""

from collections.abc import Callable

from keras import tree

from keras_mixup._backend.checks import check_batch_size
from keras_mixup._backend.checks import check_broadcasts
from keras_mixup._backend.checks import check_concentration
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_num_samples
from keras_mixup._backend.checks import check_prob
from keras_mixup._backend.compiling import fused
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.tensor_checks import check_samples
from keras_mixup.pairing.lookup import get_for
from keras_mixup.pairing.shards import take_samples
from keras_mixup.plans.blend import all_shares
from keras_mixup.plans.blend import blend_partners
from keras_mixup.plans.blend import float_dtype
from keras_mixup.plans.fields import PlanFields
from keras_mixup.plans.noise import Noise
from keras_mixup.plans.paste import paste
from keras_mixup.plans.sampling import sampled
from keras_mixup.plans.sampling import symmetric
from keras_mixup.random.uniforms import Seed
from keras_mixup.random.uniforms import uniform


class MixPlan(PlanFields):
    """The partners of a batch and their shares, applied to anything of the batch.

    A plan is drawn once and applied to inputs, labels, masks, weights and the loss,
    so that they cannot disagree. The layers and the loss of this package do so for
    you; a custom training loop can by hand. As a named tuple of tensors it may enter
    and leave `jax.jit`, `tf.function` and `tf.data`.

    Args:
        partners: Integer tensor `(batch_size,)`: the sample that each sample is mixed
            with, itself where its share is 0. Or `(batch_size, k)` for k partners per
            sample.
        share: Float32 tensor of the shape of `partners`: the partner's share 1 − λ,
            in [0, 1]. The sample keeps `lam`, the rest.
        shard_partners: Optional integer tensor `(shards, samples per shard, k)`: the
            partners once more, as each shard of the batch counts its own samples.
            Where they are known, no sample has to leave its device.
        region: Optional float tensor `(batch_size, axes, 2)`: where a box begins and
            ends along each spatial axis, as fractions of it. In the box a sample takes
            its partner's values, of which `share` is the part.

    Raises:
        TypeError: When it is applied, if a part of it is no tensor.
        ValueError: When it is applied, if `share` has not the shape of `partners`.

    Example:

    >>> partners, share = np.array([1, 0]), np.array([0.25, 0.5])
    >>> plan = keras_mixup.MixPlan(partners, share)
    >>> plan
    MixPlan(2 samples, 1 partner, λ 0.50 to 0.75)
    >>> plan.mix(np.array([0.0, 8.0])).tolist()
    [2.0, 4.0]
    >>> plan.partner(np.array([3, 7])).tolist()
    [7, 3]
    >>> plan.lam.tolist()
    [0.75, 0.5]

    References:
        - [Zhang et al. (2018), mixup: Beyond Empirical Risk
          Minimization](https://arxiv.org/abs/1710.09412)
    """

    __slots__ = ()

    @classmethod
    def draw(
        cls,
        batch_size: int,
        alpha: float = 0.2,
        *,
        prob: float = 1.0,
        per_sample: bool = True,
        fold: bool = True,
        pairing: str | Callable = "shuffle",
        num_samples: int = 2,
        seed: Seed = None,
    ) -> "MixPlan":
        """Draws a plan for a batch.

        Args:
            batch_size: Integer ≥ 1, the number of samples.
            alpha: Concentration of the Beta(α, α) distribution of λ: a number ≥ 0, or
                a tensor of one per sample. 0 mixes nothing.
            prob: Number in [0, 1], the probability that a sample is mixed at all.
            per_sample: Whether every sample draws its own λ. `False` draws one λ
                (and one `prob` decision) for the whole batch.
            fold: Whether λ is folded to [½, 1], so that a sample keeps the larger
                share of itself. `False` gives the raw λ in [0, 1].
            pairing: Name of a pairing in `keras_mixup.pairing`, or a callable.
            num_samples: Integer ≥ 2, how many samples are mixed into one.
            seed: An integer, a `keras.random.SeedGenerator` or `None`. In a `tf.data`
                map `None`, a `tf.random.Generator`, or a tensor of two integers that
                comes with each batch. For NumPy a generator of it, or uint32 words.

        Example:

        >>> plan = keras_mixup.MixPlan.draw(32, alpha=1.0, seed=0)
        >>> plan.lam.shape[0]
        32
        """
        num_samples = check_num_samples(num_samples)
        batch_size = check_batch_size(batch_size)
        alpha = check_broadcasts("alpha", check_concentration(alpha), (batch_size,))
        uniforms = uniform((Noise.count(num_samples), batch_size), seed)
        drawn = sampled(
            Noise.of(uniforms, num_samples),
            symmetric(alpha, num_samples),
            prob=check_prob(prob),
            per_sample=check_flag("per_sample", per_sample),
            fold=check_flag("fold", fold),
            pairing=get_for(num_samples, pairing),
        )
        return cls.of_terms(*drawn)

    @classmethod
    def identity(cls, samples):
        """The plan that mixes nothing, for as many samples as `samples` has.

        Example:

        >>> keras_mixup.MixPlan.identity(np.zeros((3, 8))).partners.tolist()
        [0, 1, 2]
        """
        ops = ops_for(samples)
        own = ops.arange(ops.shape(samples)[0])
        return cls(own, ops.cast(ops.zeros_like(own), "float32"))

    def mix(self, inputs, dtype=None, data_format=None):
        """Blends every sample with its partner: λ·x + (1 − λ)·x[partners].

        A plan with a region pastes the partner into it instead.

        Args:
            inputs: A tensor `(batch_size, ...)` of any rank ≥ 1, or any nesting
                of such tensors in dicts, lists and tuples.
            dtype: Dtype of the result. Defaults to that of a floating input,
                and to `keras.config.floatx()` for integers and booleans.
            data_format: Of inputs for a region, `"channels_last"` or
                `"channels_first"`. Defaults to that of Keras.

        Returns:
            The mixed tensors, in the same structure.

        Raises:
            TypeError: If a leaf is no numeric tensor.
            ValueError: If a leaf has no batch axis, or another batch size.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([1, 0]), np.array([0.25, 0.5]))
        >>> mixed = plan.mix({"x": np.eye(2), "y": np.array([10, 20])})
        >>> mixed["x"].tolist(), mixed["y"].tolist()
        ([[0.75, 0.25], [0.5, 0.5]], [12.5, 15.0])
        """

        def mixed(x):
            to = dtype or float_dtype(x)
            if self.has_region:
                return paste(x, self.indices[0], self.region, to, data_format)
            return self.blend(x, None, to)

        return self._map(mixed, inputs)

    def blend(self, x, shares, dtype):
        """One tensor, every sample blended with its partners.

        Args:
            x: Tensor of samples.
            shares: What a sample keeps of itself, and then the share of each partner,
                as `weigh` returns them. `None` for those of the plan.
            dtype: Dtype of the result.
        """
        own, *others = shares or (None, *self.shares)
        shares = all_shares(others, dtype, own)
        indices = self.indices
        return fused(lambda x: blend_partners(x, indices, shares, dtype), x)

    def partner(self, inputs):
        """The samples that each is mixed with: x[partners], dtype unchanged.

        Args:
            inputs: As for `mix`.

        Returns:
            The partners, in the same structure; of several per sample, of shape
            `(batch_size, k, ...)`.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([2, 0, 2]), np.full(3, 0.1))
        >>> plan.partner(np.array([3, 5, 7])).tolist()
        [7, 3, 7]
        """

        def take(x):
            _, *partners = self.terms(x)
            several = len(self.share.shape) > 1
            return ops_for(x).stack(partners, axis=1) if several else partners[0]

        return self._map(take, inputs)

    def union(self, mask):
        """Where a sample or any of its partners is valid, for boolean masks.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([1, 0]), np.array([0.25, 0.5]))
        >>> plan.union(np.array([[True, False], [False, False]])).tolist()
        [[True, False], [True, False]]
        """
        own, *others = self.terms(mask)
        for other in others:
            own = ops_for(own).logical_or(own, other)
        return own

    def terms(self, inputs):
        """The tensors themselves, and then those of each partner.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([[1, 2]] * 3), np.full((3, 2), 0.2))
        >>> [each.tolist() for each in plan.terms(np.array([3, 5, 7]))]
        [[3, 5, 7], [5, 5, 5], [7, 7, 7]]
        """

        def take(partners):
            return tree.map_structure(lambda x: take_samples(x, partners), inputs)

        return [inputs, *(take(partners) for partners in self.indices)]

    def _map(self, function, structure):
        size = self.shares[0].shape[0]

        def checked(x):
            if x is None:
                return None
            check_samples("inputs", x, size)
            return function(ops_for(x, self.partners).convert_to_tensor(x))

        return tree.map_structure(checked, structure)
