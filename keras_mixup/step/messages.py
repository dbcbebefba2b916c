"""What a layer says, in a warning or an error, of plans that miss their loss."""

CALLED_TWICE = (
    "The layer {name!r} is called more than once in a step, and each call would draw a "
    "plan of its own, of which a loss knows the last. MixUp takes tensors of any rank: "
    "call it on the whole input, and not in `TimeDistributed` or another wrapper."
)
PLACE_MET_TWICE = (
    "A place of the layer {name!r} is met twice in a step, which would mix twice what "
    "is mixed already, and labels once. Make one `site()` for each place. For branches "
    "that do not follow each other, as in a siamese network, use `site(shared=True)`."
)
APART_FROM_THE_STEP = (
    "MixupLoss was called apart from the training step that the layer {name!r} drew "
    "its plan in. Call the model (with `training=True`, to mix) right before its loss."
)
PLACES_MISSING = (
    "The layer {name!r} has places that the step did not meet, so that some steps "
    "would mix labels alone. Every `site()` that was made must be in the model. "
    "Missing: {missing}"
)
LOSS_NOT_FED = (
    "The policy of the layer {name!r} looks at the training loss, but no MixupLoss "
    "feeds it. Compile the model with `MixupLoss(loss, mixup=layer)`."
)
LABELS_NOT_MIXED = (
    "The layer {name!r} mixed the inputs of a training step, but the labels were not "
    "mixed, as no MixupLoss read its plan. Compile the model with "
    "`MixupLoss(loss, mixup=layer)`. If you did: it takes this layer and not a copy, "
    "and a step calls the layer once (on a dict or tuple, if the model has several "
    "inputs). If a step was broken off before its loss, nothing is wrong."
)
CALLED_AGAIN = (
    "The layer {name!r} mixed the inputs of a training step, and was called again "
    "before a MixupLoss read its plan, so the labels were not mixed by it: a loss "
    "knows the last plan. For several places make several layers, or a `site()` of a "
    "ManifoldMixUp; of several inputs, call the layer once a step, on a dict or tuple. "
    "If no loss reads it, compile the model with `MixupLoss(loss, mixup=layer)`, of "
    "this layer and not of another or a copy. If a step was broken off before its "
    "loss, nothing is wrong."
)
INPUTS_OF_A_PIPELINE = (
    "The layer {name!r} mixes the inputs of a data pipeline and not the labels, which "
    "it was not given. Call it with both, as `dataset.map(layer)` does. If there are "
    "no labels, use `dataset.apply(layer.stage())`."
)
BARE_CALL = (
    "The layer {name!r} was called in a data pipeline on the inputs alone, and mixes "
    "nothing there. Call it with the labels, as `dataset.map(layer)` does, or pass "
    "`training=False` if nothing is to be mixed."
)
NOTHING_MIXED = (
    "A model is trained in which the layer {name!r} has mixed nothing so far: it was "
    "not called, or not in training. In a loop of your own call the model with "
    "`training=True`; in a model of your own pass `training` on to the layer. If the "
    "layer mixes in a data pipeline, it mixes the labels there: use the plain loss."
)
