"""Which trace is being recorded, where a backend records any.

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
