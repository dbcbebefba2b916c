"""The blocks of Python in README and docs, and what the pages say that they print."""

import contextlib
import io
import pathlib
import re
import textwrap
from typing import NamedTuple

import keras
import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BACKENDS = {"TensorFlow": "tensorflow", "JAX": "jax", "PyTorch": "torch"}
FENCE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
TABS = re.compile(r"^<!-- tabs -->\n(.*?)^<!-- end of tabs -->$", re.M | re.S)
TITLE = re.compile(r"^### (.+)$", re.MULTILINE)
DECIMAL = re.compile(r"-?\d+\.\d+")
# What a block needs that is not everywhere, by what it says.
PACKAGES = {
    "tensorflow": r"\btf\.",
    "matplotlib": "plot_mixed",
    **{name: f"import {name}" for name in ("torch", "grain", "datasets", "keras_hub")},
}


class Block(NamedTuple):
    """A block of code, what it prints, and the backend whose tab it stands in."""

    code: str
    output: str | None
    backend: str | None


def blocks_of(text):
    """The blocks of a page. A block of text right behind one is what it prints."""
    fences, blocks = list(FENCE.finditer(text)), []
    for fence, following in zip(fences, [*fences[1:], None]):
        if fence[2] != "python":
            continue
        output = None
        if following is not None and following[2] == "text":
            is_next = not text[fence.end() : following.start()].strip()
            output = textwrap.dedent(following[3]) if is_next else None
        code, tab = textwrap.dedent(fence[3]), tab_at(text, fence.start())
        blocks.append(Block(code, output, BACKENDS.get(tab)))
    return blocks


def tab_at(text, position):
    """The title of the tab that a position of a page is in, or None."""
    for tabs in TABS.finditer(text):
        if tabs.start() < position < tabs.end():
            return TITLE.findall(text, tabs.start(), position)[-1]
    return None


def name_of(page):
    """The path of a page in the repository."""
    return page.relative_to(ROOT).as_posix()


def skip_without_its_packages(block):
    """Skips a block of another backend, or of a package that is not installed."""
    if block.backend not in (None, keras.backend.backend()):
        pytest.skip(f"for {block.backend}")
    for package, trace in PACKAGES.items():
        if re.search(trace, block.code):
            pytest.importorskip(package)


def run(block, title, names):
    """Runs a block with the names that are known, and checks what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block.code, title, "exec"), names)
    if block.output is not None:
        check_output(printed.getvalue(), block.output)


def check_output(printed, expected):
    """Words and integers must be equal, decimal fractions depend on the machine."""
    assert skeleton(printed) == skeleton(expected), printed
    assert decimals(printed) == pytest.approx(decimals(expected), abs=0.05)


def decimals(text):
    """The decimal fractions in a text."""
    return [float(number) for number in DECIMAL.findall(text)]


def skeleton(text):
    """A text without its decimal fractions and the widths of its blanks."""
    return DECIMAL.sub("#", text).split()


def cases(blocks):
    """The page and the number of every block, for `pytest.mark.parametrize`."""
    return [(page, number) for page in blocks for number in range(len(blocks[page]))]


def check_block(blocks, page, number, names):
    """Runs a block of a page behind those before it, and checks what it prints.

    Args:
        blocks: Dict of the names of pages to their blocks.
        page: The name of the page.
        number: Which block it is.
        names: Dict of the names of pages to what their blocks defined so far.
    """
    block = blocks[page][number]
    skip_without_its_packages(block)
    run(block, f"{page}, block {number}", names.setdefault(page, {}))
