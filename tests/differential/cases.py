"""Cases of a training step: each number stands for one, on every backend.

Every axis takes its values in turn, so that few numbers cover all. What does not go
together is mended, never thrown away.
"""

from tests.differential import axes
from tests.differential.case import Case
from tests.differential.case import Head
from tests.differential.mixers import mixers
from tests.differential.turns import Turns

_GOLDEN = 0.6180339887  # Its multiples are spread evenly.


def case(number):
    """The case of a number."""
    turn = Turns(number)
    layer, spec = turn("layer", axes.LAYERS), turn("head", axes.HEADS)
    confident = layer.endswith("confidence")
    if confident and _within(spec):
        spec = turn("spec", _specs_within(""))
    inputs = _inputs(turn, confident, _within(spec))
    masked = turn("masked", axes.MASKS) and inputs in ("sequence", "ids")
    heads = [_head(turn, spec, "first")]
    if turn("heads", (1, 1, 2)) == 2:
        second = turn("second spec", _specs_within(_within(spec)))
        heads.append(_head(turn, second, "second"))
    dtype = turn("dtype", axes.DTYPES)
    layers = mixers(turn, layer, inputs, confident)
    used = max(slot for mixer in layers for slot in mixer.slots)
    # Where 16 bits round, a value near a corner is easily on the other side of it.
    activations = ("relu", "tanh", "relu") if dtype == "float32" else ("tanh",)
    return Case(
        number=number,
        size=turn("size", axes.SIZES),
        inputs=inputs,
        masked=masked,
        confident=confident,
        dtype=dtype,
        depth=max(used, turn("depth", (0, 1, 2))),
        hidden=turn("hidden", activations),
        mixers=layers,
        heads=tuple(heads),
        weights=_weights(turn, heads, masked),
        track=turn("track", (False, True)),
        through_fit=turn("fit", (True, False)),
        way=number * _GOLDEN % 1,
    )


def _within(spec):
    """What labels are of: the steps or the pixels of a sample, or the sample."""
    return spec[0].split("_")[0] if spec[0].startswith(("step", "map")) else ""


def _specs_within(within):
    return [spec for spec in axes.HEADS if _within(spec) == within]


def _inputs(turn, confident, within):
    if confident:
        return turn("inputs with probabilities", ("dict", "tuple"))
    if within:
        with_axes = {"step": ("sequence", "ids"), "map": ("image", "video")}
        return turn(f"inputs of {within}s", with_axes[within])
    return turn("inputs", tuple(axes.INPUTS))


def _head(turn, spec, which):
    labels, loss, options, activation = spec
    forms = ("object",) if options else ("object", "name", "function", "object")
    form = "function" if loss == "users" else turn(f"{which} form", forms)
    reduction = turn(f"{which} reduction", axes.REDUCTIONS)
    return Head(
        labels=labels,
        loss=loss,
        options=options,
        activation=activation,
        form=form,
        # A function has the reduction that is Keras's default.
        reduction=reduction if form == "object" else axes.REDUCTIONS[0],
        regularization=turn(f"{which} regularization", (0.0, 0.0, 0.5)),
        weight=turn(f"{which} weight", (1.0, 0.5, 2.0)),
        flat=labels == "number" and turn(f"{which} flat", (True, False)),
    )


def _weights(turn, heads, masked):
    weights = turn("weights", axes.WEIGHTS)
    with_classes = heads[0].labels in ("ids", "ids_column", "onehot")
    if weights == "classes" and (len(heads) > 1 or not with_classes):
        weights = "column"
    if not heads[0].is_dense:
        return "column" if weights == "steps" else weights
    if weights is None:
        return None
    # Keras weighs steps by weights of as many axes only. Where some do not count, it
    # fails on torch if one of these axes is 1.
    hides = masked or any("ignore_class" in head.options for head in heads)
    return "steps" if hides or weights == "steps" else "column"
