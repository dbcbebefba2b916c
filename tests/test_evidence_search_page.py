import sys

import numpy as np
import pytest

from benchmarks.evidence import records

pytest.importorskip("jax")

from benchmarks.evidence.search import __main__ as command
from benchmarks.evidence.search import page
from benchmarks.evidence.search import verdicts
from benchmarks.evidence.search.methods import control


def results_of(errors):
    """Rows of one set, of the errors of each method in the order of the seeds."""
    return [
        {"study": "mnist1d", "method": method, "seed": seed, "error": error, "nll": 1.0}
        for method, values in errors.items()
        for seed, error in enumerate(values)
    ]


def test_a_rule_has_to_beat_the_best_alpha_and_its_control():
    name = "2(1 − p)"
    errors = {
        "no mixup": [39.0, 40.0, 41.0],
        "mixup, α = 0.2": [36.0, 37.0, 38.0],
        "mixup, α = 1": [35.0, 36.1, 36.9],
        "mixup, α = 1, cooldown": [33.0, 35.0, 36.0],
        name: [33.0, 34.0, 35.0],
        control(name): [34.0, 35.1, 35.9],
    }
    rows = results_of(errors)
    assert verdicts.best(rows, "mnist1d") == "mixup, α = 1"
    found = verdicts.difference(rows, "mnist1d", name, "mixup, α = 1")
    assert found.mean == pytest.approx(-2)
    assert found.is_lower
    assert verdicts.beats(rows, "mnist1d", name)
    assert not verdicts.beats(
        results_of(errors | {control(name): [32, 34, 36]}), "mnist1d", name
    )
    assert not verdicts.beats(rows[:-3], "mnist1d", name)
    assert not verdicts.beats(rows, "cifar10", name)
    table = page.tables(rows)
    assert f"| {name} | 3 | 34.0 ± 2.5 | **−2.00 ± 0.25** | **−1.00 ± 0.25** |" in table
    assert page.tables(rows).count("\n| ") == 7


def test_the_answer_needs_seeds_controls_and_two_sets():
    name = "2(1 − p)"
    seeds = np.arange(8.0)
    errors = {"mixup, α = 1": 30 + seeds, name: 28 + seeds, control(name): 29 + seeds}
    one = results_of(errors)
    both = [*one, *({**row, "study": "cifar10"} for row in one)]
    assert "Not known yet" in page.answer(one)
    assert "Not known yet" in page.answer([row for row in both if row["seed"]])
    without = [row for row in both if row["method"] != control(name)]
    assert "Not known yet" in page.answer(without)
    assert "On two sets or more these do" in page.answer(both)
    worse = [{**row, "error": -row["error"], "study": "cifar10"} for row in one]
    answer = page.answer([*one, *worse])
    assert "None of the rules does" in answer
    assert "On one set: `2(1 − p)` (MNIST-1D, 4000 curves)" in answer


def test_the_first_run_says_which_rules_were_ahead_and_where():
    errors = {"mixup, α = 1": [30, 32], "2(1 − p)": [29, 32], "near": [31, 32]}
    one = results_of(errors)
    other = [{**row, "error": -row["error"], "study": "cifar10"} for row in one]
    ahead = page.ahead([*one, *other])
    assert "2 rules in 2 families. None of them has, on two sets" in ahead
    assert "- MNIST-1D, 4000 curves: `2(1 − p)`." in ahead
    assert "- MNIST, 1000 images: none." in ahead
    twice = page.ahead([*one, *({**row, "study": "cifar10"} for row in one)])
    assert "1 of them has, on two sets of clean labels or more, a lower" in twice


def test_the_command_resumes_and_prints_a_page(tmp_path, monkeypatch, capsys):
    pytest.importorskip("mlxtend")
    output = tmp_path / "new" / "found"
    arguments = ["search", "--quick", "--output", str(output), "--processes", "1"]
    monkeypatch.setattr(sys, "argv", arguments)
    trained = []

    def results(wanted, file, processes, work):
        done = {records.key(row) for row in records.read(file)}
        for job in wanted:
            if records.key(job) not in done:
                trained.append(job)
                records.append(file, work(job))
        return records.read(file)

    monkeypatch.setattr(command, "results", results)
    command.main()
    first = output.with_suffix(".md").read_text("utf-8")
    assert first in capsys.readouterr().out
    assert "### MNIST, 1000 images" in first
    count = len(trained)
    # No mixup, one α, it with cooldown, the rule and its control.
    assert count == 2 * 5
    command.main()
    assert len(trained) == count
    assert output.with_suffix(".md").read_text("utf-8") == first


def test_cifar10_needs_its_file(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["search", "--sets", "cifar10"])
    with pytest.raises(SystemExit):
        command.arguments()
    assert "['cifar10'] need --data" in capsys.readouterr().err
