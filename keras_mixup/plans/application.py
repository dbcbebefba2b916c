"""A plan, applied to whatever belongs to the samples of a batch."""

from keras_mixup._backend.compiling import fused
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host_kernels import blend_on_host
from keras_mixup._backend.host_kernels import may_blend
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import map_tensors
from keras_mixup._backend.tensor_checks import check_samples
from keras_mixup.pairing.shards import take_samples
from keras_mixup.pairing.shards import whole_batch
from keras_mixup.plans.blend import all_shares
from keras_mixup.plans.blend import blend_partners
from keras_mixup.plans.blend import float_dtype
from keras_mixup.plans.fields import PlanFields
from keras_mixup.plans.paste import element_shares
from keras_mixup.plans.paste import mix_in_region
from keras_mixup.plans.paste import paste
from keras_mixup.plans.region import axes_of_labels


class PlanApplication(PlanFields):
    """What a `MixPlan` does to inputs, labels and masks."""

    __slots__ = ()

    def mix(self, inputs, dtype=None, data_format=None):
        """Blends every sample with its partner: λ·x + (1 − λ)·x[partners].

        A plan with a region pastes the partner into it instead. Of labels of whole
        samples use `mix_labels`.

        Args:
            inputs: A tensor `(batch_size, ...)` of any rank ≥ 1, or any nested
                structure of such tensors in dicts, lists and tuples.
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
        return self._map(lambda x: self.mix_tensor(x, dtype, data_format), inputs)

    def mix_tensor(self, x, dtype=None, data_format=None):
        """One tensor mixed as by `mix`, of which it is known that it may be."""
        dtype = dtype or float_dtype(x)
        if self.has_region:
            return mix_in_region(self, x, dtype, data_format)
        return self.blend(x, None, dtype)

    def blend(self, x, shares, dtype):
        """One tensor, every sample blended with its partners.

        Args:
            x: Tensor of samples.
            shares: What a sample keeps of itself, and then the share of each partner,
                as `weigh` returns them. `None` for those of the plan.
            dtype: Dtype of the result.
        """
        own, *others = shares or (None, *self.shares)
        indices = self.indices
        if all(len(share.shape) == 1 for share in others):
            partners = [whole_batch(each) for each in indices]
            if may_blend(x, partners, [own, *others]):
                arrays = all_shares(as_arrays(others), dtype, as_arrays(own))
                return blend_on_host(x, partners, arrays, dtype)
        # Which may move it to the device of the plan.
        x = ops_for(x, self.partners).convert_to_tensor(x)
        shares = all_shares(others, dtype, own)
        return fused(lambda x: blend_partners(x, indices, shares, dtype), x)

    def mix_labels(self, labels, dtype=None):
        """Labels of whole samples: λ·y + (1 − λ)·y[partners], also under a region.

        Args:
            labels: As `inputs` of `mix`.
            dtype: As for `mix`.

        Example:

        >>> plan = keras_mixup.MixPlan.draw(8, 1.0, region="box", grid=(9, 9))
        >>> plan.mix_labels(np.eye(8)).shape[1]
        8
        """
        return self._map(lambda y: self.blend(y, None, dtype or float_dtype(y)), labels)

    def paste(self, labels, data_format=None):
        """Labels of pixels or steps, in the region those of the partner.

        Args:
            labels: Tensor `(batch_size, *grid)`, of this or of another resolution, or
                one with a further axis, of the classes. Its dtype stays: class ids are
                class ids.
            data_format: Where that axis is. Defaults to that of Keras.

        Raises:
            ValueError: If the plan does not paste, or `labels` have not the axes of
                the region.

        Example:

        >>> plan = keras_mixup.MixPlan.draw(8, 1.0, region="box", grid=(9, 9))
        >>> labels = plan.paste(np.ones((8, 9, 9), "int32"))
        >>> keras.backend.standardize_dtype(labels.dtype)
        'int32'
        """
        if not (self.has_region and self.region.pastes):
            raise ValueError(
                "Without a region labels are blended, not pasted: use `mix`. "
                f"Received: the plan {self!r}"
            )
        axes = axes_of_labels(labels, self.region.num_axes, data_format)
        return paste(self, labels, axes)

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

        Under a region, where the one is valid whose values are there.

        Args:
            mask: Boolean tensor `(batch_size, ...)`.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([1, 0]), np.array([0.25, 0.5]))
        >>> plan.union(np.array([[True, False], [False, False]])).tolist()
        [[True, False], [True, False]]
        """
        own, *others = self.terms(mask)
        ops = ops_for(own, self.share)
        if self.has_region:
            shares = element_shares(self, mask, range(1, len(mask.shape)))
            own, *others = (
                ops.logical_and(valid, share > 0)
                for valid, share in zip((own, *others), shares)
            )
        for other in others:
            own = ops.logical_or(own, other)
        return own

    def terms(self, inputs):
        """The tensors themselves, and then those of each partner.

        Args:
            inputs: As for `mix`.

        Returns:
            List of the inputs, and of as many of the same structure as there are
            partners.

        Example:

        >>> plan = keras_mixup.MixPlan(np.array([[1, 2]] * 3), np.full((3, 2), 0.2))
        >>> [each.tolist() for each in plan.terms(np.array([3, 5, 7]))]
        [[3, 5, 7], [5, 5, 5], [7, 7, 7]]
        """

        def take(partners):
            return map_tensors(lambda x: take_samples(x, partners), inputs)

        return [inputs, *(take(partners) for partners in self.indices)]

    def _map(self, function, structure):
        size = self.shares[0].shape[0]

        def checked(x):
            if x is None:
                return None
            check_samples("inputs", x, size)
            return function(ops_for(x, self.partners).convert_to_tensor(x))

        return map_tensors(checked, structure)
