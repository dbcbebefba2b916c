"""The policy that mixes by how high the training loss is."""

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import ops_for
from keras_mixup.policies.base import Policy


@keras.saving.register_keras_serializable(package="keras_mixup")
class InverseLoss(Policy):
    """λ = 1 / (1 + L), with L the running mean of the training loss.

    The higher the loss, the smaller λ. By default the layer folds it to [½, 1],
    which swaps the two samples of a pair where L > 1: pairs being exchangeable, that
    trains on the same. `fold=False` keeps λ as it is.

    `MixupLoss` feeds L with the mean of the pair loss over the samples of each
    training step, before any `sample_weight`, mask or `reduction`; of several
    losses on one layer each counts as a step. Before the first step L is 0, so
    that the first batch is not mixed. The layer keeps L among its weights.

    Args:
        decay: Number in [0, 1), the weight of the past. L is the mean of all
            losses so far, with weights that fall by this factor a step.
            Defaults to `0.9`.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp("inverse_loss")
    >>> slow = keras_mixup.policies.InverseLoss(decay=0.99)
    """

    needs_distance = False
    needs_loss = True

    def __init__(self, decay: float = 0.9):
        self.decay = check_real("decay", decay, least=0, below=1)

    def __call__(self, sampler, distance, loss):
        if loss is None:
            raise ValueError(
                "InverseLoss follows the training loss, which is not known in a data "
                "pipeline. Put the layer in the model, and compile the model with "
                "`MixupLoss(loss, mixup=layer)`."
            )
        return 1 / (1 + ops_for(loss).maximum(loss, 0.0))

    def get_config(self):
        return {"decay": self.decay}
