import pathlib
import re

import keras
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = {
    page.relative_to(ROOT).as_posix(): re.findall(
        r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL
    )
    for page in PAGES
}


@pytest.fixture(scope="module")
def names():
    """What the blocks of a page defined so far: they are read one after the other."""
    rng = np.random.default_rng(0)
    given = {
        "np": np,
        "images": rng.integers(0, 256, (64, 28, 28, 1), "uint8"),
        "labels": rng.integers(0, 10, 64),
    }
    return {page: dict(given) for page in BLOCKS}


@pytest.mark.parametrize(
    ("page", "block"), [(page, i) for page in BLOCKS for i in range(len(BLOCKS[page]))]
)
def test_block_runs(page, block, names):
    code = BLOCKS[page][block]
    if re.search(r"\btf\.", code):
        pytest.importorskip("tensorflow")
    if "plot_mixed" in code:
        pytest.importorskip("matplotlib")
    if "import torch" in code:
        pytest.importorskip("torch")
    exec(compile(code, f"{page}, block {block}", "exec"), names[page])


def test_what_the_blocks_made_trains(names):
    names = names["README.md"]
    names["model"].fit(names["images"] / 255.0, names["labels"], verbose=0)
    assert np.isfinite(names["model"].history.history["loss"]).all()
    tokens = np.random.default_rng(0).integers(0, 1000, (16, 7))
    text_model = names["text_model"]
    text_model.fit(tokens, np.arange(16) % 4, verbose=0)
    assert np.isfinite(text_model.history.history["loss"]).all()
    assert names["mixed_labels"].sum(1) == pytest.approx(np.ones(64), abs=1e-5)
    assert keras.ops.convert_to_numpy(names["pair_loss"]).shape == (64,)
