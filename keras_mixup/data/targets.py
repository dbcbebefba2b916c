"""Targets that are made of one-hot labels: smoothed ones, and those of 0 and 1."""

from keras_mixup._backend.ops import ops_for


def smoothed(labels, num_classes, smoothing):
    """Labels that leave a part to all classes alike: (1 − ε)·y + ε / classes.

    Args:
        labels: One-hot labels, or numbers 0 and 1 where `num_classes` is 1.
        num_classes: Number of classes, or `None` for the size of the last axis.
        smoothing: The part ε, in [0, 1).
    """
    if num_classes is None and (len(labels.shape) < 2 or labels.shape[-1] in (1, None)):
        raise ValueError(
            "`label_smoothing` is for classes, and labels of one number per sample are "
            "none without `num_classes`. "
            f"Received: labels of shape {tuple(labels.shape)}"
        )
    # One number tells two classes apart.
    classes = 2 if num_classes == 1 else labels.shape[-1]
    return labels * (1 - smoothing) + smoothing / classes


def above(labels, threshold):
    """1 where a class has a larger share than `threshold`, and 0 elsewhere."""
    return ops_for(labels).cast(labels > threshold, labels.dtype)
