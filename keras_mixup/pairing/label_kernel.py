"""Partners by the distance of their labels, for regression."""

import keras
from keras import tree

from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_real
from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_float
from keras_mixup._backend.ops import integers_below
from keras_mixup._backend.ops import ops_for

_NEVER = -2e38
# The largest label whose square is still a float32, and what stands for a distance
# from any other.
_LARGEST, _FAR = 1e18, 1e38


@keras.saving.register_keras_serializable(package="keras_mixup")
class LabelKernel:
    """Pairs a sample with one of a similar label, as C-Mixup does.

    Between two samples whose targets lie far apart, a regression target is seldom
    linear. Here sample j is the partner of sample i with a probability in proportion to
    exp(−‖yᵢ − yⱼ‖² / (2 · bandwidth²)).

    It needs to see the labels, so it works in a data pipeline, and not in a model.
    A sample whose label is NaN, or beyond 1e18, is nobody's partner but its own. All
    pairs of a batch are compared: O(B²) numbers.

    Args:
        bandwidth: Number from 1e-9 to 1e18, in the units of the labels; several
            targets (the columns of a label, a dict of labels) count as one vector.
            Or `"auto"`: the spread of the batch's labels (the root of their summed
            variances) over the fifth root of the batch size. Defaults to `"auto"`.
        exclude_self: Whether a sample never is its own partner, which otherwise is
            its likeliest one. A batch of one sample has no other. Defaults to
            `False`.

    Call arguments:
        noise: Uniforms in [0, 1), shape `(batch_size,)`.
        labels: Float tensor `(batch_size, ...)`, or a nested structure of these.

    Returns:
        The partner of every sample, integers of shape `(batch_size,)`.

    Raises:
        ValueError: If the bandwidth is not positive, the labels are integers, or
            there are none.

    Example:

    >>> kernel = keras_mixup.pairing.LabelKernel(bandwidth=0.5, exclude_self=True)
    >>> labels = np.array([0.0, 0.1, 50.0, 50.1], "float32")
    >>> kernel(np.random.rand(4).astype("float32"), labels).tolist()
    [1, 0, 3, 2]

    In a pipeline:

    >>> mix = keras_mixup.MixUp(alpha=2.0, pairing=kernel)
    >>> x, y = mix(np.random.rand(4, 3), labels)

    References:
        - [Yao et al. (2022), C-Mixup: Improving Generalization in
          Regression](https://arxiv.org/abs/2210.05775)
    """

    needs_labels = True
    labels_are_targets = True

    def __init__(self, bandwidth: float | str = "auto", exclude_self: bool = False):
        if bandwidth != "auto":
            if isinstance(bandwidth, str):
                raise ValueError(
                    '`bandwidth` must be a number > 0 or "auto". '
                    f"Received: bandwidth={bandwidth!r}"
                )
            bandwidth = check_real("bandwidth", bandwidth, least=1e-9, most=1e18)
        self.bandwidth = bandwidth
        self.exclude_self = check_flag("exclude_self", exclude_self)

    def __call__(self, noise, labels=None):
        labels = _as_vectors(labels)
        ops = ops_for(noise, labels)
        own = integers_below(ops.shape(noise)[0], ops)
        squared = 0.0
        for y in labels:
            difference = ops.cast(y[:, None] - y[None, :], "float32")
            squared = squared + ops.sum(difference * difference, axis=-1)
        itself = ops.equal(own[:, None], own[None, :])
        squared = ops.where(squared < _FAR, squared, ops.where(itself, 0.0, _FAR))
        logits = -squared / self._scale(squared)
        if self.exclude_self:
            logits = ops.where(itself, _NEVER, ops.maximum(logits, _NEVER / 2))
        # So that the nearest counts for 1, however far away it is.
        weights = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
        # One uniform per sample, looked up in the sample's distribution function, draws
        # as the Gumbel trick does with one for each of the B² pairs.
        reached = ops.cumsum(weights, axis=-1)
        total = reached[:, -1:]
        # A product that is rounded up must not lead past the last sample.
        passed = (reached <= noise[:, None] * total) & (reached < total)
        return ops.sum(ops.cast(passed, "int32"), axis=-1)

    def _scale(self, squared):
        if self.bandwidth != "auto":
            return 2 * self.bandwidth**2
        ops = ops_for(squared)
        # Over all pairs, the mean squared difference is twice the variance.
        size = ops.cast(ops.shape(squared)[0], "float32")
        near = squared < _FAR
        pairs = ops.sum(ops.cast(near, "float32"))
        scale = size**-0.4 * ops.sum(ops.where(near, squared, 0.0)) / pairs
        return ops.where(scale > 0, scale, 1.0)

    def get_config(self):
        """The arguments of the constructor, for saving."""
        return {"bandwidth": self.bandwidth, "exclude_self": self.exclude_self}

    def __repr__(self):
        arguments = (f"{name}={value!r}" for name, value in self.get_config().items())
        return f"LabelKernel({', '.join(arguments)})"

    @classmethod
    def from_config(cls, config):
        """A pairing from what `get_config` returned."""
        return cls(**config)


def _as_vectors(labels):
    leaves = [leaf for leaf in tree.flatten(labels) if leaf is not None]
    if not leaves:
        raise ValueError(
            "LabelKernel pairs samples by their labels, and got none. A layer in a "
            "model does not see labels: put it in the data pipeline, as "
            "`dataset.map(layer)`."
        )
    vectors = []
    for leaf in leaves:
        dtype = dtype_name(leaf.dtype)
        if not is_float(dtype):
            raise ValueError(
                "LabelKernel measures how far labels lie apart, and class ids do not. "
                f"Cast the targets of a regression to float. Received: {dtype} labels"
            )
        ops = ops_for(leaf)
        # Rounded to float32 first, labels far from 0 would all be one.
        leaf = ops.cast(leaf, "float64" if dtype == "float64" else "float32")
        lost = ops.cast(float("nan"), leaf.dtype)
        leaf = ops.where(ops.abs(leaf) <= _LARGEST, leaf, lost)
        vectors.append(ops.reshape(leaf, (ops.shape(leaf)[0], -1)))
    return vectors
