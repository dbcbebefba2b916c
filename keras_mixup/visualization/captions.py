"""What stands under a sample: its label, in words and numbers."""

import textwrap

import numpy as np

# Of more, the smallest are left out.
_MOST_CLASSES = 3
_MOST_NUMBERS = 4
# About as many characters as fit under a sample.
_WIDTH = 30
# What rounds to less than 0.01 is no part of a label that anyone could see.
_LEAST = 0.005
# By how much float16 and bfloat16 may miss 1.
_ROUNDING = 1e-2


def captions(labels, names=None, smoothing=0.0):
    """A text for each sample: its classes and their weights, or its numbers.

    Args:
        labels: Labels of a batch as an array, after they were mixed.
        names: The names of the classes, or `None`.
        smoothing: The part of a label that all classes share. Classes that have no more
            are not named.
    """
    weights = _class_weights(labels, names)
    if weights is None:
        return [_of_numbers(row) for row in labels.reshape(len(labels), -1)]
    if names is not None and weights.shape[1] > len(names):
        raise ValueError(
            f"`class_names` must hold a name for each of the {weights.shape[1]} "
            f"classes. Received: {len(names)} names"
        )
    least = smoothing / weights.shape[1] + _LEAST
    return [_of_classes(row, names, least) for row in weights]


def named(name, text):
    """A text with the name of its label before it, for samples that have several."""
    line = f"{name}: {text}"
    return line if len(line) <= _WIDTH else f"{name}:\n{text}"


def name_of(class_id, names=None):
    """The name of a class, or its number where it has none."""
    known = names is not None and 0 <= class_id < len(names)
    return str(names[class_id]) if known else str(class_id)


def with_weight(class_id, weight, names=None):
    """The name of a class and its weight, as `"cat 0.70"`."""
    return f"{name_of(class_id, names)} {weight:.2f}"


def names_for(path, class_names):
    """The names of the classes of a label, `None` if it has none.

    Args:
        path: Where the label is in the labels of the batch, a tuple of keys.
        class_names: A list of names for all labels, or a dict of lists by their keys.
    """
    if not isinstance(class_names, dict):
        return class_names
    return next((class_names[key] for key in path if key in class_names), None)


def _class_weights(labels, names):
    """The weights of classes `(batch_size, classes)`, or `None` of other labels."""
    if labels.dtype.kind in "iub":
        # The layer left them as class ids: those of steps.
        ids = labels.reshape(len(labels), -1)
        classes = range(int(ids.max(initial=0)) + 1)
        return np.stack([(ids == each).mean(axis=1) for each in classes], axis=1)
    if labels.ndim < 2 or labels.shape[-1] == 1:
        return None
    labels = labels.astype("float32")
    inside = labels.min() >= -_ROUNDING and labels.max() <= 1 + _ROUNDING
    if not inside and names is None:
        return None
    return labels.mean(axis=tuple(range(1, labels.ndim - 1)))


def _of_classes(weights, names, least):
    order = np.argsort(-weights, kind="stable")
    order = [each for each in order.tolist() if weights[each] >= least]
    parts = [with_weight(each, weights[each], names) for each in order[:_MOST_CLASSES]]
    parts += ["…"] * (len(order) > _MOST_CLASSES)
    line = " · ".join(parts)
    if len(line) <= _WIDTH:
        return line
    return "\n".join(textwrap.fill(part, _WIDTH) for part in parts)


def _of_numbers(numbers):
    parts = [f"{each:.3g}" for each in numbers[:_MOST_NUMBERS].tolist()]
    return ", ".join(parts + ["…"] * (len(numbers) > _MOST_NUMBERS))
