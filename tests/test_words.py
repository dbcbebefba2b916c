"""The words of the field, in the prose of README, docs, examples and docstrings."""

import ast
import io
import pathlib
import re
import tokenize

import pytest

import keras_mixup
from tests.documents import PAGES
from tests.documents import ROOT
from tests.documents import name_of

# What not to write, as a pattern, and what to write.
WORDS = {
    r"rows?": "sample, one-hot label, or line of a table",
    r"laws?": "distribution",
    r"chances?": "probability",
    r"by heart": "memorize",
    r"learnt": "learned",
    r"right on (?:TensorFlow|JAX|PyTorch|every backend)": "on TensorFlow",
    r"in a hundred": "percentage points",
    r"(?:dealt|dealing|deals?) out": "assign at random, permute",
    r"surer|sure of itself|too (?:un)?sure": "more confident, over- or underconfident",
    r"without a word": "without a warning",
    r"answers? to the data": "depends on the data",
    r"nestings?": "nested structure",
    r"neighbours?|centres?|colou?rs? in|tumours?": "American spelling, as in Keras",
}
# Where a row is one of a matrix.
ALLOWED = ["each row of noise", "row of zeros", "elements of each row"]
# Made by scripts: the words are those of `benchmarks/`, and of past releases.
MADE = ["docs/changelog.md"]

TEXTS = [page for page in PAGES if name_of(page) not in MADE]
TEXTS += [ROOT / "CONTRIBUTING.md"]
PACKAGE = pathlib.Path(keras_mixup.__file__).parent
SOURCES = [*sorted(PACKAGE.rglob("*.py")), *sorted((ROOT / "examples").glob("*.py"))]


def prose_of_page(text):
    """A page without its code and the targets of its links."""
    for code in (r"^( *)```.*?^\1```", r"`[^`\n]+`", r"\]\([^)]*\)"):
        text = re.sub(code, " ", text, flags=re.MULTILINE | re.DOTALL)
    return text


def prose_of_source(text):
    """Docstrings, messages and comments, without the code in them."""
    strings = [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    prose = "\n".join([*strings, " ".join(comments)])
    prose = re.sub(r"^ *(?:>>>|\.\.\.).*$", " ", prose, flags=re.MULTILINE)
    return re.sub(r"`[^`]+`", " ", prose)


def unwelcome(prose):
    """The words of a text that are on the list, each with what to write instead."""
    prose = " ".join(prose.split())
    for phrase in ALLOWED:
        prose = prose.replace(phrase, " ")
    found = re.finditer(rf"(?<![\w.])(?:{'|'.join(WORDS)})(?![\w.]*\w)", prose, re.I)
    for match in found:
        instead = [
            word for bad, word in WORDS.items() if re.fullmatch(bad, match[0], re.I)
        ]
        context = prose[max(match.start() - 40, 0) : match.end() + 40]
        yield f"{match[0]!r}, write {instead[0]!r}: …{context}…"


@pytest.mark.parametrize("page", TEXTS, ids=name_of)
def test_pages_use_the_words_of_the_field(page):
    assert not list(unwelcome(prose_of_page(page.read_text("utf-8"))))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: "/".join(path.parts[-3:]))
def test_docstrings_and_messages_use_the_words_of_the_field(source):
    assert not list(unwelcome(prose_of_source(source.read_text("utf-8"))))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rows are mixed by chance.", 2),
        ("```python\nrows = law\n```\n`rows`, [a](rows.md), arrows, lawful, prow", 0),
        ("One error\nin a hundred", 1),
        ("A row of zeros, and a row.", 1),
    ],
)
def test_the_list_finds_words_in_prose_alone(text, expected):
    assert len(list(unwelcome(prose_of_page(text)))) == expected


def test_the_list_reads_docstrings_messages_and_comments():
    source = '''
def rows(law):
    """Mixes rows.

    >>> rows(1)
    """
    # By chance.
    raise ValueError(f"The law {law} of `rows`.")
'''
    assert len(list(unwelcome(prose_of_source(source)))) == 3
