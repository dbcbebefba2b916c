"""The layers to measure on a GPU, and the ways to call them on a batch."""

import keras

import keras_mixup
from benchmarks.gpu.device import BACKEND

LAYERS = {
    "MixUp": lambda **kwargs: keras_mixup.MixUp(0.2, **kwargs),
    "CutMix": lambda **kwargs: keras_mixup.CutMix(1.0, **kwargs),
    "RandomChoice": lambda **kwargs: keras_mixup.RandomChoice(
        [keras_mixup.MixUp(0.8), keras_mixup.CutMix(1.0)], **kwargs
    ),
}


def eager(layer, images):
    """The call of a training step, operation by operation."""

    def call():
        mixed = layer(images, training=True)
        # As the loss does: a layer whose plan nobody takes warns.
        _ = layer.plan
        return mixed

    return call


def torch_compiled(layer, images):
    """The same call, through `torch.compile`."""
    import torch

    # What is compiled anew too often, of all layers together, stays eager.
    torch.compiler.reset()
    return torch.compile(eager(layer, images))


def jax_step(layer):
    """The call as a jitted function of the layer's state, and that state.

    Returns:
        A function of the state and of a batch to what is mixed and to the next
        state, and the first state.
    """
    import jax

    trainable, state = (
        [variable.value for variable in variables]
        for variables in (layer.trainable_variables, layer.non_trainable_variables)
    )

    @jax.jit
    def step(state, images):
        return layer.stateless_call(trainable, state, images, training=True)

    return step, state


def jitted(layer, images):
    """The call, through `jax.jit`, which hands on the state of the seeds."""
    step, state = jax_step(layer)

    def call():
        nonlocal state
        mixed, state = step(state, images)
        return mixed

    return call


MODES = {
    "jax": {"jitted": jitted},
    "torch": {"eager": eager, "compiled": torch_compiled},
}.get(BACKEND, {})


def copier(images):
    """A function that copies a batch to other memory of the device."""
    if BACKEND == "torch":
        import torch

        target = torch.empty_like(images)
        return lambda: target.copy_(images)
    import jax

    copy = jax.jit(lambda x: x.copy())
    if copy(images).unsafe_buffer_pointer() == images.unsafe_buffer_pointer():
        raise AssertionError("what jax.jit returns is no copy")
    return lambda: copy(images)


def check(name, mixed, images):
    """Raises unless all numbers are finite, and some samples others than before."""
    if mixed.shape != images.shape or mixed.dtype != images.dtype:
        raise AssertionError(f"{name} gives {mixed.dtype} of shape {mixed.shape}")
    if not bool(keras.ops.all(keras.ops.isfinite(mixed))):
        raise AssertionError(f"{name} gives numbers that are not finite")
    changed = keras.ops.any(mixed != images, axis=(1, 2, 3))
    count = int(keras.ops.sum(keras.ops.cast(changed, "int32")))
    # Small shares round to nothing in 16 bits, and some boxes are empty.
    if count < len(images) / 10:
        raise AssertionError(f"{name} changes {count} of {len(images)} samples")
