"""The ways to train on CIFAR-10 that are compared, for each kind of labels."""

import dataclasses
from functools import partial

import keras_mixup
from benchmarks.evidence import methods
from benchmarks.evidence.cifar10 import data
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM
from keras_mixup import AdaptiveMixUp
from keras_mixup import CutMix
from keras_mixup import MixUp
from keras_mixup.policies import Shuffled

# The better one, for the network without mixing, of 5e-3 and 2e-2; and more of it.
DECAY, MORE = 2e-2, 5e-2
# The share of the epochs, the last ones, in which a cooldown does not mix.
COOLDOWN = 5


@dataclasses.dataclass(frozen=True)
class Method(methods.Method):
    """A way to train a network that is decayed in any case.

    Args:
        decay: Weight decay of the optimizer, which the learning rate scales.
    """

    decay: float = DECAY


def both(per_sample, **arguments):
    """MixUp or CutMix, drawn for each sample, or with one λ and one box for a batch."""
    members = [MixUp(1.0, per_sample=per_sample), CutMix(1.0, per_sample=per_sample)]
    return keras_mixup.RandomChoice(members, per_sample=per_sample, **arguments)


def cooldown(epochs):
    """The probability to mix: 1, and 0 in the last fifth of the epochs."""
    return keras_mixup.schedules.cooldown(1.0, epochs, max(1, epochs // COOLDOWN))


def adaptive(policy, **where):
    """Mixup whose λ a policy sets."""
    return Method(partial(AdaptiveMixUp, policy), **where)


PLAIN = {
    ERM: Method(),
    "more weight decay": Method(decay=MORE),
    "mixup, α = 1": Method(partial(MixUp, 1.0)),
    "CutMix, α = 1": Method(partial(CutMix, 1.0)),
}
CLEAN = PLAIN | {
    "label smoothing 0.1": Method(smoothing=0.1),
    "mixup, α = 0.2": Method(partial(MixUp, 0.2)),
    "both, per sample": Method(partial(both, True)),
    "both, per batch": Method(partial(both, False)),
    "Manifold Mixup, α = 2": Method(
        partial(keras_mixup.ManifoldMixUp, 2.0), place="each"
    ),
    "similarity": adaptive("similarity"),
    f"similarity, {CONTROL}": adaptive(Shuffled("similarity")),
    "mixup, α = 1, cooldown": Method(partial(MixUp, 1.0), schedule=cooldown),
    "both, per sample, cooldown": Method(partial(both, True), schedule=cooldown),
}
DECAYED = "mixup, α = 8, more weight decay"
NOISY = PLAIN | {
    "mixup, α = 8": Method(partial(MixUp, 8.0)),
    DECAYED: Method(partial(MixUp, 8.0), decay=MORE),
    "confidence": adaptive("confidence", trusting=True),
    f"confidence, {CONTROL}": adaptive(Shuffled("confidence"), trusting=True),
}
# For trainings that are long enough to overfit.
LONG = (ERM, "mixup, α = 1", "CutMix, α = 1", "both, per sample, cooldown")
NOISY_LONG = (ERM, "mixup, α = 1", DECAYED, "confidence")
# What of these a smoke run trains: each way to build the network once.
QUICK = (ERM, "both, per sample, cooldown", "Manifold Mixup, α = 2", "confidence")
EPOCHS, BATCH_SIZE, RATE, UNITS = 25, 100, 0.1, (32, 64, 128)
# Number of images and of epochs.
LONGER = 5_000, 100
# Of both kinds of trainings, as the pages name them.
SIZES = {
    "images": f"{data.IMAGES:,}",
    "epochs": EPOCHS,
    "fewer": f"{LONGER[0]:,}",
    "longer": LONGER[1],
}
SHORT_TITLE = "{images} images, {epochs} epochs".format(**SIZES)
LONG_TITLE = "{fewer} images, {longer} epochs".format(**SIZES)


def _study(title, labels, methods_of_it, train=data.IMAGES, epochs=EPOCHS):
    load = partial(data.images, labels=labels, train=train)
    settings = (UNITS, epochs, BATCH_SIZE, RATE)
    return methods.study(title, load, methods_of_it, *settings)


STUDIES = {
    "clean": _study(f"CIFAR-10, {SHORT_TITLE}", "y_train", CLEAN),
    "worse": _study(
        f"CIFAR-10N, {SHORT_TITLE}, 40% of the labels wrong (worse)",
        "worse_label",
        NOISY,
    ),
    "aggre": _study(
        f"CIFAR-10N, {SHORT_TITLE}, 9% of the labels wrong (aggregate)",
        "aggre_label",
        NOISY,
    ),
    "clean_long": _study(
        f"CIFAR-10, {LONG_TITLE}",
        "y_train",
        {name: CLEAN[name] for name in LONG},
        *LONGER,
    ),
    "worse_long": _study(
        f"CIFAR-10N, {LONG_TITLE}, 40% of the labels wrong (worse)",
        "worse_label",
        {name: NOISY[name] for name in NOISY_LONG},
        *LONGER,
    ),
}
