"""What a trained network is measured by, each a number of predictions and labels."""

import numpy as np

BINS = 15


def classification(p, y):
    """Errors, scores and calibration of probabilities of classes.

    Temperature scaling needs labels of its own. Each half of the samples is scaled by
    the temperature that suits the other half, so that no sample is scaled by itself.

    Args:
        p: Probabilities, of shape `(rows, classes)`.
        y: True classes, of shape `(rows,)`.

    Returns:
        A dict: `error`, `ece`, `scaled_ece` and `gap`, the mean confidence −
        accuracy, in percent; `nll` in nats and `brier`, at most 2.
    """
    p = np.maximum(p.astype("float64"), 1e-38)
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(y))
    scaled = np.empty_like(p)
    for half in (rows % 2 == 0, rows % 2 == 1):
        scaled[half] = scale(p[half], temperature(p[~half], y[~half]))
    return {
        "error": 100 * np.mean(p.argmax(axis=1) != y),
        "nll": -np.log(p[rows, y]).mean(),
        "brier": np.square(p - np.eye(p.shape[1])[y]).sum(axis=1).mean(),
        "ece": 100 * np.abs(gaps(p, y)).sum(),
        "scaled_ece": 100 * np.abs(gaps(scaled, y)).sum(),
        "gap": 100 * gaps(p, y).sum(),
    }


def gaps(p, y):
    """Confidence − accuracy in each of 15 bins of confidence, by their samples."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    index = np.ceil(BINS * confidence).astype(int) - 1
    return np.bincount(index, confidence - right, BINS) / len(y)


def scale(p, divisor):
    """Probabilities whose logarithms have been divided."""
    return np.exp(log_scale(p, divisor))


def log_scale(p, divisor):
    """The logarithms of these, which do not round to that of 0."""
    logits = np.log(p) / divisor
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def temperature(p, y):
    """The divisor, of 121 from 0.1 to 10, under which the labels are likeliest."""
    rows = np.arange(len(y))
    candidates = np.geomspace(0.1, 10, 121)
    return max(candidates, key=lambda t: log_scale(p, t)[rows, y].sum())


def regression(predicted, y, unit):
    """Root mean squared and mean absolute error, in the data's own unit."""
    errors = unit * (predicted - y)
    return {
        "rmse": np.sqrt(np.mean(np.square(errors))),
        "mae": np.mean(np.abs(errors)),
    }
