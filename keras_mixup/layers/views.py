"""Two views of a batch: what a sample gives to its blend, and as a partner."""

import keras
from keras import tree

from keras_mixup._backend.checks import may_be_equal
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import is_dense
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.tensor_checks import check_signals
from keras_mixup._backend.user_functions import explained
from keras_mixup.pairing.builtin import itself
from keras_mixup.pairing.shards import take_samples
from keras_mixup.plans.blend import all_shares
from keras_mixup.plans.blend import blend


def get_for(pairing, views):
    """Resolves a pair of views from layers, functions or their saved configs."""
    if views is None:
        if pairing is itself:
            raise ValueError(
                'With pairing="self" a sample is blended with itself, which makes no '
                "difference without two `views` of it. Received: views=None"
            )
        return None
    if not isinstance(views, (list, tuple)) or len(views) != 2:
        raise ValueError(
            "`views` must be a pair: a layer or function for the samples, and one for "
            f"their partners. Received: views={views!r}"
        )
    views = tuple(
        keras.saving.deserialize_keras_object(view) if isinstance(view, dict) else view
        for view in views
    )
    for view in views:
        if not callable(view):
            raise TypeError(
                "`views` must be layers or functions. "
                f"Received: {view!r} (of type {type(view).__name__})"
            )
    return views


def serialize(views):
    """What `get_for` takes, as Keras saves it."""
    if views is None:
        return None
    return [keras.saving.serialize_keras_object(view) for view in views]


def are_built(views):
    """Whether no view has weights that are still to be made."""
    return all(getattr(view, "built", True) for view in views or ())


def build(views, input_shape):
    """Makes the weights of the views, which are those of the layer that has them."""
    for view in views or ():
        if not getattr(view, "built", True):
            view.build(input_shape)


def mix(plan, views, inputs, dtype):
    """The first view of every sample, moved towards the second view of its partner.

    Args:
        plan: The `MixPlan` of the batch.
        views: Two functions of the inputs.
        inputs: Tensor or structure of tensors.
        dtype: Dtype of the mixed tensors.
    """

    def of_views(x, first, second):
        if x is None:
            return None
        partners = [take_samples(second, each) for each in plan.indices]
        shares = all_shares(plan.shares, dtype)
        return blend([first, *partners], shares, dtype)

    check_signals(x=inputs)
    first, second = (_seen(view, inputs) for view in views)
    return tree.map_structure(of_views, inputs, first, second)


def _seen(view, inputs):
    with explained("views", tree.flatten(inputs)[0]):
        if isinstance(view, keras.layers.Layer):
            seen = view(inputs, training=True)
        else:
            seen = view(inputs)
    try:
        tree.assert_same_structure(inputs, seen)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`views` must return what they are given, a tensor or a structure of them. "
            f"Received: {_types(seen)} for {_types(inputs)}"
        ) from error
    return tree.map_structure(_as_shaped, inputs, seen)


def _types(structure):
    return tree.map_structure(lambda leaf: type(leaf).__name__, structure)


def _as_shaped(x, seen):
    if x is None:
        return None
    if not is_dense(seen) or not may_be_equal(x.shape, seen.shape):
        what = tuple(seen.shape) if hasattr(seen, "shape") else seen
        raise ValueError(
            "`views` must keep the shape of what they are given. "
            f"Received: {what} for a tensor of shape {tuple(x.shape)}"
        )
    if ops_for(x) is NumpyOps:
        # Layers give tensors of the backend for arrays as well.
        return keras.ops.convert_to_numpy(seen)
    return seen
