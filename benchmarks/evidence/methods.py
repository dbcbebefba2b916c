"""The ways to train that are compared, and what each of them is compared on."""

import dataclasses
from collections.abc import Callable
from functools import partial

import keras_mixup
from benchmarks.evidence import data
from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup.policies import Shuffled

# What every other method is compared to.
ERM = "no mixup"


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to train.

    Args:
        mix: Function of a seed to a layer, `None` for no mixup.
        place: `"input"`, `"hidden"` (behind the first hidden layer), `"each"` (both
            and behind the second) or `"pipeline"`.
        l2: Factor of the squared weights in the loss.
        smoothing: Share of the label that is spread over all classes.
        trusting: Whether the probabilities that labels are correct are inputs, too.
        schedule: Function of the number of epochs to a schedule of `alpha`.
    """

    mix: Callable | None = None
    place: str = "input"
    l2: float = 0.0
    smoothing: float = 0.0
    trusting: bool = False
    schedule: Callable | None = None


@dataclasses.dataclass(frozen=True)
class Study:
    """A data set, a network and how to train it.

    Args:
        title: Heading of its table.
        load: Function of a seed to a `Split`.
        methods: Dict of names to methods; `ERM` is the first.
        units: Widths of the hidden layers.
        epochs: Number of epochs.
        batch_size: Rows a step.
        rate: Learning rate of Adam.
        classes: Number of classes, `None` for a regression.
        controls: Dict of names of methods to those of their controls.
    """

    title: str
    load: Callable
    methods: dict
    units: tuple
    epochs: int
    batch_size: int
    rate: float
    classes: int | None = 10
    controls: dict = dataclasses.field(default_factory=dict)


def mixup(alpha, **arguments):
    """Plain mixup at the input."""
    return Method(partial(MixUp, alpha, **arguments))


def adaptive(policy, **where):
    """Mixup whose λ a policy sets."""
    return Method(partial(AdaptiveMixUp, policy), **where)


CONTROL = "its control"
FEW = {
    ERM: Method(),
    "label smoothing 0.1": Method(smoothing=0.1),
    "mixup, α = 0.05": mixup(0.05),
    "mixup, α = 0.2": mixup(0.2),
    "mixup, α = 1": mixup(1.0),
    "similarity": adaptive("similarity"),
    f"similarity, {CONTROL}": adaptive(Shuffled("similarity")),
}
MANY = FEW | {
    "similarity, hidden": adaptive("similarity", place="hidden"),
    f"similarity, hidden, {CONTROL}": adaptive(Shuffled("similarity"), place="hidden"),
    "Manifold Mixup, α = 1": Method(
        partial(keras_mixup.ManifoldMixUp, 1.0), place="each"
    ),
    "RegMixup, α = 10": mixup(10.0, prob=0.5),
    "three samples, α = 1/3": mixup(1 / 3, num_samples=3),
    "three samples, α = 1": mixup(1.0, num_samples=3),
    "mixup, α = 1, cooldown": Method(
        partial(MixUp, 1.0),
        schedule=lambda epochs: keras_mixup.schedules.cooldown(
            1.0, epochs, last=max(1, epochs // 6)
        ),
    ),
}
L2 = 2e-3
NOISY = {
    ERM: Method(),
    "no mixup, L2": Method(l2=L2),
    "mixup, α = 32": mixup(32.0),
    "mixup, α = 32, L2": Method(partial(MixUp, 32.0), l2=L2),
    "confidence, L2": adaptive("confidence", l2=L2, trusting=True),
    f"confidence, L2, {CONTROL}": adaptive(
        Shuffled("confidence"), l2=L2, trusting=True
    ),
}
TARGETS = {
    ERM: Method(),
    "mixup, α = 2": mixup(2.0),
    "mixup, α = 2, LabelKernel": Method(
        partial(MixUp, 2.0, pairing=keras_mixup.pairing.LabelKernel(bandwidth="auto")),
        place="pipeline",
    ),
}
PLAIN = {name: FEW[name] for name in (ERM, "mixup, α = 0.2", "mixup, α = 1")}


def with_controls(methods):
    """Names of methods to those of their controls, where both are."""
    pairs = {name: f"{name}, {CONTROL}" for name in methods}
    return {name: control for name, control in pairs.items() if control in methods}


def study(title, load, methods, *settings, **options):
    """A study whose controls are found by their names."""
    controls = with_controls(methods)
    return Study(title, load, methods, *settings, controls=controls, **options)


STUDIES = {
    "mnist1d": study(
        "MNIST-1D, 4000 curves", data.mnist1d, MANY, (128, 128), 60, 100, 1e-3
    ),
    "mnist1000": study(
        "MNIST, 1000 images",
        partial(data.mnist, train=1000),
        FEW,
        (256, 256),
        60,
        100,
        1e-3,
    ),
    **{
        f"noise{noise}": study(
            f"MNIST, 4000 images, {noise}% of the labels random",
            partial(data.mnist, train=4000, noise=noise),
            NOISY,
            (256, 256),
            40,
            250,
            2e-3,
        )
        for noise in (20, 50, 80)
    },
    "speech": study(
        "Speakers of Japanese vowels, 270 utterances",
        data.speech,
        PLAIN,
        (64, 64),
        40,
        45,
        2e-3,
        classes=9,
    ),
    "cancer": study(
        "Breast cancer, 427 tumors", data.cancer, PLAIN, (64, 64), 60, 32, 3e-3, 2
    ),
    "wine": study("Wine, 134 bottles", data.wine, PLAIN, (64, 64), 60, 33, 3e-3, 3),
    "diabetes": study(
        "Diabetes, 332 patients", data.diabetes, TARGETS, (64, 64), 40, 32, 3e-3, None
    ),
    "boston": study(
        "Boston, 380 districts", data.boston, TARGETS, (64, 64), 100, 32, 3e-3, None
    ),
}
