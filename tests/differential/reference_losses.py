"""The losses of Keras once more, by their formulas, in float64 and plain NumPy."""

import numpy as np

from tests.differential import numerics

_LEAST = 1e-7  # Keras's epsilon, from which probabilities start.


def values(head, labels, p, kinks):
    """ℓ(y, p) of each sample, or of each step or pixel of it."""
    labels, options = _aligned(head, labels, p)
    return _FUNCTIONS[head.loss](labels, p, kinks, **options)


def error(head, labels, p, kinks):
    """The mean of |p − y|, of probabilities where labels are of classes."""
    labels, _ = _aligned(head, labels, p)
    if head.options.get("from_logits"):
        binary = head.loss.startswith("binary")
        p = numerics.sigmoid(p) if binary else numerics.softmax(p)
    return kinks.absolute(p - labels).mean(-1)


def counted(head, labels, p):
    """1 where a label counts, 0 where it is of the class to ignore."""
    ignored = head.options.get("ignore_class")
    if ignored is None:
        return np.ones(p.shape[:-1])
    return (labels.reshape(p.shape[:-1]) != ignored).astype("float64")


def _aligned(head, labels, p):
    """Labels of the shape of predictions, class ids as one-hot."""
    options = dict(head.options)
    if head.kind not in ("ids", "ids_column"):
        return labels.reshape(p.shape).astype("float64"), options
    ids = labels.reshape(p.shape[:-1])
    onehot = (ids[..., None] == np.arange(p.shape[-1])).astype("float64")
    ignored = options.pop("ignore_class", None)
    if ignored is not None:
        onehot = onehot * (ids != ignored)[..., None]
    return onehot, options


def _crossentropy(y, p, kinks, from_logits=False, label_smoothing=0.0):
    y = y * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    if from_logits:
        return -(y * numerics.log_softmax(p)).sum(-1)
    return -(y * np.log(numerics.clip(p, _LEAST, 1 - _LEAST))).sum(-1)


def _focal(y, p, kinks, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0):
    y = y * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    p = numerics.softmax(p) if from_logits else p
    p = numerics.clip(p, _LEAST, 1 - _LEAST)
    return -(alpha * (1 - p) ** gamma * y * np.log(p)).sum(-1)


def _binary_terms(y, p):
    p = numerics.clip(p, _LEAST, 1 - _LEAST)
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def _binary(y, p, kinks, from_logits=False, label_smoothing=0.0):
    y = y * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        return (numerics.softplus(p) - y * p).mean(-1)
    return _binary_terms(y, p).mean(-1)


def _binary_focal(
    y, p, kinks, gamma=2.0, alpha=0.25, from_logits=False, apply_class_balancing=False
):
    p = numerics.sigmoid(p) if from_logits else p
    values = (1 - (y * p + (1 - y) * (1 - p))) ** gamma * _binary_terms(y, p)
    if apply_class_balancing:
        values = values * (y * alpha + (1 - y) * (1 - alpha))
    return values.mean(-1)


def _generalized(y, p, kinks, q):
    return (1 - (y * p).sum(-1) ** q) / q


def _kl(y, p, kinks):
    y = np.clip(y, _LEAST, 1)
    return (y * np.log(y / numerics.clip(p, _LEAST))).sum(-1)


def _categorical_hinge(y, p, kinks):
    return kinks.hinge(kinks.largest((1 - y) * p) - (y * p).sum(-1) + 1)


def _hinge(y, p, kinks):
    return kinks.hinge(1 - (2 * y - 1) * p).mean(-1)


def _squared_hinge(y, p, kinks):
    return (kinks.hinge(1 - (2 * y - 1) * p) ** 2).mean(-1)


def _squared_error(y, p, kinks):
    return ((p - y) ** 2).mean(-1)


def _absolute_error(y, p, kinks):
    return kinks.absolute(p - y).mean(-1)


def _huber(y, p, kinks, delta):
    e = p - y
    far = delta * np.where(e.real > 0, e, -e) - delta**2 / 2
    return np.where(abs(e.real) <= delta, e**2 / 2, far).mean(-1)


def _log_cosh(y, p, kinks):
    e = p - y
    return (e + numerics.softplus(-2 * e) - np.log(2)).mean(-1)


def _poisson(y, p, kinks):
    return (p - y * np.log(p + _LEAST)).mean(-1)


def _cosine(y, p, kinks):
    return -(numerics.normalized(y) * numerics.normalized(p)).sum(-1)


def _users(y, p, kinks):
    return ((p - y) ** 2 / (1 + p * p)).sum(-1)


_FUNCTIONS = {
    "binary_crossentropy": _binary,
    "binary_focal_crossentropy": _binary_focal,
    "categorical_crossentropy": _crossentropy,
    "categorical_focal_crossentropy": _focal,
    "categorical_generalized_cross_entropy": _generalized,
    "categorical_hinge": _categorical_hinge,
    "cosine_similarity": _cosine,
    "hinge": _hinge,
    "huber": _huber,
    "kl_divergence": _kl,
    "log_cosh": _log_cosh,
    "mean_absolute_error": _absolute_error,
    "mean_squared_error": _squared_error,
    "poisson": _poisson,
    "sparse_categorical_crossentropy": _crossentropy,
    "squared_hinge": _squared_hinge,
    "users": _users,
}
