"""The numbers of a case: inputs, labels, weights of samples and of the model."""

import numpy as np

from tests.differential import axes

# The views of a case, each a factor and a summand.
VIEWS = ((1.5, -0.25), (-0.5, 0.5))
CLASS_WEIGHTS = (0.5, 2.0, 1.25)
FLOOR = 0.1  # What `policies.Confidence` takes probabilities for at least.


def numbers(rng, shape, most=64):
    """Numbers that 16 bits hold exactly, so that none is lost on the way in."""
    return (rng.integers(-most, most + 1, shape) / 32).astype("float32")


def inputs_of(case):
    """The inputs, structured as those of the model."""
    rng, size = case.rng("inputs"), case.size
    if case.inputs == "ids":
        ids = rng.integers(1 if case.masked else 0, axes.VOCABULARY, (size, axes.STEPS))
        return np.where(_valid(case), ids, 0).astype("int32")
    if case.inputs == "integers":
        # As sound is; wider integers are refused as ids.
        return rng.integers(-3, 4, (size, axes.FEATURES)).astype("int16")
    shape = axes.INPUTS[case.inputs]
    if not case.is_nested:
        x = numbers(rng, (size, *shape))
        return x * _valid(case)[..., None] if case.masked else x
    chances = rng.integers(0, 9, size).astype("float32") / 8
    if case.inputs == "dict":
        x = {key: numbers(rng, (size, *each)) for key, each in shape.items()}
        return x | {"confidence": chances} if case.confident else x
    x = [numbers(rng, (size, *each)) for each in shape]
    return type(shape)([*x, chances] if case.confident else x)


def leaves_of(x):
    """The tensors of a structure, in the order in which Keras has them."""
    if isinstance(x, dict):
        return [x[key] for key in sorted(x)]
    return list(x) if isinstance(x, (list, tuple)) else [x]


def mask_of(case):
    """Which steps the model's first layer calls valid, `None` if it has no masks."""
    if not case.masked:
        return None
    x = inputs_of(case)
    return x != 0 if case.inputs == "ids" else (x != 0).any(-1)


def labels_of(case, head):
    """The labels of an output."""
    rng = case.rng(f"labels of {case.heads.index(head)}")
    within = axes.INPUTS[case.inputs][: len(_within(case))] if head.is_dense else ()
    shape = (case.size, *within)
    match head.kind:
        case "ids" | "ids_column":
            ids = rng.integers(0, axes.CLASSES, shape)
            if head.options.get("ignore_class") == -1:
                ids = np.where(rng.random(shape) < 0.25, -1, ids)
            ids = ids.astype("int32")
            return ids[:, None] if head.kind == "ids_column" else ids
        case "onehot":
            return np.eye(axes.CLASSES, dtype="float32")[
                rng.integers(0, axes.CLASSES, shape)
            ]
        case "multihot":
            return rng.integers(0, 2, (*shape, axes.CLASSES)).astype("float32")
        case "bit" | "bit_column":
            bits = rng.integers(0, 2, shape).astype("float32")
            return bits[:, None] if head.kind == "bit_column" else bits
        case "number" | "number_column":
            y = numbers(rng, shape)
            return y[..., None] if head.kind == "number_column" or within else y
        case "numbers":
            y = numbers(rng, (*shape, head.width))
            return abs(y) if head.loss == "poisson" else y


def sample_weight_of(case):
    """The weights of samples, zeros among them; `None` without any."""
    if case.weights in (None, "classes"):
        return None
    within = _within(case) if case.is_dense else (1,)
    within = {"vector": (), "column": (1,) * len(within)}.get(case.weights, within)
    rng = case.rng("weights")
    return (rng.integers(0, 9, (case.size, *within)) / 4).astype("float32")


def variables_of(case, name, shape):
    """The weights that a layer of the model starts from."""
    return numbers(case.rng(f"{name} {shape}"), shape, most=32)


def _within(case):
    """The axes of steps or pixels."""
    return (
        axes.INPUTS[case.inputs][:1]
        if case.inputs == "ids"
        else (axes.INPUTS[case.inputs][:-1])
    )


def _valid(case):
    if not case.masked:
        return np.ones((case.size, axes.STEPS), bool)
    lengths = case.rng("lengths").integers(1, axes.STEPS + 1, case.size)
    return np.arange(axes.STEPS) < lengths[:, None]
