import argparse
import pathlib

import numpy as np
import pytest

from benchmarks.evidence import claims
from benchmarks.evidence import intervals
from benchmarks.evidence import measures
from benchmarks.evidence import pool
from benchmarks.evidence import records

P = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.7, 0.3]])
Y = np.array([0, 1, 1, 0])


def test_measures_of_four_rows_by_hand():
    found = measures.classification(P, Y)
    assert found["error"] == 25
    assert found["nll"] == pytest.approx(-np.log([0.9, 0.1, 0.6, 0.7]).mean())
    brier = 2 * np.mean([0.1**2, 0.9**2, 0.4**2, 0.3**2])
    assert found["brier"] == pytest.approx(brier)
    # Of the bin at 0.9: confidence 0.9 and accuracy ½; elsewhere 0.4 and 0.3 missing.
    assert found["ece"] == pytest.approx(100 * (0.8 + 0.4 + 0.3) / 4)
    assert found["gap"] == pytest.approx(100 * (0.8 - 0.4 - 0.3) / 4)


def test_a_network_that_is_too_sure_is_scaled_back():
    rng = np.random.default_rng(0)
    true = rng.dirichlet(np.ones(3), 4000)
    y = np.array([rng.choice(3, p=p) for p in true])
    too_sure = measures.scale(true, 1 / 3)
    assert measures.temperature(too_sure, y) == pytest.approx(3, rel=0.1)
    np.testing.assert_allclose(measures.scale(too_sure, 3), true, rtol=1e-6)
    found = measures.classification(too_sure, y)
    assert found["scaled_ece"] < 3 < 10 < found["ece"]


def test_certain_predictions_have_finite_measures():
    found = measures.classification(np.eye(2)[[0, 1]].astype("float32"), Y[[0, 0]])
    assert np.isfinite(list(found.values())).all()
    assert found["error"] == 50


def test_regression_is_in_the_unit_of_the_data():
    found = measures.regression(np.array([[1.0], [2.0]]), np.array([[0.0], [5.0]]), 10)
    assert found["rmse"] == pytest.approx(10 * np.sqrt(5))
    assert found["mae"] == pytest.approx(20)


def test_intervals_are_those_of_the_t_test():
    from scipy import stats

    values = np.random.default_rng(0).normal(size=9)
    middle, half = intervals.mean(values)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (middle - half, middle + half) == pytest.approx((low, high))
    assert intervals.mean([2.0]) == (2.0, np.inf)


def test_differences_are_between_trainings_of_one_seed(tmp_path):
    file = tmp_path / "results.csv"
    for seed, (a, b) in enumerate([(1.0, 3.0), (5.0, 8.0), (2.0, 3.0)]):
        for method, error in {"a": a, "b": b}.items():
            job = {"study": "s", "method": method, "seed": seed, "epochs": 3}
            records.append(file, {**job, "error": error, "ms": 1.0})
    rows = records.read(file)
    assert len({records.key(row) for row in rows}) == 6
    assert intervals.difference(rows[:5], "s", "a", "b", "error")[0] == -2.5
    middle, half = intervals.difference(rows, "s", "a", "b", "error")
    assert middle == -2
    assert half == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)
    assert intervals.ratio(rows, "s", "a", "b", "ms") == (1.0, 0.0)


def test_all_methods_of_a_seed_are_trained_before_the_next_seed():
    args = argparse.Namespace(first_seed=4, seeds=2)
    jobs = pool.jobs(args, {"a": (3, ["m", "n"]), "b": (5, ["m"])})
    found = [(job["seed"], job["study"], job["method"], job["epochs"]) for job in jobs]
    of_a_seed = [("a", "m", 3), ("a", "n", 3), ("b", "m", 5)]
    assert found == [(seed, *rest) for seed in (4, 5) for rest in of_a_seed]


def test_only_what_is_not_in_the_file_is_trained(tmp_path, monkeypatch):
    file, trained = tmp_path / "results.csv", []

    def train_all(todo, file, processes, work):
        for job in todo:
            trained.append(job["seed"])
            records.append(file, work(job))

    def work(job):
        return {**job, "error": 1.0 + job["seed"], "ms": 1.0}

    monkeypatch.setattr(pool, "train_all", train_all)
    jobs = [
        {"study": "s", "method": "m", "seed": seed, "epochs": 3} for seed in range(4)
    ]
    assert len(pool.results(jobs[:2], file, 1, work)) == 2
    rows = pool.results(jobs[1:], file, 1, work)
    assert trained == [0, 1, 2, 3]
    assert [row["error"] for row in rows] == [2, 3, 4]
    assert pool.results(jobs[1:], file, 1, work) == rows
    assert len(trained) == 4


@pytest.mark.parametrize("page", ["README.md", "docs/when_it_helps.md"])
def test_tables_of_results_are_cut_out_of_the_evidence(page):
    root = pathlib.Path(__file__).parents[1]
    pages = (root / "docs/evidence").rglob("*.md")
    cells = [cell for page in pages for cell in page.read_text("utf-8").split("|")]
    printed = {cell.strip() for cell in cells}
    lines = (root / page).read_text("utf-8").splitlines()
    rows = [line.split("|") for line in lines if line.startswith("|")]
    numbers = [cell.strip() for row in rows for cell in row if "±" in cell]
    assert len(numbers) > 10
    assert not set(numbers) - printed


@pytest.mark.parametrize(
    ("verdict", "mean", "half", "holds"),
    [
        (claims.LESS, -1, 0.9, True),
        (claims.LESS, -1, 1.1, False),
        (claims.LESS, 1, 0.9, False),
        (claims.MORE, 1, 0.9, True),
        (claims.MORE, 1, 1.1, False),
        (claims.MORE, -1, 0.9, False),
        (claims.SAME, -0.4, 0.5, True),
        (claims.SAME, 0, 1.1, False),
        (claims.SAME, 0.6, 0.5, False),
        (claims.SAME, -0.6, 0.5, False),
        (claims.NO_LESS, 0.6, 0.5, True),
        (claims.NO_LESS, -0.6, 0.5, False),
        (claims.NO_MORE, -0.6, 0.5, True),
        (claims.NO_MORE, 0.6, 0.5, False),
    ],
)
def test_a_claim_is_held_to_all_of_its_interval(verdict, mean, half, holds):
    assert claims.MARGINS["error"] == 1
    claim = claims.Claim("study", "text", "a", "b", "error", verdict)
    assert claim.holds(mean, half) is holds
