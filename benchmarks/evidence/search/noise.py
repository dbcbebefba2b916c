"""All that a training draws, ahead of it: the same for every method of a seed."""

from typing import NamedTuple

import numpy as np


class Noise(NamedTuple):
    """What a training draws, an entry for each epoch or each step of an epoch.

    Args:
        order: Indices of the samples of each batch, `(epochs, steps, batch)`.
        partners: The place in the batch of each partner, of the same shape.
        uniforms: Two for each pair, `(epochs, steps, 2, batch)`.
        shuffle: Whose λ each pair gets in a control, of the shape of `order`.
        epoch: The number of each epoch.
    """

    order: np.ndarray
    partners: np.ndarray
    uniforms: np.ndarray
    shuffle: np.ndarray
    epoch: np.ndarray


def draw(rng, samples, epochs, batch):
    """The noise of a training.

    Args:
        rng: A generator of NumPy.
        samples: Indices of the samples to train on.
        epochs: Number of epochs.
        batch: Samples a step. Those that are left of an epoch sit it out.
    """
    steps = len(samples) // batch
    shape = (epochs, steps, batch)
    order = rng.permuted(np.tile(samples, (epochs, 1)), axis=1)
    places = np.broadcast_to(np.arange(batch), shape)
    return Noise(
        order=order[:, : steps * batch].reshape(shape).astype("int32"),
        partners=rng.permuted(places, axis=-1).astype("int32"),
        uniforms=rng.random((epochs, steps, 2, batch), "float32"),
        shuffle=rng.permuted(places, axis=-1).astype("int32"),
        epoch=np.arange(epochs),
    )
