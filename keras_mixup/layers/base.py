"""What all layers have in common that mix the samples of a batch in a model."""

import numpy as np

from keras_mixup import pairing as pairings
from keras_mixup._backend.checks import check_compute_dtype
from keras_mixup._backend.checks import check_count
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_num_samples
from keras_mixup._backend.checks import check_prob
from keras_mixup._backend.compiling import fused
from keras_mixup._backend.host import as_arrays
from keras_mixup._backend.host import as_tensors
from keras_mixup._backend.host import is_on_host
from keras_mixup._backend.host import stand_ins
from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.structures import first_leaf
from keras_mixup._backend.structures import leaves
from keras_mixup._backend.tensor_checks import check_batch
from keras_mixup._backend.user_functions import is_of_package
from keras_mixup.data.batch import mix_inputs
from keras_mixup.data.batch import mix_masks
from keras_mixup.layers.parameter import Parameter
from keras_mixup.layers.seeded import SeededLayer
from keras_mixup.pairing.contract import says
from keras_mixup.pairing.lookup import get_for
from keras_mixup.pairing.shards import shards_in_use
from keras_mixup.plans.noise import Noise
from keras_mixup.plans.plan import MixPlan
from keras_mixup.step.channel import PlanChannel
from keras_mixup.step.metrics import metrics_of
from keras_mixup.step.names import register

LABELS_IN_MODEL = (
    "The {what} needs labels, which a layer in a model does not see: put the layer in "
    "the data pipeline, as `dataset.map(layer)`."
)


class MixingLayer(SeededLayer):
    """Draws a plan for each batch of a training step, applies it, and publishes it.

    A subclass must define `draw_plan`, and `call` by `mix_in_model`. It overrides what
    else is not as here: `draw`, `extra_noise`, `may_mix`, `can_compile`, `mix_inputs`.

    Args:
        prob: Number in [0, 1], the probability that a sample is mixed at all.
        per_sample: Whether every sample has a draw of its own.
        pairing: A name, or a callable as described in `keras_mixup.pairing`.
        shards: In how many parts of a batch samples find partners, or `None`.
        num_samples: Integer ≥ 2, how many samples are mixed into one.
        seed: Integer in [0, 2³¹), or `None` for a random one.
        parameters: Dict of the values of further `Parameter`s of a subclass.
        **kwargs: Keyword arguments of `keras.layers.Layer`.
    """

    prob = Parameter(check_prob, "The probability that a sample is mixed at all.")

    def __init__(
        self,
        *,
        prob=1.0,
        per_sample=True,
        pairing="shuffle",
        shards=None,
        num_samples=2,
        seed=None,
        parameters=None,
        **kwargs,
    ):
        super().__init__(seed, **kwargs)
        check_compute_dtype(self.compute_dtype)
        self.per_sample = check_flag("per_sample", per_sample)
        self.num_samples = check_num_samples(num_samples)
        self.shards = None if shards is None else check_count("shards", shards)
        self.pairing = get_for(num_samples, pairing, shards)
        # In this order: files know the weights of a layer by their numbers.
        for name, value in {**(parameters or {}), "prob": prob}.items():
            setattr(self, name, value)
        self._channel = PlanChannel(self)
        self._means = self._channel.means  # Keras tracks the metrics it finds.
        register(self)
        self.supports_masking = self.built = True

    def draw_plan(self, x, noise, *, labels=None, loss=None, shards=1, **parameters):
        """Draws the plan of a batch. A subclass must define it.

        Args:
            x: The inputs.
            noise: The `Noise` of the batch.
            labels: The labels as they came, in a pipeline; else `None`.
            loss: The running mean of the training loss, where it is known.
            shards: How many parts of the batch find partners among themselves.
            **parameters: The `Parameter`s of the layer, as numbers or tensors.

        Returns:
            A `MixPlan`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define `draw_plan`.")

    def draw(self, x, noise, **arguments):
        """The plan of a batch as it is applied: `draw_plan`, and what follows it."""
        return self.draw_plan(x, noise=noise, **arguments)

    def may_mix(self):
        """Whether the parameters, as they were last set, let anything be mixed."""
        return self._pipeline.get("prob") > 0

    def extra_noise(self, x):
        """Dict of fields of `Noise` that not every layer needs, and of their sizes.

        Args:
            x: The inputs.
        """
        return {}

    def pairings(self):
        """List of the pairings that partners may be chosen by."""
        return [self.pairing]

    def check_in_model(self):
        """Raises if the layer needs what it cannot see in a model."""
        if says(self.pairing, "needs_labels"):
            raise ValueError(LABELS_IN_MODEL.format(what=f"pairing {self.pairing!r}"))

    def parameters_in_model(self):
        """Dict of the `Parameter`s, as tensors of the backend."""
        return {name: getattr(self, f"_{name}") for name in self._pipeline.names()}

    def can_compile(self):
        """Whether drawing and mixing are operations that XLA knows."""
        return says(self.pairing, "can_compile")

    def draws_from_shapes(self):
        """Whether no value of the inputs is looked at, as a subclass of others may."""
        return is_of_package(self) and self.can_compile()

    def draws_on_host(self):
        """Whether a plan may be drawn as arrays, where the inputs are on the host."""
        return self.draws_from_shapes()

    def mix_inputs(self, plan, x):
        """Inputs mixed by a plan, or only cast where it is `None`."""
        return mix_inputs(plan, x, self.compute_dtype)

    @property
    def plan(self) -> MixPlan | None:
        """The plan of the latest forward pass, to mix labels by hand."""
        return self._channel.look()

    @property
    def metrics(self):
        """List of all metrics that have something to report."""
        return metrics_of(self, but=self._means) + self._channel.metrics()

    def __call__(self, x, *args, training=None, **kwargs):
        training = self._training(training, *args)
        self._channel.begin()
        given = {} if training is None else {"training": training}
        return super().__call__(x, **given, **kwargs)

    def mix_in_model(self, x, training, **drawing):
        """Mixes inputs of a model.

        Args:
            x: The inputs.
            training: Whether to mix.
            **drawing: Further arguments of `draw`.
        """
        self._enter(training)
        if not training:
            return self.mix_inputs(None, x)

        def mix(plan, parts):
            return self.mix_inputs(plan, parts["x"])

        inputs, drawing = self._to_draw(x, **drawing)
        if drawing["noise"].ops is NumpyOps:
            plan = as_tensors(self.draw(inputs, **drawing))
            mixed = self.mix_inputs(plan, x)
        else:
            plan, mixed = self._draw_and_mix({"x": x}, mix, **drawing)
        self._channel.publish(plan)
        return mixed

    def compute_mask(self, inputs, previous_mask=None):
        return mix_masks(self._channel.plan, previous_mask)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "prob": self.prob,
            "per_sample": self.per_sample,
            "pairing": pairings.serialize(self.pairing),
            "shards": self.shards,
            "seed": self.seed,
        }

    def _training(self, training, *args):
        if args:
            (training,) = args if len(args) == 1 else (args,)
        if training is None or isinstance(training, (bool, np.bool_)):
            return None if training is None else bool(training)
        raise ValueError(
            f"{type(self).__name__} mixes inside a model, where labels are for "
            "`MixupLoss(loss, mixup=layer)` to mix. In a data pipeline use MixUp."
        )

    def _enter(self, training):
        """Notes that `call` begins."""
        self._channel.enter(training)

    def _arguments_in_model(self, x):
        self.check_in_model()
        know_shards = all(says(each, "knows_shards") for each in self.pairings())
        arguments = {
            "noise": self._noise(x, self.seed_generator),
            "shards": self.shards or (shards_in_use() if know_shards else 1),
            **self.parameters_in_model(),
        }
        if (running := self._channel.running_loss) is not None:
            arguments["loss"] = running.value
        return arguments

    def _to_draw(self, x, **drawing):
        """What `draw` takes: inputs, and arguments; arrays, where it is quicker."""
        check_batch(x=x)
        at_hand = is_on_host(*leaves(x)) and self.seed_generator.is_on_host()
        if not (at_hand and self.draws_on_host()):
            return x, {**self._arguments_in_model(x), **drawing}
        shapes = stand_ins(x)
        arguments = self._arguments_in_model(shapes)
        drawing = {"noise": arguments.pop("noise"), **as_arrays(arguments | drawing)}
        return shapes if self.draws_from_shapes() else x, drawing

    def _draw_and_mix(self, parts, mix, **arguments):
        def draw_and_mix(parts):
            plan = self.draw(parts["x"], **arguments)
            return plan, mix(plan, parts)

        # XLA may not know the operations of a function of the user's.
        return fused(draw_and_mix, parts) if self.can_compile() else draw_and_mix(parts)

    def _noise(self, x, seed):
        return Noise.drawn(first_leaf(x), seed, self.num_samples, self.extra_noise(x))
