"""What a policy is: a rule that gives every pair of a batch its λ."""

import inspect
from collections.abc import Callable

import keras

from keras_mixup._backend.checks import check_flag


class Policy:
    """A rule for λ, from the distance of a pair and from the training loss.

    Subclass it to write a policy with arguments of its own that is saved with a
    model; a function of `(distance, loss)` will do for anything less. Register
    a subclass with `keras.saving.register_keras_serializable`. Compute with
    `sampler.ops`, and the policy works in a model, on NumPy and in `tf.data`.

    Attributes:
        needs_distance: Whether the policy looks at distances. `True` unless a
            subclass says otherwise. The other `needs_` attributes are `False`.
        normalize: Whether it takes them over the mean of the batch, so that the
            scale of the data does not matter.
        needs_loss: Whether it looks at the running mean of the training loss,
            which is known in a model with a `MixupLoss` only.
        needs_labels: Whether it looks at `sampler.labels`, which are known in a data
            pipeline only.
        features: Function of `x` to what its distances are of, `None` for the layer's.
        distance: Function of features and of their partners' to its distances, `None`
            for the layer's.
        can_fold: Whether λ means the same with the two samples swapped, `True`.
        decay: The weight of the past in that mean, `0.9`.

    Call arguments:
        sampler: A Beta sampler: `sampler.beta(concentration)` draws λ for each
            sample, from a concentration of one per sample. `sampler.ops` are the
            operations of `keras.ops` for the tensors at hand, `sampler.partner(values)`
            takes those of the partners, and `sampler.labels` are the labels.
        distance: Float32 tensor `(batch_size,)` of one distance per pair, `None`
            without `needs_distance`.
        loss: Float32 scalar, 0 before the first step, or `None` where none is
            known: in a pipeline, or without `needs_loss`.

    Returns:
        λ in [0, 1], the share that each sample keeps: a float32 tensor
        `(batch_size,)`, or a scalar for all samples.

    Example:

    >>> @keras.saving.register_keras_serializable()
    ... class NearOnly(keras_mixup.policies.Policy):
    ...     normalize = True
    ...
    ...     def __call__(self, sampler, distance, loss):
    ...         return sampler.ops.where(distance < 1, sampler.beta(1.0), 1.0)
    >>> mix = keras_mixup.AdaptiveMixUp(NearOnly())
    """

    needs_distance: bool = True
    normalize: bool = False
    needs_loss: bool = False
    needs_labels: bool = False
    features: Callable | None = None
    distance: Callable | None = None
    can_fold: bool = True
    decay: float = 0.9

    def __call__(self, sampler, distance, loss):
        raise NotImplementedError(f"{type(self).__name__} must define `__call__`.")

    def take_contract(self, policy):
        """Says of itself what another policy says: all attributes named above."""
        for name in inspect.get_annotations(Policy):
            setattr(self, name, getattr(policy, name))

    def get_config(self):
        """The arguments of the constructor, for saving."""
        return {}

    @classmethod
    def from_config(cls, config):
        """A policy from what `get_config` returned."""
        return cls(**config)

    def __repr__(self):
        arguments = (f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


class DistancePolicy(Policy):
    """A distance policy with a `literal` form, on distances as they are measured.

    Args:
        literal: Whether distances are not divided by their mean.
    """

    def __init__(self, literal):
        self.literal = check_flag("literal", literal)
        self.normalize = not self.literal


@keras.saving.register_keras_serializable(package="keras_mixup")
class FunctionPolicy(Policy):
    """A function of distances and loss, as a policy.

    Args:
        function: Function of `distance` and `loss` to λ, or its saved config.
    """

    needs_loss = True

    def __init__(self, function):
        if isinstance(function, dict):
            function = keras.saving.deserialize_keras_object(function)
        self.function = function

    def __call__(self, sampler, distance, loss):
        try:
            return self.function(distance, loss)
        except Exception as error:
            if loss is None:
                error.add_note(
                    "In a pipeline a policy gets `loss=None`, and distances as a "
                    f"{type(distance).__name__}. One that needs the loss, or "
                    "`keras.ops` of another backend, belongs in the model."
                )
            raise

    def get_config(self):
        return {"function": keras.saving.serialize_keras_object(self.function)}

    def __repr__(self):
        name = getattr(self.function, "__name__", repr(self.function))
        return f"FunctionPolicy({name})"
