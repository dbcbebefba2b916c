"""What a policy is: a rule that gives every pair of a batch its λ."""

import keras

from keras_mixup.checks import check_flag


class Policy:
    """A rule for λ, from the distance of a pair and from the training loss.

    Subclass it to write a policy with arguments of its own that is saved with a
    model; a function of `(distance, loss)` will do for anything less. Register
    a subclass with `keras.saving.register_keras_serializable`.

    Attributes:
        needs_distance: Whether the policy looks at distances. `True` unless a
            subclass says otherwise, and so are the others `False`.
        normalize: Whether it takes them over the mean of the batch, so that the
            scale of the data does not matter.
        needs_loss: Whether it looks at the running mean of the training loss,
            which is known in a model with a `MixupLoss` only.
        features: Function of `x` to what its distances are of, `None` for the layer's.
        distance: Function of features and of their partners' to its distances, `None`
            for the layer's.
        can_fold: Whether λ means the same with the two rows swapped, `True`.
        decay: The weight of the past in that mean, `0.9`.

    Call arguments:
        sampler: A Beta sampler: `sampler.beta(concentration)` draws λ for each
            row, from a concentration of one a row.
        distance: Float32 tensor `(batch_size,)` of one distance a pair, `None`
            without `needs_distance`.
        loss: Float32 scalar, 0 before the first step, or `None` where none is
            known: in a pipeline, or without `needs_loss`.

    Returns:
        λ in [0, 1], the share that each row keeps: a float32 tensor
        `(batch_size,)`, or a scalar for all rows.

    Example:

    >>> @keras.saving.register_keras_serializable()
    ... class NearOnly(keras_mixup.policies.Policy):
    ...     normalize = True
    ...
    ...     def __call__(self, sampler, distance, loss):
    ...         return keras.ops.where(distance < 1, sampler.beta(1.0), 1.0)
    >>> mix = keras_mixup.AdaptiveMixUp(NearOnly())
    """

    needs_distance = True
    normalize = False
    needs_loss = False
    features = None
    distance = None
    can_fold = True
    decay = 0.9

    def __call__(self, sampler, distance, loss):
        raise NotImplementedError(f"{type(self).__name__} must define `__call__`.")

    def get_config(self):
        """The arguments of the constructor, for saving."""
        return {}

    @classmethod
    def from_config(cls, config):
        """A policy from what `get_config` returned."""
        return cls(**config)


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
