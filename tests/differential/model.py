"""The Keras model of a case, with layers that note what mixing did."""

import keras
from keras import ops
from keras import tree

import keras_mixup
from tests.differential import arrays
from tests.differential import axes
from tests.differential import policies

_CLASSES = {
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    "kl_divergence": "KLDivergence",
}
_POLICIES = {
    "literal_exponential": lambda: keras_mixup.policies.ExponentialDistance(
        policies.RATE, literal=True
    ),
    "fixed": lambda: keras_mixup.policies.Fixed(policies.LAM),
    "function": lambda: lambda distance, loss: 1 / (1 + 0.25 * distance + abs(loss)),
    "shuffled_similarity": lambda: keras_mixup.policies.Shuffled("similarity"),
    "shuffled_linear": lambda: keras_mixup.policies.Shuffled("linear"),
}


class Recorder(keras.layers.Layer):
    """Keeps what the mixing layer before it did, in variables.

    In a compiled step the plan is a symbol. What a layer assigns to its variables
    comes out of every step, on every backend, of that very step.
    """

    def __init__(self, mixer, case, like):
        # It must hand on the very tensors that it gets, whatever their dtype.
        super().__init__(autocast=False)
        self.mixer, self.size = mixer, case.size
        self.supports_masking = True
        partners = (case.size, mixer.num_samples - 1)
        self.rows, self.share = self._variable(partners), self._variable(partners)
        self.pastes = isinstance(mixer, (keras_mixup.CutMix, keras_mixup.RandomChoice))
        if self.pastes:
            first = tree.flatten(like)[0]
            axes = max(1, len(first.shape) - 2)
            self.edges = self._variable((case.size, axes, 2))
            self.inside = self._variable((case.size,))
        self.states = [
            self._variable((case.size, *leaf.shape[1:])) for leaf in tree.flatten(like)
        ]
        self.built = True

    def call(self, x, training=None):
        plan = self.mixer.plan if training else None
        if plan is not None:
            self._keep(self.rows, plan.partner(ops.arange(self.size)))
            self._keep(self.share, plan.share)
            if self.pastes:
                region = plan.region
                all_of_it = ops.ones_like(plan.share)
                self._keep(self.edges, region.edges)
                self._keep(self.inside, all_of_it if region.pastes else region.share)
            for variable, leaf in zip(self.states, tree.flatten(x)):
                self._keep(variable, leaf)
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def _variable(self, shape):
        # NaN is no number that a step could have computed.
        return self.add_weight(
            shape=shape,
            initializer=keras.initializers.Constant(float("nan")),
            trainable=False,
            dtype="float32",
            autocast=False,
        )

    def _keep(self, variable, value):
        value = ops.stop_gradient(ops.cast(value, "float32"))
        variable.assign(ops.reshape(value, variable.shape))


def built(case):
    """The model of a case, its mixing layers, and its recorders by their places."""
    mixers = [_mixer(case, mixer, index) for index, mixer in enumerate(case.mixers)]
    sites = [
        [mixer, *(mixer.site(dtype=case.dtype) for _ in spec.slots[1:])]
        for mixer, spec in zip(mixers, case.mixers)
    ]
    like, recorders = arrays.inputs_of(case), {}
    inputs = _inputs(like)
    x = inputs
    for place, (name, *which) in enumerate(case.chain):
        match name:
            case "mix":
                index, site = which
                x = sites[index][site](x)
                recorders[place] = Recorder(mixers[index], case, x)
                x = recorders[place](x)
            case "merge":
                parts = list(x.values()) if isinstance(x, dict) else list(x)
                x = _merged(case, parts[:-1] if case.confident else parts)
            case "pool":
                x = _pooled(case, x)
            case _:
                x = _layer(case, name, *which)(x)
    outputs = [_head(case, head, index, x) for index, head in enumerate(case.heads)]
    model = keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
    return model, mixers, recorders


def _inputs(like):
    if isinstance(like, dict):
        return {
            key: keras.Input(x.shape[1:], dtype=x.dtype, name=key)
            for key, x in like.items()
        }
    return tree.map_structure(lambda x: keras.Input(x.shape[1:], dtype=x.dtype), like)


def losses(case, mixers):
    """The loss of each output."""
    return [
        keras_mixup.MixupLoss(
            _loss(head),
            mixers if len(mixers) > 1 else mixers[0],
            track=case.track and index == 0,
            regularization=head.regularization,
            dense_labels=False if case.pastes and _is_unclear(head) else None,
        )
        for index, head in enumerate(case.heads)
    ]


def _is_unclear(head):
    """Whether labels of samples might be those of as many steps."""
    return not head.is_dense and head.kind in ("onehot", "multihot", "numbers")


def _mixer(case, spec, index):
    arguments = {
        "alpha": spec.alpha,
        "prob": spec.prob,
        "per_sample": spec.per_sample,
        "fold": spec.fold,
        "pairing": _second_next if spec.pairing == "function" else spec.pairing,
        "num_samples": spec.num_samples,
        "shards": spec.shards,
        "views": _views(case, spec),
        "seed": case.number,
        "dtype": case.dtype,
        "name": f"mixer{index}_of_{case.number}",
    }
    if spec.kind == "mixup":
        return keras_mixup.MixUp(**arguments)
    if spec.placement:
        return _of_region(spec, arguments)
    if spec.kind == "manifold":
        del arguments["views"]
        return keras_mixup.ManifoldMixUp(**arguments)
    policy = _POLICIES.get(spec.policy, lambda: spec.policy)()
    if "confidence" in spec.policy:
        key = "confidence" if case.inputs == "dict" else len(axes.INPUTS[case.inputs])
        policy = keras_mixup.policies.Confidence(key, floor=arrays.FLOOR)
        if spec.policy.startswith("shuffled"):
            policy = keras_mixup.policies.Shuffled(policy)
    return keras_mixup.AdaptiveMixUp(
        policy,
        **arguments,
        distance=_city_block if spec.distance == "function" else spec.distance,
        features=_first_two if spec.features else None,
    )


def _of_region(spec, arguments):
    del arguments["views"], arguments["num_samples"]
    fold, region = arguments.pop("fold"), keras_mixup.regions.Box(spec.placement)
    if spec.kind == "cutmix":
        return keras_mixup.CutMix(**arguments, region=region)
    own = {name: arguments.pop(name) for name in ("alpha", "pairing")}
    own["per_sample"] = spec.per_sample
    members = [
        keras_mixup.MixUp(**own, fold=fold),
        keras_mixup.CutMix(**own, region=region),
    ]
    return keras_mixup.RandomChoice(members, **arguments)


def _second_next(noise):
    """The partner two samples on."""
    return ops.roll(ops.cast(ops.zeros_like(noise), "int32") + _own(noise), -2, axis=-1)


def _own(noise):
    return ops.arange(noise.shape[-1], dtype="int32")


def _city_block(x, y):
    difference = ops.abs(x - y)
    return ops.sum(ops.reshape(difference, (difference.shape[0], -1)), axis=-1)


def _first_two(x):
    return x[..., :2]


def _views(case, spec):
    if spec.views == "layers":
        return tuple(
            keras.layers.Rescaling(*view, dtype=case.dtype) for view in arrays.VIEWS
        )
    if spec.views == "functions":
        return tuple(
            lambda x, view=view: tree.map_structure(lambda z: z * view[0] + view[1], x)
            for view in arrays.VIEWS
        )
    return None


def _layer(case, name, index=0):
    if name == "masking":
        return keras.layers.Masking(dtype=case.dtype)
    if name == "embedding":
        return keras.layers.Embedding(
            axes.VOCABULARY,
            axes.FEATURES,
            mask_zero=case.masked,
            dtype=case.dtype,
            name="embedding",
        )
    return keras.layers.Dense(
        axes.HIDDEN, activation=case.hidden, dtype=case.dtype, name=f"hidden{index}"
    )


def _merged(case, parts):
    parts = [keras.layers.Flatten(dtype=case.dtype)(part) for part in parts]
    return keras.layers.Concatenate(dtype=case.dtype)(parts)


def _pooled(case, x):
    pools = [
        None,
        keras.layers.GlobalAveragePooling1D,
        keras.layers.GlobalAveragePooling2D,
        keras.layers.GlobalAveragePooling3D,
    ]
    rank = len(x.shape) - 2
    return pools[rank](dtype=case.dtype)(x) if rank else x


def _head(case, head, index, x):
    name = f"head{index}"
    dense = keras.layers.Dense(
        head.width, activation=head.activation, dtype=case.dtype, name=name
    )
    if not head.flat:
        return dense(x)
    return keras.layers.Reshape((), dtype=case.dtype, name=f"flat{index}")(dense(x))


def _users_loss(y_true, y_pred):
    error = ops.square(y_pred - y_true) / (1 + ops.square(y_pred))
    return ops.sum(error, axis=-1)


def _loss(head):
    if head.form == "name":
        return head.loss
    if head.form == "function":
        return getattr(keras.losses, head.loss, _users_loss)
    name = _CLASSES.get(head.loss, head.loss.replace("_", " ").title().replace(" ", ""))
    return getattr(keras.losses, name)(**head.options, reduction=head.reduction)
