"""What λ the policies give whose λ is no draw, in float64."""

import numpy as np

from tests.differential import arrays
from tests.differential import plans

LAM = 0.375  # Of `policies.Fixed`.
RATE = 0.25  # Of the literal `policies.ExponentialDistance`.


def shares(case, spec, plan, x):
    """The share of each partner where it is mixed; `None` of a policy that draws.

    Args:
        case: The `Case`.
        spec: The `Mixer` of the layer.
        plan: Its `Plan`, of which the partners count.
        x: What the layer mixes.
    """
    rows = plan.partners[:, 0]
    match spec.policy:
        case "fixed":
            lam = np.full(case.size, LAM)
        case "confidence":
            chances = x["confidence"] if isinstance(x, dict) else x[-1]
            chances = np.maximum(np.asarray(chances, "float64"), arrays.FLOOR)
            lam = chances / (chances + chances[rows])
            # Of two that are alike, λ is drawn.
            lam = np.where(chances == chances[rows], np.nan, lam)
        case "literal_exponential":
            lam = np.exp(-RATE * _distance(spec, x, rows))
        case "exponential" | "linear":
            # Only some pairings tell which distances an unmixed sample had.
            rows = plans.partners(spec, case.size)
            if rows is None:
                return None
            distance = _distance(spec, x, rows)
            real = distance[rows != np.arange(case.size)]
            mean = real.sum() / max(real.size, 1)
            distance = distance / mean if mean else np.ones(case.size)
            decay = np.maximum(0, 1 - distance)
            lam = 1 - (np.exp(-distance) if spec.policy == "exponential" else decay) / 2
        case _:
            return None
    return np.minimum(lam, 1 - lam) if spec.fold else 1 - lam


def _distance(spec, x, rows):
    x = x[..., :2] if spec.features else x
    parts = [part.reshape(len(rows), -1) for part in arrays.leaves_of(x)]
    x = np.concatenate(parts, -1).astype("float64")
    squared = ((x - x[rows]) ** 2).sum(-1)
    match spec.distance:
        case "sqeuclidean":
            return squared
        case "euclidean":
            return np.sqrt(squared)
        case "function":
            return abs(x - x[rows]).sum(-1)
    lengths = np.sqrt((x * x).sum(-1))
    scale = lengths * lengths[rows]
    return 1 - (x * x[rows]).sum(-1) / np.where(scale > 0, scale, 1)
