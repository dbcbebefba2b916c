"""The choice between several ways to mix, for every sample."""

import keras

from keras_mixup._backend.checks import check_probabilities
from keras_mixup.layers.cutmix import CutMix
from keras_mixup.layers.mixup import MixUp
from keras_mixup.layers.parameter import Parameter
from keras_mixup.layers.parameter import ParameterElsewhere
from keras_mixup.layers.pipeline import PipelineLayer
from keras_mixup.plans.choice import chosen
from keras_mixup.plans.region import grid_of


@keras.saving.register_keras_serializable(package="keras_mixup")
class RandomChoice(PipelineLayer):
    """Mixes every sample by one of several layers, drawn at random.

    The recipe that most image classifiers are trained with switches between MixUp and
    CutMix. This layer draws one plan for both, so that a batch is gone through once, a
    model is compiled once, and one `keras_mixup.MixupLoss` mixes the labels.

    It is used as its members are: in a model, and in data pipelines.

    Args:
        layers: List of `MixUp`, `AdaptiveMixUp` and `CutMix` layers. Each keeps its
            distribution, its `prob` and its pairing. Their seeds do not count.
        probabilities: Numbers ≥ 0 that sum to 1, the probability of each of the
            layers. May be assigned to. Defaults to the same for all.
        per_sample: Whether each sample draws its layer, or the batch draws one. As in
            timm a batch has one λ, too, if the members have `per_sample=False`.
            Defaults to `True`.
        prob: Number in [0, 1], the probability that a sample is mixed at all. Defaults
            to `1.0`.
        num_classes: As for `MixUp`. Defaults to that of the members, as do the other
            arguments about labels.
        label_keys: As for `MixUp`. Defaults to those of the members.
        data_format: As for `CutMix`. Defaults to that of the members.
        shards: As for `MixUp`.
        seed: As for `MixUp`.
        **kwargs: Further arguments of `CutMix` about labels and boxes, and those of
            `keras.layers.Layer`, as `name`, `dtype`.

    Call arguments:
        x: As for the members.
        y: As for the members. Labels of pixels and steps are pasted where all members
            paste; else class ids become one-hot and need `num_classes`.
        sample_weight: As for `MixUp`.
        training: As for `MixUp`.
        seed: As for `MixUp`.

    Returns:
        As `MixUp`.

    Raises:
        ValueError: If probabilities do not sum to 1, or members cannot share a plan:
            those with `views` or several partners.
        TypeError: If a member is no such layer.

    Example:

    >>> mix = keras_mixup.RandomChoice(
    ...     [keras_mixup.MixUp(0.8), keras_mixup.CutMix(1.0)]
    ... )
    >>> model = keras.Sequential(
    ...     [mix, keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    ... )
    >>> loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
    >>> model.compile("adam", loss, metrics=["accuracy"])
    >>> x, y = np.random.rand(64, 8, 8, 1), np.random.randint(0, 3, 64)
    >>> history = model.fit(x, y, verbose=0)
    """

    alpha = ParameterElsewhere("a member, as `mix.layers[0].alpha`")
    probabilities = Parameter(check_probabilities, "The probability of each layer.")

    def __init__(
        self,
        layers: list,
        probabilities: list[float] | tuple[float, ...] | None = None,
        *,
        per_sample: bool = True,
        prob: float = 1.0,
        num_classes: int | dict | list | None = None,
        label_keys: list[str] | tuple[str, ...] | None = None,
        data_format: str | None = None,
        shards: int | None = None,
        seed: int | None = None,
        **kwargs,
    ):
        members = [_as_layer(layer) for layer in _checked_list(layers)]
        count = len(members)
        if probabilities is None:
            probabilities = [1 / count] * count
        given = {
            "num_classes": num_classes,
            "label_keys": label_keys,
            "data_format": data_format,
        }
        super().__init__(
            parameters={"probabilities": check_probabilities(probabilities, count)},
            per_sample=per_sample,
            prob=prob,
            shards=shards,
            seed=seed,
            **{name: _common(members, name, own) for name, own in given.items()},
            **{**_rules_of(members), **kwargs},
        )
        self.layers = members
        by_default = (layer._check_format for layer in members if layer.may_paste)
        self._check_format = data_format is None and any(by_default)
        running = [layer._channel.running_loss for layer in members]
        running = [each for each in running if each is not None]
        if len(running) > 1:
            raise ValueError(
                "One layer of a choice may look at the training loss. "
                f"Received: layers={members!r}"
            )
        self._channel.running_loss = running[0] if running else None

    @property
    def may_paste(self):
        return any(layer.may_paste for layer in self.layers)

    @property
    def only_pastes(self):
        return all(layer.only_pastes for layer in self.layers)

    def pairings(self):
        return [layer.pairing for layer in self.layers]

    def may_mix(self):
        some = zip(self.layers, self._pipeline.get("probabilities"))
        return super().may_mix() and any(
            probability > 0 and layer.may_mix() for layer, probability in some
        )

    def extra_noise(self, x):
        fields = {"choice": 1}
        for layer in self.layers:
            for name, count in layer.extra_noise(x).items():
                fields[name] = max(count, fields.get(name, 0))
        return fields

    def can_compile(self):
        return all(layer.can_compile() for layer in self.layers)

    def draws_from_shapes(self):
        return super().draws_from_shapes() and all(
            layer.draws_from_shapes() for layer in self.layers
        )

    def check_in_model(self):
        super().check_in_model()
        for layer in self.layers:
            layer.check_in_model()

    def parameters_in_model(self):
        members = [layer.parameters_in_model() for layer in self.layers]
        return {**super().parameters_in_model(), "members": members}

    def parameters_in_pipeline(self, structure):
        members = [layer.parameters_in_pipeline(structure) for layer in self.layers]
        return {**super().parameters_in_pipeline(structure), "members": members}

    def draw_plan(self, x, noise, *, probabilities, prob, members, **arguments):
        grid = grid_of(x, self.data_format) if self.may_paste else None
        plans = [
            layer.draw(x, noise, grid=grid, **parameters, **arguments)
            for layer, parameters in zip(self.layers, members)
        ]
        return chosen(plans, self._choice(noise, probabilities, prob), grid)

    def get_config(self):
        config = super().get_config()
        del config["pairing"]
        serialize = keras.saving.serialize_keras_object
        return {
            "layers": [serialize(layer) for layer in self.layers],
            "probabilities": list(self.probabilities),
            **config,
            "data_format": self.data_format,
        }

    def _choice(self, noise, probabilities, prob):
        """For each layer, which samples it mixes."""
        ops, drawn = noise.ops, noise.field("choice", self.per_sample)
        ends = ops.cumsum(ops.convert_to_tensor(probabilities))
        # Rounded, they may not end at 1.
        ends, begin = ends / ends[-1] * prob, 0.0
        conditions = []
        for index in range(len(self.layers)):
            conditions.append(ops.logical_and(drawn >= begin, drawn < ends[index]))
            begin = ends[index]
        return conditions


def _checked_list(layers):
    if not isinstance(layers, (list, tuple)) or not layers:
        raise TypeError(
            "`layers` must be a list of layers that mix, as `[MixUp(0.8), CutMix()]`. "
            f"Received: layers={layers!r}"
        )
    return layers


def _as_layer(layer):
    if isinstance(layer, dict):
        layer = keras.saving.deserialize_keras_object(layer)
    if not isinstance(layer, (MixUp, CutMix)):
        raise TypeError(
            "`layers` must hold MixUp, AdaptiveMixUp and CutMix layers. "
            f"Received: {layer!r} (of type {type(layer).__name__})"
        )
    if getattr(layer, "views", None) is not None or layer.num_samples > 2:
        raise ValueError(
            "Layers with `views` or with several partners cannot share a plan with "
            f"others. Received: {layer!r}"
        )
    return layer


def _common(members, name, own):
    """An argument, or else what the members have."""
    if own is not None:
        return own
    found = [
        getattr(layer, name)
        for layer in members
        # Where nothing is pasted, it makes no difference.
        if name != "data_format" or layer.may_paste
    ]
    found = [each for each in found if each is not None]
    if any(each != found[0] for each in found):
        raise ValueError(
            f"The layers have different `{name}`. Give the choice one of its own. "
            f"Received: {found}"
        )
    return found[0] if found else None


def _rules_of(members):
    rules = [layer.rules.config() for layer in members if layer.rules.config()]
    if any(each != rules[0] for each in rules):
        raise ValueError(
            "The layers mix labels in different ways. Give the arguments to the choice "
            f"instead. Received: {rules}"
        )
    return rules[0] if rules else {}
