"""Pages whose code runs on every backend, by the tab of that backend."""

import pytest

from tests.documents import ROOT
from tests.documents import blocks_of
from tests.documents import cases
from tests.documents import check_block
from tests.documents import name_of

PAGES = [
    ROOT / f"docs/guides/{name}.md"
    for name in ("loops", "loaders", "from_torchvision_timm")
]
BLOCKS = {name_of(page): blocks_of(page.read_text("utf-8")) for page in PAGES}
# What the blocks of each page defined so far: they are read one after the other.
NAMES = {}


@pytest.mark.parametrize(("page", "number"), cases(BLOCKS))
def test_block_runs(page, number):
    check_block(BLOCKS, page, number, NAMES)


def test_every_backend_has_the_same_loops():
    tabs = [block.backend for block in BLOCKS["docs/guides/loops.md"] if block.backend]
    assert tabs == ["tensorflow", "jax", "torch"] * 2
