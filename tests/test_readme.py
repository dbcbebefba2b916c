import re

import keras
import numpy as np
import pytest

from tests.documents import PAGES
from tests.documents import blocks_of
from tests.documents import cases
from tests.documents import check_block
from tests.documents import check_output
from tests.documents import name_of
from tests.documents import run
from tests.test_backend_pages import BLOCKS as ELSEWHERE

BLOCKS = {name_of(page): blocks_of(page.read_text("utf-8")) for page in PAGES}
BLOCKS = {page: blocks for page, blocks in BLOCKS.items() if page not in ELSEWHERE}
# What the blocks of each page defined so far: they are read one after the other.
NAMES = {}


@pytest.mark.parametrize(("page", "number"), cases(BLOCKS))
def test_block_runs(page, number):
    check_block(BLOCKS, page, number, NAMES)


def test_every_fence_of_python_is_found():
    for page in PAGES:
        text = page.read_text("utf-8")
        assert len(blocks_of(text)) == len(re.findall(r"```python\b", text)), page


def test_what_a_block_prints_is_checked():
    page = 'Text.\n\n```python\nprint("a", 0.5, 7)\n```\n\n```text\na  0.52 7\n```\n'
    (block,) = blocks_of(page)
    run(block, "page", {})
    for other in ("a 0.5 8\n", "b 0.5 7\n", "a 0.6 7\n", "a 0.5\n"):
        with pytest.raises(AssertionError):
            check_output("a 0.5 7\n", other)


def test_blocks_in_tabs_have_a_backend():
    tab = "### {}\n\n```python\nx = 1\nif x:\n    x = 2\n```\n\n"
    tabs = tab.format("JAX") + tab.format("PyTorch")
    page = f"<!-- tabs -->\n\n{tabs}<!-- end of tabs -->\n\n```python\ny = 3\n```\n"
    blocks = blocks_of(page)
    assert [block.backend for block in blocks] == ["jax", "torch", None]
    assert blocks[1].code == "x = 1\nif x:\n    x = 2\n"


def test_what_the_blocks_made_trains():
    names = NAMES["README.md"]
    tokens = np.random.default_rng(0).integers(0, 1000, (16, 7))
    text_model = names["text_model"]
    text_model.fit(tokens, np.arange(16) % 4, verbose=0)
    assert np.isfinite(text_model.history.history["loss"]).all()
    assert names["mixed_labels"].sum(1) == pytest.approx(np.ones(64), abs=1e-5)
    assert keras.ops.convert_to_numpy(names["pair_loss"]).shape == (64,)
