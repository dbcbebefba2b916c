"""What a policy has to be better than: one λ for all, and distances at random."""

import keras

from keras_mixup._backend.checks import check_real
from keras_mixup._backend.ops import ops_for
from keras_mixup.policies import lookup
from keras_mixup.policies.base import Policy


@keras.saving.register_keras_serializable(package="keras_mixup")
class Fixed(Policy):
    """One λ for all samples of all batches.

    Args:
        lam: Number in [0, 1], the share that a sample keeps of itself.

    Example:

    >>> mix = keras_mixup.AdaptiveMixUp(keras_mixup.policies.Fixed(0.75))
    >>> mix(np.array([[0.0], [8.0]]), np.array([[0.0], [1.0]]))[0].shape
    (2, 1)
    """

    needs_distance = False

    def __init__(self, lam: float):
        self.lam = check_real("lam", lam, least=0, most=1)

    def __call__(self, sampler, distance, loss):
        return self.lam + ops_for(sampler.u).zeros_like(sampler.u)

    def get_config(self):
        return {"lam": self.lam}


@keras.saving.register_keras_serializable(package="keras_mixup")
class Shuffled(Policy):
    """A distance policy whose distances are permuted among the pairs at random.

    The control that any claim for a distance policy needs: λ keeps its distribution to
    the last draw, and knows nothing of the pair that it is for. What a policy
    gains over this, the distance has earned.

    Args:
        policy: A distance policy, in any form that `policies.get` takes.

    Example:

    >>> policy = keras_mixup.policies.Shuffled("similarity")
    >>> control = keras_mixup.AdaptiveMixUp(policy)
    """

    def __init__(self, policy):
        self.policy = lookup.get(policy)
        if not self.policy.needs_distance:
            raise ValueError(
                "`policy` must be a policy that looks at distances. "
                f"Received: policy={policy!r}"
            )
        self.take_contract(self.policy)

    def __call__(self, sampler, distance, loss):
        return self.policy(sampler, sampler.shuffle(distance), loss)

    def get_config(self):
        return {"policy": lookup.serialize(self.policy)}

    def __repr__(self):
        return f"Shuffled({self.policy!r})"
