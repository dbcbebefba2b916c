"""The plan of one batch: who is mixed with whom, and how much."""

from collections.abc import Callable

from keras_mixup._backend.checks import check_batch_size
from keras_mixup._backend.checks import check_broadcasts
from keras_mixup._backend.checks import check_concentration
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_grid
from keras_mixup._backend.checks import check_num_samples
from keras_mixup._backend.checks import check_prob
from keras_mixup._backend.ops import integers_below
from keras_mixup._backend.ops import ops_for
from keras_mixup.pairing.lookup import get_for
from keras_mixup.plans.application import PlanApplication
from keras_mixup.plans.noise import Noise
from keras_mixup.plans.region_sampling import in_region
from keras_mixup.plans.sampling import sampled
from keras_mixup.plans.sampling import symmetric
from keras_mixup.random.uniforms import Seed
from keras_mixup.random.uniforms import uniform
from keras_mixup.regions.lookup import get_for as get_region
from keras_mixup.regions.lookup import num_uniforms


class MixPlan(PlanApplication):
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
        region: Where a sample takes its partner's values, as `draw` makes it of a
            region. `share` is then the partner's part of the whole sample.

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
        region: str | Callable | None = None,
        grid: tuple[int, ...] = (),
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
            region: Optional region of `keras_mixup.regions` to paste partners into, as
                `CutMix` does. It takes the raw λ, whatever `fold` is.
            grid: The sizes of the spatial axes of the inputs, for a region.
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
        region, grid = get_region(num_samples, region), check_grid(region, grid)
        extra = {} if region is None else {"region": num_uniforms(region, len(grid))}
        uniforms = uniform((Noise.count(num_samples, extra), batch_size), seed)
        noise = Noise.of(uniforms, num_samples, extra)
        drawn = sampled(
            noise,
            symmetric(alpha, num_samples),
            prob=check_prob(prob),
            per_sample=check_flag("per_sample", per_sample),
            fold=check_flag("fold", fold) and region is None,
            pairing=get_for(num_samples, pairing),
        )
        plan = cls.of_terms(*drawn)
        if region is None:
            return plan
        return in_region(plan, region, noise.field("region", per_sample), grid)

    @classmethod
    def identity(cls, samples):
        """The plan that mixes nothing, for as many samples as `samples` has.

        Args:
            samples: Tensor `(batch_size, ...)`.

        Example:

        >>> keras_mixup.MixPlan.identity(np.zeros((3, 8))).partners.tolist()
        [0, 1, 2]
        """
        ops = ops_for(samples)
        own = integers_below(ops.shape(samples)[0], ops)
        return cls(own, ops.cast(ops.zeros_like(own), "float32"))
