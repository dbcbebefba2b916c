"""What holds of every plan that a layer may draw."""

import numpy as np


def flaws(spec, plan):
    """What is wrong with a plan, in words.

    Args:
        spec: The `Mixer` that describes the layer.
        plan: Its `Plan`.
    """
    rows, share = plan.partners, plan.share
    size, lam = len(rows), 1 - share.sum(-1)
    own, of_shard = np.arange(size)[:, None], _of_shard(spec, size)
    mixed = share > 0
    claims = {
        "shares are in [0, 1]": (share >= 0).all() and (lam >= -1e-6).all(),
        "partners are samples": ((rows >= 0) & (rows < size)).all(),
        # Of what is pasted all may be padding, of which no label counts.
        "an unmixed sample is its own partner": (rows == own)[~mixed].all()
        or spec.placement,
        "partners are in the shard": (rows // of_shard == own // of_shard).all(),
    }
    if spec.alpha == 0 or spec.prob == 0:
        claims["nothing is mixed"] = not mixed.any()
    if spec.fold and not spec.placement:
        claims["λ is folded"] = (lam[:, None] >= share - 1e-6).all()
    if not spec.per_sample and not spec.placement:
        claims["all samples have one λ"] = (share == share[:1]).all()
    if spec.pairing == "derangement" and of_shard > 1:
        claims["no sample meets itself"] = (rows != own)[mixed].all()
    expected = partners(spec, size)
    if spec.placement and spec.kind == "cutmix":
        claims["all that is inside is pasted"] = (plan.inside == 1).all()
    if expected is not None:
        claims["partners are of the pairing"] = (rows == expected[:, None])[mixed].all()
    return [claim for claim, holds in claims.items() if not holds]


def partners(spec, size):
    """The partner of each sample by a pairing that draws none, `None` of others."""
    of_shard = _of_shard(spec, size)
    place = np.arange(size) % of_shard
    start = np.arange(size) - place
    match spec.pairing:
        case "roll":
            return start + (place - 1) % of_shard
        case "reverse":
            return start + of_shard - 1 - place
        case "self":
            return start + place
        case "function":
            return start + (place + 2) % of_shard
    return None


def _of_shard(spec, size):
    """How many samples find their partners among themselves."""
    return size // spec.shards if size % spec.shards == 0 else size
