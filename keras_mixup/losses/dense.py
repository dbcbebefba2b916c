"""Labels of pixels and steps, which a region pastes as it pastes the inputs."""

import keras

from keras_mixup.losses.accuracy import kind_of_labels
from keras_mixup.losses.base_loss import setting
from keras_mixup.plans.paste import element_shares
from keras_mixup.plans.paste import paste
from keras_mixup.plans.paste import without_classes
from keras_mixup.plans.region import axes_of_labels
from keras_mixup.plans.region import is_fraction
from keras_mixup.plans.region import spatial_axes


def is_dense(said, loss, grid, y_pred):
    """Whether predictions are of the elements of a sample, as of pixels and steps.

    Args:
        said: What the user says, or `None` to tell by the axes.
        loss: The loss.
        grid: The sizes of the axes that regions were drawn for, `None` if not known.
        y_pred: The predictions.
    """
    if said is not None:
        return said
    axes, shape = len(grid), tuple(y_pred.shape)
    of_classes = kind_of_labels(loss) in ("sparse", "categorical")
    if len(shape) == 1 or (
        len(shape) == 2 and (axes > 1 or of_classes or shape[1] == 1)
    ):
        return False
    if len(shape) == axes + 2:
        found = spatial_axes(y_pred, _data_format(loss, y_pred))
        if is_fraction([shape[axis] for axis in found], grid):
            return True
    raise ValueError(
        "Whether these predictions are of whole samples or of their elements cannot be "
        f"told. Behind a layer that pastes into inputs of {grid} elements say it as "
        "`MixupLoss(..., dense_labels=True)` or `dense_labels=False`. Received: "
        f"predictions of shape {shape}"
    )


def dense_shares(plan, loss, y_true, y_pred):
    """The shares that a sample and its partner have in every element.

    Args:
        plan: A `MixPlan` with a region.
        loss: The loss.
        y_true: Labels `(batch_size, *grid)`, or with a further axis of classes.
        y_pred: The predictions.
    """
    axes = _axes(plan, loss, y_true, y_pred)
    return without_classes(element_shares(plan, y_true, axes), axes)


def pasted(plan, loss, y_true, y_pred):
    """The labels of the elements, each that of the sample it is from.

    Args:
        plan: A `MixPlan` whose region pastes.
        loss: The loss.
        y_true: As for `dense_shares`.
        y_pred: The predictions.
    """
    return paste(plan, y_true, _axes(plan, loss, y_true, y_pred))


def _axes(plan, loss, y_true, y_pred):
    data_format = _data_format(loss, y_pred)
    return axes_of_labels(y_true, plan.region.num_axes, data_format)


def _data_format(loss, y_pred):
    axis = setting(loss, "axis")
    if axis is None:
        return keras.config.image_data_format()
    first = len(y_pred.shape) > 2 and axis % len(y_pred.shape) == 1
    return "channels_first" if first else "channels_last"
