"""The policy that trusts the sample whose label is likelier to be right."""

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.ops import values
from keras_mixup.policies.base import Policy


@keras.saving.register_keras_serializable(package="keras_mixup")
class Confidence(Policy):
    """λ = c / (c + c'), by the probabilities that the labels of a pair are right.

    Where labels are wrong, the sample that is likelier right should dominate the blend.
    The probabilities travel with the batch, as one of the inputs: in a model a second
    `keras.Input(())`, in a pipeline an entry beside the samples, in batches `(x, y)`
    whose `x` is a dict or tuple. `CleanProbability` estimates them while the model
    trains.

    Two samples that are as likely tell nothing, and are mixed as plain mixup does. With
    probabilities of 1 for all samples, then, this is plain mixup: the warm-up. λ is not
    folded, for which of the two samples dominates is the point, so that training
    accuracy, which looks at the sample's own label, means little.

    Args:
        key: Where the probabilities are in `x`: the key of a dict, or the index in a
            list or tuple. They are numbers in [0, 1], one per sample. Defaults to
            `"confidence"`.
        floor: Number in [0, 1), what a probability counts as at least. Of two samples
            that are both likely wrong neither then comes out whole, for the network to
            memorize, which of 0.01 and 0.0001 would be 99 to 1. The paper has no
            floor; `examples/noisy_labels.py` measures what it is worth. Defaults to
            `0.1`.
        concentration: Number > 0. Two samples that are as likely draw λ from
            Beta(concentration, concentration). Defaults to `32.0`, as in the paper.

    Example:

    >>> x = {"samples": np.array([[0.0], [8.0]]), "confidence": np.array([0.9, 0.3])}
    >>> mix = keras_mixup.AdaptiveMixUp("confidence", pairing="reverse")
    >>> mixed, labels = mix(x, np.eye(2))
    >>> mixed["samples"].ravel().round(3).tolist()
    [2.0, 2.0]

    In a model:

    >>> inputs = {
    ...     "samples": keras.Input((4,), name="samples"),
    ...     "confidence": keras.Input((), name="confidence"),
    ... }
    >>> mix = keras_mixup.AdaptiveMixUp("confidence")
    >>> outputs = keras.layers.Dense(3, activation="softmax")(mix(inputs)["samples"])
    >>> model = keras.Model(inputs, outputs)

    References:
        - [Arazo et al. (2019), Unsupervised Label Noise Modeling and Loss
          Correction](https://arxiv.org/abs/1904.11238)
    """

    can_fold = False

    def __init__(
        self,
        key: str | int = "confidence",
        floor: float = 0.1,
        concentration: float = 32.0,
    ):
        if isinstance(key, bool) or not isinstance(key, (str, int)):
            raise TypeError(
                "`key` must be the key of a dict, or an index. "
                f"Received: key={key!r} (of type {type(key).__name__})"
            )
        self.key = key
        self.floor = check_real("floor", floor, least=0, below=1)
        self.concentration = check_real("concentration", concentration, above=0)

    def features(self, x):
        """The probabilities among the inputs, one per sample."""
        try:
            probabilities = x[self.key] if isinstance(x, (dict, list, tuple)) else None
        except (KeyError, IndexError):
            probabilities = None
        if probabilities is None:
            raise ValueError(
                f"The policy Confidence looks for {self.key!r} among the inputs. "
                f"Received: {sorted(x) if isinstance(x, dict) else type(x).__name__}"
            )
        if any(size != 1 for size in probabilities.shape[1:]):
            raise ValueError(
                f"The probabilities {self.key!r} must be one number per sample. "
                f"Received: shape {tuple(probabilities.shape)}"
            )
        ops = ops_for(probabilities)
        seen = values(probabilities)
        if seen is not None and not ((seen >= 0) & (seen <= 1)).all():
            raise ValueError(
                f"The probabilities {self.key!r} must be in [0, 1]. "
                f"Received: {seen[~((seen >= 0) & (seen <= 1))].flat[0]}"
            )
        probabilities = ops.reshape(ops.cast(probabilities, "float32"), (-1,))
        # In a compiled step no value can be looked at.
        probabilities = ops.where(
            probabilities >= 0, ops.minimum(probabilities, 1.0), 0.0
        )
        return ops.maximum(probabilities, self.floor)

    def distance(self, own, partner):
        """The share that the partner is due."""
        ops, total = ops_for(own), own + partner
        return ops.where(total > 0, partner / ops.where(total > 0, total, 1.0), 0.5)

    def __call__(self, sampler, distance, loss):
        ops = ops_for(distance)
        alike = ops.equal(distance, 0.5)
        return ops.where(alike, sampler.beta(self.concentration), 1 - distance)

    def get_config(self):
        return {
            "key": self.key,
            "floor": self.floor,
            "concentration": self.concentration,
        }
