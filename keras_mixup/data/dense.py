"""Labels of pixels and steps, which a region pastes as it pastes the inputs."""

from keras_mixup._backend.dtypes import dtype_name
from keras_mixup._backend.dtypes import is_integer
from keras_mixup._backend.ops import ops_for
from keras_mixup._backend.structures import flatten_with_path
from keras_mixup.data import entries
from keras_mixup.data.classes import class_counts
from keras_mixup.plans.blend import blend
from keras_mixup.plans.paste import element_shares
from keras_mixup.plans.paste import paste
from keras_mixup.plans.paste import without_classes
from keras_mixup.plans.region import axes_of_labels
from keras_mixup.plans.region import is_fraction
from keras_mixup.plans.region import known_grid
from keras_mixup.plans.sample_weight import weigh_terms


def which_are_dense(labels, x, said, num_classes=None, data_format=None):
    """For each label of a batch, whether it has values for the elements of a sample.

    Args:
        labels: A tensor or a nested structure of tensors.
        x: The inputs that a region is drawn for.
        said: What the user says: `True` or `False` of all labels, the keys of those
            that are dense, or `None` to tell by their shapes.
        num_classes: As for `class_counts`.
        data_format: Of the inputs.
    """
    grid = known_grid(x, data_format)
    counts = class_counts(labels, num_classes)

    def is_dense(path, label, count):
        if label is None:
            return False
        if path and path[0] in entries.MASKS:
            return True
        if isinstance(said, bool):
            return said
        if said is not None:
            return path[0] in said
        return _is_dense(label, grid, count, data_format)

    found = flatten_with_path(labels)
    return [is_dense(path, y, count) for (path, y), count in zip(found, counts)]


def mix_dense_labels(plan, labels, sample_weight=None, data_format=None):
    """Labels of elements, and their weights, each that of the sample it is from.

    Args:
        plan: A `MixPlan` with a region.
        labels: Tensor `(batch_size, *grid)` or one with a further axis of classes.
            Class ids stay such where the region pastes.
        sample_weight: Optional weights of samples or of elements.
        data_format: Where that axis is.
    """
    axes = axes_of_labels(labels, plan.region.num_axes, data_format)
    shares = element_shares(plan, labels, axes)
    total = None
    if sample_weight is not None:
        ops, without = ops_for(shares), without_classes(shares, axes)
        weighted, total = weigh_terms(without, plan.terms(sample_weight))
        shares = [ops.reshape(s, ops.shape(shares[0])) for s in weighted]
    if plan.region.pastes:
        return paste(plan, labels, axes), total
    return blend(plan.terms(labels), shares, labels.dtype), total


def _is_dense(label, grid, count, data_format):
    shape, axes = tuple(label.shape), len(grid)
    if len(shape) == 1 or shape[1:] == (1,) or (len(shape) == 2 and axes > 1):
        return False
    dtype = dtype_name(label.dtype)
    ids = is_integer(dtype)
    if len(shape) in (axes + 1, axes + 2):
        found = axes_of_labels(label, axes, data_format)
        sizes = tuple(shape[axis] for axis in found)
        others = [shape[axis] for axis in range(1, len(shape)) if axis not in found]
        # Numbers of another grid may be anything: coordinates, letters, a forecast.
        known = ids or (others and others[0] == count) or sizes == grid
        alike = is_fraction(sizes, grid) and (known or None in sizes)
        if len(shape) == 2 and not ids:
            if shape[1] == count or shape[1] != grid[0]:
                return False
        elif alike:
            return True
    raise ValueError(
        f"Labels of shape {shape} cannot be told from labels of whole samples, or of "
        f"elements of another grid than {grid}. Say whether they are labels of the "
        "elements of a sample or of whole samples, as `dense_labels=True` or "
        f"`dense_labels=False`. Received: {dtype} labels of shape {shape}"
    )
