"""The plan of one batch: who is mixed with whom, and how much."""

from collections.abc import Callable
from typing import NamedTuple

from keras import tree

from keras_mixup import pairing as pairings
from keras_mixup.batch_checks import check_rows
from keras_mixup.blending import all_shares
from keras_mixup.blending import blend_partners
from keras_mixup.blending import float_dtype
from keras_mixup.checks import check_batch_size
from keras_mixup.checks import check_broadcasts
from keras_mixup.checks import check_concentration
from keras_mixup.checks import check_flag
from keras_mixup.checks import check_num_samples
from keras_mixup.checks import check_part
from keras_mixup.checks import check_prob
from keras_mixup.drawing import draws
from keras_mixup.drawing import rows_and_shares
from keras_mixup.drawing import symmetric
from keras_mixup.fusion import fused
from keras_mixup.namespaces import namespace
from keras_mixup.random import Seed
from keras_mixup.random import uniform
from keras_mixup.shards import take_rows


class MixPlan(NamedTuple):
    """Partner rows and weights of one draw, applied to anything of the batch.

    A plan is drawn once and applied to inputs, labels, masks, weights and the loss,
    so that they cannot disagree. The layers and the loss of this package do so for
    you; a custom training loop can by hand. As a named tuple of two tensors it may
    enter and leave `jax.jit`, `tf.function` and `tf.data`.

    Args:
        rows: Integer tensor `(batch_size,)`: the row that each row is mixed
            with, itself where its share is 0. Or `(batch_size, k)` for k
            partners a row. Or `(shards, rows a shard, k)` for partners that are
            counted within each shard of the batch; `partner` finds them all.
        share: Float32 tensor `(batch_size,)` or `(batch_size, k)`: the partner's
            share 1 − λ, in [0, 1]. The row keeps `lam`, the rest.

    Example:

    >>> plan = keras_mixup.MixPlan(rows=np.array([1, 0]), share=np.array([0.25, 0.5]))
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

    rows: object
    share: object

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
            batch_size: Integer ≥ 1, the number of rows.
            alpha: Concentration of the Beta(α, α) law of λ: a number ≥ 0, or a
                tensor of one a row. 0 mixes nothing.
            prob: Number in [0, 1], the chance that a row is mixed at all.
            per_sample: Whether every row draws its own λ. `False` draws one λ
                (and one `prob` decision) for the whole batch.
            fold: Whether λ is folded to [½, 1], so that a row keeps the larger
                share of itself. `False` gives the raw λ in [0, 1].
            pairing: Name of a pairing in `keras_mixup.pairing`, or a callable.
            num_samples: Integer ≥ 2, the samples that a row is mixed of.
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
        drawn = rows_and_shares(
            uniform((draws(num_samples), batch_size), seed),
            symmetric(alpha, num_samples),
            prob=check_prob(prob),
            per_sample=check_flag("per_sample", per_sample),
            fold=check_flag("fold", fold),
            pairing=pairings.get_for(num_samples, pairing),
            num_samples=num_samples,
        )
        return cls(*drawn)

    @classmethod
    def identity(cls, rows_like):
        """The plan that mixes nothing, for as many rows as `rows_like` has.

        Example:

        >>> keras_mixup.MixPlan.identity(np.zeros((3, 8))).rows.tolist()
        [0, 1, 2]
        """
        ops = namespace(rows_like)
        rows = ops.arange(ops.shape(rows_like)[0])
        return cls(rows, ops.cast(ops.zeros_like(rows), "float32"))

    @property
    def lam(self):
        """The share λ that each row keeps of itself, shape `(batch_size,)`."""
        share = check_part(self.share)
        if len(share.shape) == 1:
            return 1 - share
        return 1 - namespace(share).sum(share, axis=-1)

    def mix(self, inputs, dtype=None):
        """Blends every row with its partner: λ·x + (1 − λ)·x[rows].

        Args:
            inputs: A tensor `(batch_size, ...)` of any rank ≥ 1, or any nesting
                of such tensors in dicts, lists and tuples.
            dtype: Dtype of the result. Defaults to that of a floating input,
                and to `keras.config.floatx()` for integers and booleans.

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
        return self._map(lambda x: self.blend(x, None, dtype or float_dtype(x)), inputs)

    def blend(self, x, shares, dtype):
        """One tensor, every sample blended with its partners.

        Args:
            x: Tensor of samples.
            shares: What a sample keeps of itself, and then the share of each partner,
                as `weigh` returns them. `None` for those of the plan.
            dtype: Dtype of the result.
        """
        own, *others = shares or (None, *self.columns(self.share))
        shares = all_shares(others, dtype, own)
        rows = self.columns(self.rows)
        return fused(lambda x: blend_partners(x, rows, shares, dtype), x)

    def partner(self, inputs):
        """The rows that each row is mixed with: x[rows], dtype unchanged.

        Args:
            inputs: As for `mix`.

        Returns:
            The partners' rows, in the same structure. Of several partners a row, of
            shape `(batch_size, k, ...)`.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([2, 0, 2]), np.full(3, 0.1))
        >>> plan.partner(np.array([3, 5, 7])).tolist()
        [7, 3, 7]
        """

        def take(x):
            _, *rows = self.terms(x)
            several = len(self.share.shape) > 1
            return namespace(x).stack(rows, axis=1) if several else rows[0]

        return self._map(take, inputs)

    def union(self, mask):
        """Where a row or any of its partners is valid, for boolean masks.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([1, 0]), np.array([0.25, 0.5]))
        >>> plan.union(np.array([[True, False], [False, False]])).tolist()
        [[True, False], [True, False]]
        """
        own, *others = self.terms(mask)
        for other in others:
            own = namespace(own).logical_or(own, other)
        return own

    def terms(self, inputs):
        """The tensors themselves, and then each partner's rows of them.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([[1, 2]] * 3), np.full((3, 2), 0.2))
        >>> [rows.tolist() for rows in plan.terms(np.array([3, 5, 7]))]
        [[3, 5, 7], [5, 5, 5], [7, 7, 7]]
        """

        def take(rows):
            return tree.map_structure(lambda x: take_rows(x, rows), inputs)

        return [inputs, *(take(rows) for rows in self.columns(self.rows))]

    @staticmethod
    def columns(tensor):
        """`rows` or `share` as a list of one tensor a partner.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([[1, 2]] * 3), np.full((3, 2), 0.2))
        >>> [share.tolist() for share in plan.columns(plan.share)]
        [[0.2, 0.2, 0.2], [0.2, 0.2, 0.2]]
        """
        if len(check_part(tensor).shape) == 1:
            return [tensor]
        return [tensor[..., k] for k in range(tensor.shape[-1])]

    def _map(self, function, structure):
        size = check_part(self.share).shape[0]

        def checked(x):
            if x is None:
                return None
            check_rows("inputs", x, size)
            return function(namespace(x, self.rows).convert_to_tensor(x))

        return tree.map_structure(checked, structure)
