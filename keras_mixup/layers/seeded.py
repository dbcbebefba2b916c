"""A layer whose random state is saved with its weights."""

import random

import keras
import numpy as np
from keras import ops

from keras_mixup._backend.checks import check_seed
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.traces import current_replica
from keras_mixup.layers.pipeline_state import PipelineState
from keras_mixup.random.seeds import scrambled

_REPLICAS_APART = 10_000_019


class ReplicaSeeds(keras.random.SeedGenerator):
    """Seeds that differ between replicas whose states are the same."""

    def next(self, ordered=True):
        if not ordered:
            return super().next(ordered)
        # As Keras does, but without an array of NumPy, which `torch.compile` cannot
        # trace. A copy: on torch the state is changed in place.
        seed = self.state.value * 1
        self.state.assign(seed + ops.arange(2, dtype=seed.dtype))
        replica = current_replica()
        if isinstance(replica, int) and replica == 0:
            return seed
        apart = ops.cast(replica, seed.dtype) * _REPLICAS_APART
        return seed + ops.stack([apart, ops.zeros_like(apart)])

    def is_on_host(self):
        """Whether the state lies on the host, where Keras does not try a model out."""
        return self.state.value.device.type == "cpu"

    def next_on_host(self):
        """The same seed as an array, of a state that lies on the host."""
        seed = as_arrays(self.state).copy()
        # Keras takes twice as long to assign an array.
        self.state.assign(as_tensors(seed + np.arange(2, dtype=seed.dtype)))
        replica = current_replica()
        if replica:
            seed[:1] += np.array(replica * _REPLICAS_APART).astype(seed.dtype)
        return seed


class SeededLayer(keras.layers.Layer):
    """A layer that draws, in a model and in pipelines, and goes on after loading.

    Keras does not save the state of a `SeedGenerator`. A layer that is loaded
    would start its sequence of draws anew.

    Args:
        seed: Integer in [0, 2³¹), or `None` for a random one.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    def __init__(self, seed, **kwargs):
        super().__init__(**kwargs)
        self.seed = check_seed(seed)
        # As Keras draws it, so that `keras.utils.set_random_seed` counts.
        seed = random.randint(1, 10**9) if self.seed is None else self.seed
        # So that no near seed meets that of another replica.
        self.seed_generator = ReplicaSeeds(scrambled("layer", seed))
        self._pipeline = PipelineState(seed, self.seed_generator, self.seed is not None)

    def __repr__(self):
        theirs = keras.layers.Layer.get_config(self)
        shown = {
            # Of what is saved as a dict, the object itself.
            name: getattr(self, name) if isinstance(value, dict) else value
            for name, value in self.get_config().items()
            if name not in theirs and value is not None
        }
        arguments = [f"{name}={value!r}" for name, value in shown.items()]
        return f"{type(self).__name__}({', '.join(arguments)}, name={self.name!r})"

    def save_own_variables(self, store):
        super().save_own_variables(store)
        store["seed_state"] = self.seed_generator.state

    def set_weights(self, weights):
        """Sets the weights, and with them what is mixed by in pipelines."""
        super().set_weights(weights)
        self._pipeline.follow(self)

    def load_own_variables(self, store):
        if not store.keys():
            return  # Weights of a model without this layer, but its others.
        self.seed_generator.state.assign(store["seed_state"])
        super().load_own_variables(
            {name: store[name] for name in set(store.keys()) - {"seed_state"}}
        )
        self._pipeline.follow(self)
