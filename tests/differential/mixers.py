"""The mixing layers of a case."""

import dataclasses

from tests.differential import axes
from tests.differential.case import Mixer

_NESTED = ("dict", "list", "tuple")


def mixers(turn, layer, inputs, confident):
    """The layers of a case, in the order in which the data meets them.

    Args:
        turn: The `Turns` of the case.
        layer: Which layers, of `axes.LAYERS`.
        inputs: What they mix, of `axes.INPUTS`.
        confident: Whether a policy looks for probabilities among the inputs.
    """
    # Probabilities are there at the input alone, and layers of numbers take no
    # integers.
    at_input = confident or inputs == "integers"

    def make(kind, slots, which="first", policy=None):
        if at_input and which == "first":
            slots = [slot - slots[0] for slot in slots]
        return _mixer(turn, kind, inputs, tuple(slots), which, policy)

    apart = turn("places apart", ((0, 1), (0, 2), (1, 2)))
    match layer.split("_"):
        case ["mixup"]:
            return (_of_region(turn, make("mixup", [_place(turn)]), inputs),)
        case ["two", "in", *_]:
            place = 0 if at_input else _place(turn)
            return make("mixup", [place]), make("mixup", [place], "second")
        case ["two", "apart"]:
            return make("mixup", apart[:1]), make("mixup", apart[1:], "second")
        case ["manifold", "after", _]:
            return make("mixup", [0]), make(
                "manifold", turn("sites", axes.SITES), "second"
            )
        case ["mixup", "after", _]:
            policy = turn("policy of two", ("exponential", "fixed", "similarity"))
            first = make("adaptive", apart[:1], policy=policy)
            return first, make("mixup", apart[1:], "second")
        case ["manifold", "3"]:
            return (make("manifold", (0, 1, 2)),)
        case ["manifold", sites]:
            return (make("manifold", apart[: int(sites)]),)
        case [_, *policy]:
            return (make("adaptive", [_place(turn)], policy="_".join(policy)),)


def _of_region(turn, mixer, inputs):
    kind = turn("region", axes.REGIONS)
    # Inputs of a list have not the same axes, and views move what is pasted.
    if kind is None or (inputs in ("list", "integers") and mixer.slots == (0,)):
        return mixer
    pairing = "shuffle" if mixer.pairing == "self" else mixer.pairing
    placement = turn("placement", axes.PLACEMENTS)
    changed = {"pairing": pairing, "views": None, "num_samples": 2}
    return dataclasses.replace(mixer, kind=kind, placement=placement, **changed)


def _place(turn):
    return axes.PLACES.index(turn("place", axes.PLACES))


def _mixer(turn, kind, inputs, slots, which, policy):
    def of(axis, values):
        return turn(f"{axis} of the {which}", values)

    of_inputs = slots[0] == 0
    integers = of_inputs and which == "first" and inputs == "integers"
    views = of("views", axes.VIEWS)
    if views == "layers" and of_inputs and inputs in _NESTED:
        views = "functions"  # Keras's layers take one tensor.
    if kind == "manifold" or integers:
        views = None
    by_distance = policy not in (None, "fixed", "inverse_loss")
    num_samples = 2 if policy else of("num_samples", (2, 2, 3))
    pairing = of("pairing", axes.PAIRINGS)
    if pairing == "self" and (kind == "manifold" or integers or by_distance):
        pairing = "shuffle"
    if num_samples > 2 and pairing in axes.FIXED_PAIRINGS:
        pairing = "derangement"
    if pairing == "self":
        views = views or "functions"
    one_tensor = not (of_inputs and inputs in (*_NESTED, "integers"))
    measures = by_distance and one_tensor and "confidence" not in policy
    return Mixer(
        kind=kind,
        slots=slots,
        alpha=of("factor", axes.FACTORS) if policy else of("alpha", axes.ALPHAS),
        prob=of("prob", axes.PROBS),
        per_sample=by_distance or of("per_sample", (True, False, True)),
        fold=of("fold", (True, False)) and "confidence" not in str(policy),
        pairing=pairing,
        num_samples=num_samples,
        shards=of("shards", (1, 2, 1)),
        views=views,
        policy=policy,
        distance=of("distance", axes.DISTANCES) if measures else "sqeuclidean",
        features=measures and of("features", (True, False)),
    )
