"""Means over seeds with 95% intervals, and differences of trainings of one seed."""

import numpy as np
from scipy import stats


def mean(values):
    """The mean and the half width of its 95% interval, by Student's t."""
    values = np.asarray(values, "float64")
    if len(values) < 2:
        return values.mean(), np.inf
    error = values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), stats.t.ppf(0.975, len(values) - 1) * error


def column(rows, study, method, name):
    """A dict of seeds to one number of the trainings of a method."""
    return {
        row["seed"]: row[name]
        for row in rows
        if (row["study"], row["method"]) == (study, method) and name in row
    }


def paired(rows, study, method, against, name):
    """Two arrays, of both methods, over the seeds that both were trained from."""
    columns = [column(rows, study, which, name) for which in (method, against)]
    seeds = sorted(set.intersection(*map(set, columns)))
    return [np.array([numbers[seed] for seed in seeds]) for numbers in columns]


def difference(rows, study, method, against, name):
    """The mean of method − against over the seeds of both, and its half width."""
    one, other = paired(rows, study, method, against, name)
    return mean(one - other)


def ratio(rows, study, method, against, name):
    """The mean of method / against over the seeds of both, and its half width."""
    one, other = paired(rows, study, method, against, name)
    return mean(one / other)


def text(mean, half):
    """A mean and half of its interval, if it has one, with the digits that count."""
    digits = 1 if abs(mean) >= 10 else 2 if abs(mean) >= 2 else 3
    if np.isinf(half):
        return f"{mean:.{digits}f}".replace("-", "−")
    return f"{mean:.{digits}f} ± {half:.{digits}f}".replace("-", "−")
