"""Numbers of others on CIFAR-10, beside those measured."""

from benchmarks.evidence.methods import ERM

OPENMIXUP = (
    "[OpenMixup](https://arxiv.org/abs/2209.04851), all 50,000 images, ResNet-18, "
    "200 epochs"
)
ZHANG = (
    "[Zhang et al.](https://arxiv.org/abs/1710.09412), all 50,000 images, PreAct "
    "ResNet-18, 200 epochs"
)
WEI = (
    "[Wei et al.](https://arxiv.org/abs/2110.12088), all 50,000 images, ResNet-34, the "
    "best of 100 epochs by test error"
)
OLIVER = (
    "[Oliver et al.](https://arxiv.org/abs/1804.09170), 4,000 images, Wide ResNet-28-2"
)

# Whose it is, the number, and the study, the method and the column of ours.
NUMBERS = (
    (OLIVER, 20.26, "clean_long", ERM, "error"),
    (ZHANG, 5.53, "clean_long", ERM, "error"),
    (ZHANG, 4.24, "clean_long", "mixup, α = 1", "error"),
    (OPENMIXUP, 5.13, "clean_long", ERM, "error"),
    (OPENMIXUP, 4.30, "clean_long", "mixup, α = 1", "error"),
    (OPENMIXUP, 3.89, "clean_long", "CutMix, α = 1", "error"),
    (OPENMIXUP, 3.96, "clean", "Manifold Mixup, α = 2", "error"),
    (WEI, 22.31, "worse_long", ERM, "error"),
)
