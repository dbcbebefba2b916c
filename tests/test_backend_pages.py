"""Pages whose code runs on every backend, by the tab of that backend."""

import pytest

from tests.documents import ROOT
from tests.documents import blocks_of
from tests.documents import name_of
from tests.documents import run
from tests.documents import skip_without_its_packages

PAGES = [ROOT / "docs/guides/loops.md", ROOT / "docs/guides/loaders.md"]
BLOCKS = {name_of(page): blocks_of(page.read_text("utf-8")) for page in PAGES}


@pytest.fixture(scope="module")
def names():
    """What the blocks of a page defined so far: they are read one after the other."""
    return {page: {} for page in BLOCKS}


@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in BLOCKS for number in range(len(BLOCKS[page]))],
)
def test_block_runs(page, number, names):
    block = BLOCKS[page][number]
    skip_without_its_packages(block)
    run(block, f"{page}, block {number}", names[page])


def test_every_backend_has_the_same_loops():
    tabs = [block.backend for block in BLOCKS["docs/guides/loops.md"] if block.backend]
    assert tabs == ["tensorflow", "jax", "torch"] * 2
