"""Where a step runs: in which trace, and on which replica.

The one file that knows the backends apart. A plan is made of symbols where a
step is compiled, and those are of no use in any other trace.
"""

import sys

import keras

from keras_mixup._backend.ops import is_compiled_by_torch
from keras_mixup._backend.ops import values


def current_trace():
    """A token that is equal within one trace, and `None` outside of any."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        tf = sys.modules["tensorflow"]
        if tf.executing_eagerly():
            return None
        return tf.compat.v1.get_default_graph()
    if backend == "jax":
        from jax.extend import core

        return core.get_opaque_trace_state(convention="nnx")
    return None


def in_dataset():
    """Whether a function of a `tf.data` pipeline is being traced."""
    tf = sys.modules.get("tensorflow")
    if tf is None or is_compiled_by_torch():
        return False
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        # A loop of the user's own may be traced around it or in it.
        if getattr(graph, "name", "").startswith("Dataset_"):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def in_foreign_graph():
    """Whether TensorFlow traces what would not draw anew by Keras's generators."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return in_dataset()
    tf = sys.modules.get("tensorflow")
    if tf is None or is_compiled_by_torch():
        return False
    return not tf.executing_eagerly()


def draws_wait_for_the_device():
    """Whether the backend's generators take their seeds from the host.

    Those of torch do, outside of any graph that it compiles.
    """
    backend = keras.backend.backend()
    return backend == "torch"


def runs_one_by_one():
    """Whether every operation of a step is a call from Python, which takes its time."""
    backend = keras.backend.backend()
    return backend == "torch" and not is_compiled_by_torch()


def current_replica():
    """The number of this replica, where each mixes samples of its own; else 0."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        context = sys.modules["tensorflow"].distribute.get_replica_context()
        return 0 if context is None else context.replica_id_in_sync_group
    if backend == "torch":
        distributed = sys.modules["torch"].distributed
        if distributed.is_available() and distributed.is_initialized():
            return distributed.get_rank()
    # On JAX a step is one program for all devices.
    return 0


def check_passed(variable, update, subject):
    """Raises if a compiled step would update a variable that it was not passed.

    Args:
        variable: A Keras variable.
        update: A tensor that the new value depends on.
        subject: What the error is about, in the plural.
    """
    if values(update) is None and values(variable.value) is not None:
        raise ValueError(
            f"{subject} cannot be updated in a compiled step that does not pass their "
            "variables. Compute the loss with `model.stateless_compute_loss` or in a "
            "`keras.StatelessScope`."
        )


def when_differentiated(value, function):
    """`value` itself; `function` is called if a gradient of it is taken.

    In a compiled step it is called as the step is traced.

    Args:
        value: A tensor.
        function: Function without arguments.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        tf = sys.modules["tensorflow"]

        @tf.custom_gradient
        def unchanged(x):
            def gradient(upstream):
                function()
                return upstream

            return tf.identity(x), gradient

        return unchanged(value)
    if backend == "jax":
        import jax

        unchanged = jax.custom_jvp(lambda x: x)

        @unchanged.defjvp
        def unchanged_and_tangent(primals, tangents):
            function()
            return primals[0], tangents[0]

        return unchanged(value)
    if value.requires_grad:
        if is_compiled_by_torch():
            function()
        else:
            value.register_hook(lambda upstream: function())
    return value
