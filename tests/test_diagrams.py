import importlib.util
import pathlib

import pytest

DOCS = pathlib.Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("d", DOCS / "site_diagrams.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_diagrams_are_those_that_the_script_draws(script):
    files = {path.stem: path.read_text("utf-8") for path in DOCS.glob("diagrams/*.svg")}
    assert files == {name: script.drawn(name) for name in script.DIAGRAMS}
