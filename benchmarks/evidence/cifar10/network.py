"""The small residual network, compiled, with the layer that mixes at its place."""

import keras
from keras import layers

import keras_mixup

MOMENTUM = 0.9


def normalized(x):
    """Each channel normalized over the batch."""
    return layers.BatchNormalization(momentum=MOMENTUM)(x)


def convolution(x, filters, stride=1):
    """A convolution of 3×3, normalized, and rectified."""
    x = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
    return layers.ReLU()(normalized(x))


def stage(x, filters):
    """Half the resolution, and a residual block."""
    x = convolution(x, filters, stride=2)
    return layers.Add()([x, convolution(convolution(x, filters), filters)])


def mixed_inputs(method, mix):
    """The inputs of a network, a dict, and images that are mixed."""
    inputs = {"x": keras.Input((32, 32, 3), name="x")}
    if method.trusting:
        inputs["confidence"] = keras.Input((), name="confidence")
        return inputs, mix(inputs)["x"]
    return inputs, inputs["x"] if mix is None else mix(inputs["x"])


def build(study, method, steps, mix):
    """The network, compiled for a training of a number of steps.

    Args:
        study: The `Study`; its units are the filters of the stages.
        method: One of its methods.
        steps: Number of steps of the training.
        mix: The layer, or `None`.
    """
    inputs, x = mixed_inputs(method, mix)
    first, *rest = study.units
    # At this resolution a residual block would take as long as all the others.
    x = convolution(x, first, stride=2)
    for filters in rest:
        if method.place == "each":
            x = mix.site()(x)
        x = stage(x, filters)
    x = layers.GlobalMaxPooling2D()(x)
    # Losses are computed in float32, whatever the network is.
    model = keras.Model(inputs, layers.Dense(study.classes, dtype="float32")(x))
    model.compile(optimizer(study, method, steps), loss_of(method, mix))
    return model


def optimizer(study, method, steps):
    """SGD whose learning rate rises for a fifth of the training, and falls to 0."""
    warm_up = steps // 5
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps - warm_up, warmup_target=study.rate, warmup_steps=warm_up
    )
    return keras.optimizers.SGD(
        rate, momentum=MOMENTUM, nesterov=True, weight_decay=method.decay
    )


def loss_of(method, mix):
    """Cross-entropy of the network's logits, on the labels of both samples."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if method.smoothing:
        loss = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=method.smoothing
        )
    return loss if mix is None else keras_mixup.MixupLoss(loss, mix)
