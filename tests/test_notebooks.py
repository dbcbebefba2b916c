"""Every notebook at its smallest: `pytest -m examples`, where its packages are."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "docs" / "tutorials"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
RUN = """
import json, sys
names = {}
for number, source in enumerate(json.load(sys.stdin)):
    lines = [line for line in source.splitlines() if not line.startswith("%")]
    exec(compile("\\n".join(lines), f"cell {number}", "exec"), names)
"""


def sources(path):
    """The code of a notebook, and what each cell of it printed."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in code], [c["outputs"] for c in code]


def test_there_is_a_notebook():
    assert [path.stem for path in NOTEBOOKS] == ["first_training"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stored(path):
    shows = ("print(", "plot_mixed(")
    for source, outputs in zip(*sources(path)):
        assert bool(outputs) == any(name in source for name in shows), source
        for output in outputs:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr"
            if "plot_mixed(" in source:
                assert "image/png" in output["data"]


@pytest.mark.examples
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path, tmp_path):
    finished = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(sources(path)[0]),
        env={**os.environ, "TINY": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.count("test error") == 8
    assert "nan" not in finished.stdout
