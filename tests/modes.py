"""Runs one computation eagerly, in a graph or compiled, on the backend at hand."""

import keras

MODES = {
    "tensorflow": ["eager", "graph", "jit"],
    "jax": ["eager", "jit"],
    "torch": ["eager"],
}[keras.backend.backend()]


def compiled(function, mode):
    """`function` of backend tensors, run in the given mode."""
    if mode == "eager":
        return function
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, jit_compile=mode == "jit")


def run(function, mode, *arrays):
    """The values that `function` gives for NumPy arrays, as NumPy arrays."""
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
    return to_numpy(compiled(function, mode)(*tensors))


def gradient_of(function, x, mode):
    """The gradient of a scalar function at a NumPy array, as a NumPy array."""
    x = keras.ops.convert_to_tensor(x)
    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            def gradient(x):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    value = function(x)
                return tape.gradient(value, x)

            return to_numpy(compiled(gradient, mode)(x))
        case "jax":
            import jax

            return to_numpy(compiled(jax.grad(function), mode)(x))
        case "torch":
            x.requires_grad_(True)
            function(x).backward()
            return x.grad.numpy()


def train_call(layer, x, mode):
    """What a layer makes of `x` in training, and the plan that it drew."""
    if keras.backend.backend() == "jax":

        def call(x):
            variables = layer.trainable_variables, layer.non_trainable_variables
            mixed, state = layer.stateless_call(
                *[[v.value for v in group] for group in variables], x, training=True
            )
            return mixed, layer.plan, state

        mixed, plan, state = compiled(call, mode)(
            keras.tree.map_structure(keras.ops.convert_to_tensor, x)
        )
        for variable, value in zip(layer.non_trainable_variables, state):
            variable.assign(value)
        return to_numpy((mixed, plan))

    def call(x):
        return layer(x, training=True), layer.plan

    x = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    return to_numpy(compiled(call, mode)(x))


def to_numpy(structure):
    return keras.tree.map_structure(keras.ops.convert_to_numpy, structure)
