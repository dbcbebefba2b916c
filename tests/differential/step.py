"""Runs a case as a user would: a model, compiled, and trained for a step."""

import dataclasses

import keras
from keras import ops

import keras_mixup
from tests.differential import arrays
from tests.differential import model as models
from tests.differential.reference import Plan

BACKEND = keras.backend.backend()
RATE = 2.0  # A gradient is what a step takes from a weight, over this.
# The ways to run a step, each with the part of the cases up to which it is taken.
WAYS = {
    "tensorflow": {
        "eager": (0.9, {"run_eagerly": True, "jit_compile": False}),
        "graph": (0.97, {"jit_compile": False}),
        "jit": (1.0, {"jit_compile": True}),
    },
    "jax": {
        "eager": (0.9, {"run_eagerly": True, "jit_compile": False}),
        "jit": (1.0, {"jit_compile": True}),
    },
    # `torch.compile` takes half a minute a model.
    "torch": {
        "eager": (0.5, {"run_eagerly": True, "jit_compile": False}),
        "default": (1.0, {"jit_compile": False}),
    },
}[BACKEND]


@dataclasses.dataclass
class Outcome:
    """What a step was seen to do."""

    logs: dict  # The loss, and what else Keras reports.
    plans: list  # The `Plan` of each mixing layer.
    states: dict  # The leaves behind each mixing layer, by its place in the chain.
    before: dict  # The weights of each layer before the step.
    after: dict


def way_of(case):
    """How the backend runs a case."""
    return next(name for name, (most, _) in WAYS.items() if case.way < most)


def run(case, way=None):
    """The outcome of each step of a case.

    Args:
        case: The `Case`.
        way: How to run it, one of `WAYS`. Defaults to that of the case.
    """
    model, mixers, recorders = models.built(case)
    optimizer = keras.optimizers.SGD(RATE)
    if case.dtype == "mixed_float16":
        # Of Keras's own scale the first steps overflow, and are left out.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=16.0)
    losses, several = models.losses(case, mixers), len(case.heads) > 1
    model.compile(
        optimizer,
        losses if several else losses[0],
        loss_weights=[head.weight for head in case.heads],
        auto_scale_loss=False,
        **WAYS[way or way_of(case)][1],
    )
    return [_step(case, model, recorders) for _ in range(case.steps)]


def _step(case, model, recorders):
    before = _reset(case, model)
    logs = _train(case, model)
    plans, states = {}, {}
    for place, recorder in recorders.items():
        kept = [recorder.rows, recorder.share, *recorder.states]
        rows, share, *states[place] = map(ops.convert_to_numpy, kept)
        # All sites of a layer are at one plan.
        plan = Plan(rows.astype(int), share.astype("float64"))
        if recorder.pastes:
            parts = map(ops.convert_to_numpy, (recorder.edges, recorder.inside))
            plan.blends = isinstance(recorder.mixer, keras_mixup.RandomChoice)
            plan.edges, plan.inside = (part.astype("float64") for part in parts)
        plans[recorder.mixer.name] = plan
    return Outcome(logs, list(plans.values()), states, before, _weights(model))


def _train(case, model):
    several = len(case.heads) > 1
    y = [arrays.labels_of(case, head) for head in case.heads]
    x, y, options = arrays.inputs_of(case), y if several else y[0], {}
    weight = arrays.sample_weight_of(case)
    if weight is not None:
        options["sample_weight"] = [weight] * len(y) if several else weight
    if case.weights == "classes":
        options["class_weight"] = dict(enumerate(arrays.CLASS_WEIGHTS))
    if not case.through_fit:
        return model.train_on_batch(x, y, return_dict=True, **options)
    history = model.fit(x, y, case.size, verbose=0, shuffle=False, **options).history
    return {name: values[-1] for name, values in history.items()}


def _reset(case, model):
    """Puts the weights where the case starts, so that every step starts there."""
    for layer in _trainable(model):
        shapes = [weight.shape for weight in layer.trainable_weights]
        layer.set_weights(
            [arrays.variables_of(case, layer.name, shape) for shape in shapes]
        )
    return _weights(model)


def _weights(model):
    return {
        layer.name: [weight.astype("float64") for weight in layer.get_weights()]
        for layer in _trainable(model)
    }


def _trainable(model):
    return [layer for layer in model.layers if layer.trainable_weights]
