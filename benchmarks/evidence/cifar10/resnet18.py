"""The network of the papers on CIFAR-10, on one GPU, in as many minutes as there are.

Trains a ResNet-18 in bfloat16 on all the training images that there are: without
mixing, with mixup, CutMix and both in turn, and on the labels of annotators. Trainings
are saved every few epochs. Run again, it goes on where it ended. The first run measures
how long an epoch takes, and so how many epochs there is time for:

    KERAS_BACKEND=jax python -m benchmarks.evidence.cifar10.resnet18 \
        --data cifar10.npz --minutes 13
"""

import argparse
import dataclasses
import datetime
import json
import pathlib
import time
from functools import partial

import jax
import keras
from keras import layers

from benchmarks.evidence import methods
from benchmarks.evidence import records
from benchmarks.evidence import report
from benchmarks.evidence.cifar10 import data
from benchmarks.evidence.cifar10.checkpoint import Checkpoint
from benchmarks.evidence.cifar10.methods import CLEAN
from benchmarks.evidence.cifar10.methods import DECAYED
from benchmarks.evidence.cifar10.methods import NOISY
from benchmarks.evidence.cifar10.network import loss_of
from benchmarks.evidence.cifar10.network import mixed_inputs
from benchmarks.evidence.cifar10.network import normalized
from benchmarks.evidence.cifar10.network import optimizer
from benchmarks.evidence.cifar10.training import Training
from benchmarks.evidence.methods import ERM
from benchmarks.report import machine
from benchmarks.report import machine_line

MODULE = "benchmarks.evidence.cifar10.resnet18"
MOST_EPOCHS, BLOCK, PROBE = 200, 5, 3
# What a training takes beside its epochs: to predict, to save, to estimate.
MARGIN = 1.3
# The part of the weight decay of short trainings that long ones take.
PART = 1 / 4
# Filters of the stages, epochs, batch size, learning rate.
SETTINGS = (64, 128, 256, 512), MOST_EPOCHS, 200, 0.2


def _study(labels, names, of):
    title = {"y_train": "clean labels", "worse_label": "labels of annotators, worse"}
    load = partial(data.images, labels=labels, train=None)
    chosen = {
        name: dataclasses.replace(of[name], decay=PART * of[name].decay)
        for name in names
    }
    return methods.study(f"ResNet-18, {title[labels]}", load, chosen, *SETTINGS)


STUDIES = {
    "resnet18": _study(
        "y_train", (ERM, "mixup, α = 1", "CutMix, α = 1", "both, per sample"), CLEAN
    ),
    "resnet18-worse": _study("worse_label", (ERM, DECAYED, "confidence"), NOISY),
}


def block(x, filters, stride):
    """Two convolutions, and what goes past them."""
    past = x
    if stride > 1 or x.shape[-1] != filters:
        past = normalized(layers.Conv2D(filters, 1, stride, use_bias=False)(x))
    x = layers.Conv2D(filters, 3, stride, "same", use_bias=False)(x)
    x = layers.ReLU()(normalized(x))
    x = normalized(layers.Conv2D(filters, 3, padding="same", use_bias=False)(x))
    return layers.ReLU()(layers.Add()([x, past]))


def build(study, method, steps, mix):
    """A ResNet-18 for images of 32×32, compiled, with the layer that mixes in front."""
    inputs, x = mixed_inputs(method, mix)
    x = layers.Conv2D(study.units[0], 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(normalized(x))
    for index, filters in enumerate(study.units):
        x = block(x, filters, stride=2 if index else 1)
        x = block(x, filters, stride=1)
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(study.classes, dtype="float32")(x))
    model.compile(optimizer(study, method, steps), loss_of(method, mix))
    return model


def arguments(line=None):
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description=__doc__.partition("\n")[0]
    )
    add = parser.add_argument
    add("--data", metavar="NPZ", required=True, help="or `digits`, to try it out")
    add("--minutes", type=float, default=13, help="until it ends [13]")
    add("--seeds", type=int, default=2, help="trainings a method [2]")
    add("--epochs", type=int, help="of each training [what the minutes allow]")
    add("--filters", type=int, nargs=4, help="of the stages [64 128 256 512]")
    add("--dtype", default="mixed_bfloat16", help="dtype policy of Keras [%(default)s]")
    add("--output", default="evidence/resnet18", metavar="DIR", help="[%(default)s]")
    return parser.parse_args(line)


def how(args):
    """The arguments that all trainings share."""
    given = {"source": args.data, "dtype": args.dtype}
    return {**given, "build": build, "clock": time.perf_counter}


def number_of_epochs(args, studies, jobs, seconds):
    """How many epochs of each job there is time for, by those of a probe."""
    study = next(iter(studies.values()))
    probe = Training(study, study.methods[ERM], 0, PROBE + 1, **how(args))
    start = time.perf_counter()
    probe.fit(0, 1)
    compiled = time.perf_counter()
    probe.fit(1, PROBE + 1)
    end = time.perf_counter()
    epoch = (end - compiled) / PROBE
    compiling = compiled - start - epoch
    programs = len({(job["study"], job["method"]) for job in jobs})
    left = seconds - (end - start) - programs * compiling
    return min(MOST_EPOCHS, max(PROBE, int(left / (MARGIN * epoch * len(jobs)))))


def advance(training, checkpoint, epochs, deadline):
    """Trains until the last epoch, or until the next block would end too late.

    Returns:
        Whether the training is done.
    """
    epoch, longest = checkpoint.restore(training), 0.0
    while epoch < epochs:
        start = time.monotonic()
        if start + longest > deadline:
            return False
        last = min(epoch + BLOCK, epochs)
        training.fit(epoch, last)
        checkpoint.save(training, last)
        longest = max(longest, time.monotonic() - start)
        print(f"{checkpoint.job}: {last} of {epochs} epochs", flush=True)
        epoch = last
    return True


def planned(file, args, studies, jobs, deadline):
    """The number of epochs that was found when the first run began, or is found now."""
    if file.exists():
        return json.loads(file.read_text("utf-8"))["epochs"]
    epochs = args.epochs or number_of_epochs(
        args, studies, jobs, deadline - time.monotonic()
    )
    file.write_text(json.dumps({"epochs": epochs}), "utf-8")
    return epochs


def text(rows, wanted, studies, dtype):
    """What came of it, as Markdown."""
    device = jax.devices()[0].device_kind
    lines = [
        f"```bash\n{report.command(MODULE)}\n```",
        f"{len(rows)} of {wanted} trainings, on {datetime.date.today()}, on {device}, "
        f"in {dtype}. {machine_line(machine())}",
    ]
    if rows:
        epochs = rows[0]["epochs"]
        lines += [
            f"{epochs} epochs. {report.seeds(rows)}.",
            report.tables(rows, studies),
        ]
    return "\n\n".join(lines)


def main(line=None):
    """Trains for as long as there is time, and reports on what is done."""
    args = arguments(line)
    deadline = time.monotonic() + 60 * args.minutes
    output = pathlib.Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    # The seeds of a method are one program, and a run that goes on compiles nothing.
    jax.config.update("jax_compilation_cache_dir", str(output.resolve() / "compiled"))
    studies = {
        name: dataclasses.replace(study, units=tuple(args.filters or study.units))
        for name, study in STUDIES.items()
    }
    jobs = [
        {"study": name, "method": method, "seed": seed}
        for seed in range(args.seeds)
        for name, study in studies.items()
        for method in study.methods
    ]
    epochs = planned(output / "epochs.json", args, studies, jobs, deadline)
    file = output / "results.csv"
    done = {records.key(row) for row in records.read(file)}
    for job in ({**job, "epochs": epochs} for job in jobs):
        if records.key(job) in done:
            continue
        study = studies[job["study"]]
        method = study.methods[job["method"]]
        training = Training(study, method, job["seed"], epochs, **how(args))
        if not advance(training, Checkpoint(output, job), epochs, deadline):
            break
        records.append(file, job | training.measured())
    page = text(records.read(file), len(jobs), studies, args.dtype)
    (output / "index.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
