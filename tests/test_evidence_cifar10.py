import dataclasses
import pathlib
import time

import keras
import numpy as np
import pytest

from benchmarks.evidence import records
from benchmarks.evidence import report
from benchmarks.evidence.cifar10 import claims
from benchmarks.evidence.cifar10 import data
from benchmarks.evidence.cifar10 import methods
from benchmarks.evidence.cifar10 import page
from benchmarks.evidence.cifar10 import summary
from benchmarks.evidence.cifar10.checkpoint import Checkpoint
from benchmarks.evidence.cifar10.training import Training
from benchmarks.evidence.claims import LESS
from benchmarks.evidence.claims import Claim
from benchmarks.evidence.methods import ERM

RNG = np.random.default_rng(0)
RESULTS = pathlib.Path(__file__).parents[1] / "docs" / "evidence" / "cifar10"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A file of 60 and 20 images, of which the worse labels are one class."""
    file = tmp_path_factory.mktemp("data") / "few.npz"
    images = RNG.integers(0, 256, (80, 32, 32, 3), "uint8")
    labels = RNG.integers(0, 10, (80, 1), "uint8")
    parts = {"x_train": images[:60], "y_train": labels[:60], "x_test": images[60:]}
    worse = np.full(60, 3, "uint8")
    np.savez(file, **parts, y_test=labels[60:], worse_label=worse)
    return str(file)


def small(study, **changes):
    settings = {"units": (4, 4), "batch_size": 20, **changes}
    return dataclasses.replace(methods.STUDIES[study], **settings)


def test_images_are_shifted_by_up_to_four_pixels_and_half_are_flipped():
    # What a pixel holds is where it was, plus one: no padding looks like it.
    places = np.arange(1, 37, dtype="uint8").reshape(1, 6, 6, 1).repeat(400, axis=0)
    padded = np.pad(places[0], ((4, 4), (4, 4), (0, 0)))
    found = data.augmented(places, np.random.default_rng(0))
    crops = {
        (top, left, flip): padded[top : top + 6, left : left + 6][:, ::flip]
        for top in range(9)
        for left in range(9)
        for flip in (1, -1)
    }
    which = [
        [key for key, crop in crops.items() if np.array_equal(crop, image)]
        for image in found
    ]
    assert [len(keys) for keys in which] == [1] * 400
    tops, lefts, flips = zip(*(keys[0] for keys in which))
    assert set(tops) == set(lefts) == set(range(9))
    assert abs(np.mean(flips)) < 0.15


def test_a_part_of_the_images_has_their_labels(source):
    every = data.arrays(source)
    split = data.images(seed=1, source=source, train=40)
    assert split.x.shape == (40, 32, 32, 3)
    index = {image.tobytes(): i for i, image in enumerate(every["x_train"])}
    rows = [index[image.tobytes()] for image in split.x]
    assert len(set(rows)) == 40
    np.testing.assert_array_equal(split.y, every["y_train"][rows])
    assert len(data.images(seed=1, source=source, train=None).y) == 60
    other = data.images(seed=1, source=source, train=40, labels="worse_label")
    assert set(other.y) == {3}
    np.testing.assert_array_equal(other.y_test, every["y_test"])
    with pytest.raises(ValueError, match="has no 'aggre_label'"):
        data.images(seed=1, source=source, labels="aggre_label")


def test_digits_stand_in_for_the_images(monkeypatch):
    drawn = np.random.default_rng(1).random((5000, 784)).astype("float32")
    monkeypatch.setattr(data, "mnist_images", lambda: (drawn, np.arange(5000) % 10))
    found = data.digits()
    assert found["x_train"].shape == (1000, 32, 32, 3)
    assert found["x_test"].shape == (500, 32, 32, 3)
    assert found["x_train"].dtype == "uint8"
    for name, share in (("aggre_label", 0.09), ("worse_label", 0.36)):
        wrong = np.mean(found[name] != found["y_train"])
        assert wrong == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("claim", claims.CLAIMS + claims.FOUND, ids=str)
def test_claims_are_about_methods_that_are_trained(claim):
    assert {claim.method, claim.against} <= set(methods.STUDIES[claim.study].methods)


def test_a_smoke_run_trains_every_kind_of_method():
    every = methods.CLEAN | methods.NOISY
    quick = [every[name] for name in methods.QUICK]
    assert {method.place for method in quick} == {"input", "each"}
    assert any(method.trusting for method in quick)
    assert any(method.schedule for method in quick)


@pytest.mark.parametrize("name", [ERM, "label smoothing 0.1", *methods.QUICK[1:3]])
def test_a_training_is_measured(source, name):
    study = small("clean")
    training = Training(study, study.methods[name], 0, 3, source)
    training.fit(0, 3)
    found = training.measured()
    assert set(found) <= set(records.NUMBERS)
    assert np.isfinite([*found.values()]).all()
    assert found["ms"] > 0


def test_a_training_has_the_dtype_that_was_asked_for(source):
    study = small("clean")
    method = study.methods["mixup, α = 1"]
    try:
        training = Training(study, method, 0, 3, source, dtype="mixed_bfloat16")
        kinds = {layer.compute_dtype for layer in training.model.layers[1:-1]}
        assert kinds == {"bfloat16"}
        training.fit(0, 1)
        assert np.isfinite([*training.measured().values()]).all()
    finally:
        keras.mixed_precision.set_dtype_policy("float32")


def test_the_rate_rises_and_falls_to_nothing(source):
    study = small("clean")
    training = Training(study, study.methods[ERM], 0, 5, source)
    rate = training.model.optimizer._learning_rate
    rates = [float(rate(step)) for step in range(16)]
    assert np.argmax(rates) == 3
    assert max(rates) == pytest.approx(study.rate)
    assert rates[0] == rates[15] == 0


def test_a_training_goes_on_from_its_checkpoint(source, tmp_path):
    study = small("worse")
    arguments = study, study.methods["confidence"], 0, 4, source
    training = Training(*arguments)
    training.fit(0, 2)
    Checkpoint(tmp_path, {"seed": 0}).save(training, 1)
    Checkpoint(tmp_path, {"seed": 0}).save(training, 2)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "2.weights.h5",
        "state.json",
    ]
    expected = training.measured()
    variables = [np.array(v) for v in training.model.optimizer.variables]

    assert Checkpoint(tmp_path, {"seed": 1}).restore(Training(*arguments)) == 0
    again = Training(*arguments)
    assert Checkpoint(tmp_path, {"seed": 0}).restore(again) == 2
    assert again.measured() == expected
    assert int(again.model.optimizer.iterations) == 6
    for one, other in zip(variables, again.model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, np.array(other))
    np.testing.assert_array_equal(again.clean.probability, training.clean.probability)
    again.fit(2, 4)
    assert len(again.times.seconds) == 4


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="It is for JAX")
def test_resnet18_has_the_weights_of_the_paper():
    from benchmarks.evidence.cifar10 import resnet18

    def weights(*units):
        total, channels = 27 * units[0] + 2 * units[0], units[0]
        for filters in units:
            past = channels * filters + 2 * filters if channels != filters else 0
            total += 9 * filters * (channels + 3 * filters) + 8 * filters + past
            channels = filters
        return total + 10 * channels + 10

    # That of the ResNet-18 for CIFAR-10 that others train.
    assert weights(64, 128, 256, 512) == 11_173_962
    study = dataclasses.replace(resnet18.STUDIES["resnet18"], units=(4, 8, 16, 32))
    assert resnet18.SETTINGS[0] == (64, 128, 256, 512)
    model = resnet18.build(study, study.methods[ERM], 10, None)
    found = sum(np.prod(v.shape) for v in model.trainable_variables)
    assert found == weights(*study.units)


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="It is for JAX")
def test_resnet18_stops_in_time_and_goes_on(source, tmp_path, monkeypatch, capsys):
    from benchmarks.evidence.cifar10 import resnet18

    only = {"resnet18-worse": resnet18.STUDIES["resnet18-worse"]}
    study = dataclasses.replace(only["resnet18-worse"], batch_size=20)
    few = {ERM: study.methods[ERM]}
    study = dataclasses.replace(study, methods=few)
    monkeypatch.setattr(resnet18, "STUDIES", {"resnet18-worse": study})
    # All of it would take long to compile.
    monkeypatch.setattr(resnet18, "block", lambda x, filters, stride: x)
    line = f"--data {source} --output {tmp_path} --filters 4 4 4 4 --seeds 1"
    line += " --dtype float32 --epochs 6"
    job = {"study": "resnet18-worse", "method": ERM, "seed": 0, "epochs": 6}
    tiny = dataclasses.replace(study, units=(4, 4, 4, 4))
    training = Training(tiny, few[ERM], 0, 6, source, resnet18.build)
    # There is time to begin, and once a block took its time, for no other one.
    soon = time.monotonic() + 0.1
    assert not resnet18.advance(training, Checkpoint(tmp_path, job), 6, soon)
    assert f"{job}: 5 of 6 epochs" in capsys.readouterr().out
    compiled = resnet18.jax.config.jax_compilation_cache_dir
    try:
        resnet18.main([*line.split(), "--minutes", "0"])
        assert "0 of 1 trainings" in capsys.readouterr().out
        resnet18.main([*line.split(), "--minutes", "9"])
    finally:
        resnet18.jax.config.update("jax_compilation_cache_dir", compiled)
    printed = capsys.readouterr().out
    assert f"{job}: 6 of 6 epochs" in printed
    assert f"{job}: 5 of 6 epochs" not in printed
    assert "1 of 1 trainings" in printed
    rows = records.read(tmp_path / "results.csv")
    assert [row["method"] for row in rows] == list(few)
    assert "### ResNet-18, labels of annotators, worse" in printed


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="It is for JAX")
def test_resnet18_finds_how_many_epochs_there_is_time_for(source, monkeypatch):
    from benchmarks.evidence.cifar10 import resnet18

    class Probe:
        """A training of 8 s to compile, and of 2 s an epoch."""

        clock = 0.0

        def __init__(self, *arguments, **how):
            assert how["dtype"] == "mixed_bfloat16"

        def fit(self, first, last):
            Probe.clock += 8.0 * (first == 0) + 2.0 * (last - first)

    monkeypatch.setattr(resnet18, "Training", Probe)
    monkeypatch.setattr(time, "perf_counter", lambda: Probe.clock)
    args = resnet18.arguments(["--data", source])
    jobs = [
        {"study": "resnet18", "method": method, "seed": seed}
        for seed in range(2)
        for method in ("a", "b")
    ]
    # 16 s for the probe, 16 to compile both methods, and 4 trainings.
    epochs = resnet18.number_of_epochs(args, resnet18.STUDIES, jobs, 32 + 8 * 1.3 * 20)
    assert epochs == 20


def test_the_page_holds_tables_and_what_was_expected(source):
    names = methods.STUDIES["clean"].methods
    columns = ("nll", "brier", "ece", "scaled_ece", "gap", "ms")
    base = {"study": "clean", "epochs": 20, **dict.fromkeys(columns, 1.0)}
    rows = [
        {**base, "method": name, "seed": seed, "error": 10.0 - (name != ERM)}
        for name in names
        for seed in (0, 1)
    ]
    text = page.text(rows, [], "python", source)
    assert "### CIFAR-10, 10,000 images, 25 epochs\n" in text
    line = next(x for x in text.splitlines() if x.startswith("| mixup, α = 1 |"))
    assert line.startswith("| mixup, α = 1 | 9.00 ± 0.00 | 1.000 ± 0.000 |")
    assert line.endswith("| **−1.00 ± 0.00** | 1.00× |")
    assert "| clean | fewer errors with mixup |" in text
    assert "does not hold" in text
    assert "ResNet-18" in text


@pytest.fixture
def results():
    """Of two seeds: errors of 20 and 22 % without mixup, half of that with anything."""
    return [
        {
            "study": study,
            "method": method,
            "seed": seed,
            "epochs": 25,
            "error": (20.0 + 2 * seed) * (1 if method == ERM else 0.5),
            "nll": 0.5,
            "ece": 3.0,
        }
        for study, seeds in {
            "clean": [7],
            "worse": [7],
            "clean_long": [0, 1],
            "worse_long": [0, 1],
        }.items()
        for method in summary.methods(study)
        for seed in seeds
    ]


def test_the_page_in_short_has_the_numbers_of_the_results(results):
    assert summary.has_all(results)
    assert not summary.has_all(results[:-2])
    text = summary.text(results, [], "python")
    # Of 20 and 22: a deviation of √2, over √2, times Student's 12.7.
    assert text.count("| no mixup | 21.0 ± 12.7 | 0.500 ± 0.000 | 3.00 ± 0.00 |") == 2
    assert text.count("| CutMix, α = 1 | 10.5 ± 6.4 | 0.500 ± 0.000 | 3.00 ± ") == 1
    assert "| confidence | 10.5 ± 6.4 | 0.500 ± 0.000 | 3.00 ± 0.00 |" in text
    # Of one seed there is no interval.
    assert "| no mixup | 34.0 | 0.500 | 3.00 |" in text
    less = summary.Numbers(results, "worse_long", "error", ERM)
    assert less["confidence"] == "−10.5 ± 6.4"


def test_the_chart_has_a_point_for_every_method_and_kind_of_labels(results):
    (axes,) = summary.chart(results).axes
    points = {
        container.get_label(): container[0].get_xydata()
        for container in axes.containers
    }
    assert [len(points[label]) for label in summary.LABELS.values()] == [3, 3]
    for xy in points.values():
        np.testing.assert_allclose(xy[:, 0], -10.5)
    heights = np.concatenate([xy[:, 1] for xy in points.values()])
    assert len(np.unique(heights)) == 6


def holds(rows, claim):
    return claim.holds(*claim.difference(rows))


@pytest.fixture(scope="module")
def runs():
    """The results of both runs, which have no seed of a study in common."""
    found = [records.read(RESULTS / name) for name in ("results.csv", "second.csv")]
    first, second = ({(row["study"], row["seed"]) for row in run} for run in found)
    assert {study for study, _ in first} == {study for study, _ in second}
    assert not first & second
    return found


def agreement(runs, of):
    """Dict of claims to in how many of the runs they hold."""
    return {claim: sum(holds(run, claim) for run in runs) for claim in of}


def test_most_of_what_was_expected_of_short_trainings_holds_in_neither_run(runs):
    short = [claim for claim in claims.CLAIMS if claim.study in ("clean", "worse")]
    found = agreement(runs, short)
    assert list(found.values()).count(0) > len(short) / 2
    # Small differences, which take more seeds.
    assert [claim.text for claim in short if found[claim] == 1] == [
        "per sample no more than per batch",
        "but not once scaled",
        "similar pairs gain nothing",
        "which its control has not",
    ]


def test_both_runs_agree_on_what_was_expected_of_long_trainings(runs):
    long = [claim for claim in claims.CLAIMS if "long" in claim.study]
    assert len(long) == 10
    assert 1 not in agreement(runs, long).values()


def test_what_the_first_run_found_of_short_trainings_and_the_second_bears_out(runs):
    first, second = runs
    assert all(holds(first, claim) for claim in claims.FOUND)
    found = [
        (claim.study, claim.text) for claim in claims.FOUND if holds(second, claim)
    ]
    assert found == [
        ("clean", "with CutMix"),
        ("clean", "with both in turn"),
        ("worse", "more errors with mixup"),
        ("worse", "with CutMix"),
        ("worse", "even more with strong mixup"),
        ("worse", "more with confidence"),
    ]


def test_a_column_says_of_which_seeds_a_study_is_if_of_fewer(results):
    others = [
        {**row, "seed": row["seed"] + 10} for row in results if "long" in row["study"]
    ]
    others += [{**row, "seed": 12} for row in others if row["study"] == "clean_long"]
    long = [claim for claim in claims.CLAIMS if "long" in claim.study]
    title, _, *lines = report.checked(results, others, long).splitlines()
    assert title.endswith("| seeds 10 to 12 |")
    for line in lines:
        alone = line.endswith("(seeds 10 to 11) |")
        assert alone == line.startswith("| worse_long")


def test_a_run_that_lacks_a_study_says_nothing_of_it(results):
    others = [
        {**row, "seed": row["seed"] + 10}
        for row in results
        if row["study"] == "clean_long"
    ]
    long = [claim for claim in claims.CLAIMS if "long" in claim.study]
    _, _, *lines = report.checked(results, others, long).splitlines()
    assert len(lines) == 10
    for line in lines:
        assert line.endswith("|  |") == line.startswith("| worse_long")


def test_a_first_run_of_one_seed_has_its_pages_beside_a_second(results, source):
    columns = ("brier", "scaled_ece", "gap", "ms")
    alone = [row | dict.fromkeys(columns, 1.0) for row in results if row["seed"] == 7]
    others = [row | {"seed": 8} for row in alone]
    text = page.text(alone, others, "python", source)
    assert "that both runs tell of, 0 hold in both" in text
    assert "| clean | more errors with mixup |" in text


def test_how_many_claims_two_runs_agree_on_by_hand():
    def run(*errors):
        return [
            {"study": "s", "method": method, "seed": seed, "error": error}
            for method, error in errors
            for seed in (0, 1)
        ]

    first, second = run(("a", 1), ("b", 2), ("c", 3)), run(("a", 1), ("b", 2), ("c", 2))
    versus = (("a", "b"), ("b", "a"), ("b", "c"), ("a", "d"))
    of = [Claim("s", " < ".join(names), *names, "error", LESS) for names in versus]
    assert report.agreement(first, second, of) == (
        "Of 3 lines that both runs tell of, 1 hold in both, 1 in neither, and in one "
        "alone “b < c” (s)."
    )
    assert report.agreement(first, first, of).endswith("2 hold in both, 1 in neither.")


def test_studies_of_one_seed_are_in_the_tables_and_are_no_test(source):
    columns = ("nll", "brier", "ece", "scaled_ece", "gap", "ms")
    rows = [
        {
            "study": study,
            "method": method,
            "seed": seed,
            "epochs": 25,
            "error": 10.0,
            **dict.fromkeys(columns, 1.0),
        }
        for study, seeds in {"clean": [0], "clean_long": [0, 1]}.items()
        for method in summary.methods(study)
        for seed in seeds
    ]
    text = page.text(rows, [], "python", source)
    assert "### CIFAR-10, 10,000 images, 25 epochs, seed 0\n" in text
    assert "### CIFAR-10, 5,000 images, 100 epochs\n" in text
    assert "| mixup, α = 1 | 10.0 | 1.000 |" in text
    assert "| clean_long | fewer errors with mixup |" in text
    assert "| clean |" not in text
    assert "inf" not in text
    short = [row for row in rows if row["study"] == "clean"]
    assert "| clean | fewer errors with mixup |" in page.text(short, [], "", source)
