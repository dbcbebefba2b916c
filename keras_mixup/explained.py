"""Errors of a user's function, said in terms of the pipeline it was called in."""

import contextlib

import keras

from keras_mixup.namespaces import is_foreign


@contextlib.contextmanager
def explained(name, x):
    """Says what a function gets in a pipeline, if it fails on tensors of one.

    Args:
        name: The argument that the function was passed as.
        x: A tensor that stands for those that the function gets.
    """
    try:
        yield
    except (AttributeError, NotImplementedError, RuntimeError, TypeError) as error:
        if not is_foreign(x):
            raise
        raise TypeError(
            f"`{name}` failed on what it gets in a `tf.data` pipeline: TensorFlow "
            "tensors, which `keras.ops` cannot compute on with the backend "
            f"{keras.backend.backend()}, and no loss. Use operators or TensorFlow's "
            "functions, or put the layer in the model."
        ) from error
