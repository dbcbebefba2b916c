"""Every example, at its smallest: `pytest -m examples`, where their packages are."""

import pathlib
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.examples

FOLDER = pathlib.Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))
EXAMPLES.remove("comparison")  # What the others share.
# What the packages of the example carry, and not what it would download.
OFFLINE = {"cifar10": ["--data", "digits", "--filters", "8", "--epochs", "2"]}


def numbers(row):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e[+-]\d+)?", row)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_a_table_and_draws(name, tmp_path):
    size = [] if name == "sampler" else ["--epochs", "1"]
    size += [] if name == "quickstart" else ["--seeds", "1"]
    size += OFFLINE.get(name, [])
    script = FOLDER / f"{name}.py"
    finished = subprocess.run(
        [sys.executable, script, *size],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    rows = re.findall(r"^.*(?:\d ± \S|\d%.*\d%).*$", finished.stdout, re.MULTILINE)
    assert len(rows) >= 2
    for row in rows:
        assert "nan" not in row
        assert len(numbers(row)) >= 2
    source = script.read_text("utf-8")
    if "--output" in source or "output=" in source:
        assert {path.suffix for path in tmp_path.iterdir()} == {".png"}
