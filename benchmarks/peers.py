"""Mixing a NumPy batch, against the mixers of the PyTorch world on the same one.

Large batches, where the memory that results are put in is fresh at every call,
and small ones, where it is not. Peers get the layout that they ask for, channels
first, and are left at their defaults but for α and label smoothing: torchvision
and timm's "batch" draw one λ a batch. timm mixes in place, into no new memory.
"""

import numpy as np
import torch

import keras_mixup
from benchmarks.results import emit_ratio
from benchmarks.results import emit_skipped
from benchmarks.results import missing
from benchmarks.results import run
from benchmarks.timing import check_mixed
from benchmarks.timing import in_turn
from benchmarks.timing import timed

ALPHA, CLASSES = 0.2, 10
# Where none is given, 0.5.
OF_SMALL_BATCHES = {"torchvision v2.MixUp": 1.0, "timm Mixup, batch": 1.5}
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")


def torchvision_mixup():
    """The transform of torchvision."""
    from torchvision.transforms import v2

    return v2.MixUp(alpha=ALPHA, num_classes=CLASSES)


def kornia_mixup():
    """The augmentation of kornia, which draws λ uniformly and labels pairs."""
    from kornia.augmentation import RandomMixUpV2

    return RandomMixUpV2(data_keys=["input", "class"])


def timm_mixup(mode):
    """The collate function's mixer of timm."""
    from timm.data import Mixup

    settings = {"label_smoothing": 0.0, "num_classes": CLASSES}
    return Mixup(mixup_alpha=ALPHA, mode=mode, **settings)


PEERS = {
    "torchvision v2.MixUp": ("torchvision", torchvision_mixup),
    "kornia RandomMixUpV2": ("kornia", kornia_mixup),
    "timm Mixup, batch": ("timm", lambda: timm_mixup("batch")),
    "timm Mixup, elem": ("timm", lambda: timm_mixup("elem")),
}


def import_without_operators():
    """Lets a torchvision be imported whose compiled operators do not load.

    So it is with builds for CUDA where there is none. The import asks for two
    operators by name, and MixUp needs none of them.
    """
    for name in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, name):
            boxes = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            OPERATORS.define(name + boxes)


def compare(shape, mixers, limits, rounds):
    """Hands over the ratios on batches of one shape."""
    images = np.random.default_rng(0).random(shape, dtype="float32")
    labels = np.arange(shape[0]) % CLASSES
    mix = keras_mixup.MixUp(ALPHA, num_classes=CLASSES)
    draws = {"keras_mixup": lambda: mix(images, labels)}
    check_mixed("keras_mixup", draws["keras_mixup"], images)
    first = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    for name, mixer in mixers.items():
        batch = first.clone(), torch.from_numpy(labels)
        draws[name] = lambda mixer=mixer, batch=batch: mixer(*batch)
        check_mixed(name, draws[name], first)
    times = in_turn({name: timed(draw) for name, draw in draws.items()}, rounds)
    title = "NumPy, " + " × ".join(map(str, shape)) + " float32"
    for name in mixers:
        limit = limits.get(name, 0.5)
        emit_ratio(f"{title}, over {name}", times, "keras_mixup", name, limit)


def measure(quick):
    """Hands over the ratios against those that are installed."""
    if missing("torchvision"):
        import_without_operators()
    mixers = {}
    for name, (module, make) in PEERS.items():
        reason = missing(module)
        if reason:
            emit_skipped(f"NumPy, over {name}", reason)
        else:
            mixers[name] = make()
    compare((128, 224, 224, 3), mixers, {}, 3 if quick else 15)
    compare((256, 32, 32, 3), mixers, OF_SMALL_BATCHES, 3 if quick else 100)


if __name__ == "__main__":
    run(measure)
