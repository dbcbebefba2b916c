"""Where a step runs: in which trace, and on which replica.

The one file that knows the backends apart. A plan is made of symbols where a
step is compiled, and those are of no use in any other trace.
"""

import sys

import keras


def current_trace():
    """A token that is equal within one trace, and `None` outside of any."""
    match keras.backend.backend():
        case "tensorflow":
            tf = sys.modules["tensorflow"]
            if tf.executing_eagerly():
                return None
            return tf.compat.v1.get_default_graph()
        case "jax":
            from jax.extend import core

            return core.get_opaque_trace_state(convention="nnx")
    return None


def in_dataset():
    """Whether a function of a `tf.data` pipeline is being traced."""
    tf = sys.modules.get("tensorflow")
    graph = None if tf is None else tf.compat.v1.get_default_graph()
    while graph is not None:
        # A loop of the user's own may be traced around it or in it.
        if getattr(graph, "name", "").startswith("Dataset_"):
            return True
        graph = getattr(graph, "outer_graph", None)
    return False


def in_foreign_graph():
    """Whether TensorFlow traces what would not draw anew by Keras's generators."""
    if keras.backend.backend() == "tensorflow":
        return in_dataset()
    tf = sys.modules.get("tensorflow")
    return tf is not None and not tf.executing_eagerly()


def current_replica():
    """The number of this replica, where each mixes rows of its own; else 0."""
    match keras.backend.backend():
        case "tensorflow":
            context = sys.modules["tensorflow"].distribute.get_replica_context()
            return 0 if context is None else context.replica_id_in_sync_group
        case "torch":
            distributed = sys.modules["torch"].distributed
            if distributed.is_available() and distributed.is_initialized():
                return distributed.get_rank()
    # On JAX a step is one program for all devices.
    return 0
