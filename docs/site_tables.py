"""Tables that are read on phones, and those of all results, which are folded."""

import re
from xml.etree import ElementTree

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

# Columns that no phone has room for, and those that it has room for if they are short.
WIDE, SHORT, CHARACTERS = 5, 4, 80
DENSE = 8  # Columns that a desktop has room for only if they are close.
LONG = 6  # Rows that are folded on pages of numbers.


class TableProcessor(Treeprocessor):
    """Marks wide tables, for `site.css` to make lists of, and folds long ones.

    Args:
        md: The `markdown.Markdown` that it belongs to.
        folds: Function that says whether long tables of the page are folded.
    """

    def __init__(self, md, folds):
        super().__init__(md)
        self.folds = folds

    def run(self, root):
        """Goes through all tables of a page."""
        parents = {child: parent for parent in root.iter() for child in parent}
        for table in [*root.iter("table")]:
            for element in table.iter():
                element.text = unbroken(element.text)
                element.tail = unbroken(element.tail)
            names = [text_of(cell) for cell in table.findall("thead/tr/th")]
            rows = table.findall("tbody/tr")
            if is_wide(names, rows):
                table.set("data-wide", "dense" if len(names) >= DENSE else "")
                for row in rows:
                    for name, cell in zip(names, row):
                        label(cell, name)
            is_long = len(rows) >= LONG and not is_folded(table, parents)
            if is_long and self.folds():
                fold(table, parents[table], f"Table of {len(rows)} rows")


def is_wide(names, rows):
    """Whether a table has more text side by side than a phone has room for."""
    columns = zip(*([text_of(cell) for cell in row] for row in rows))
    characters = sum(max(map(len, column)) for column in columns)
    return len(names) >= WIDE or (len(names) == SHORT and characters > CHARACTERS)


def label(cell, name):
    """Gives a cell the name of its column, and makes one element of what is in it."""
    content = ElementTree.Element("div")
    content.text, cell.text = cell.text, None
    for child in list(cell):
        cell.remove(child)
        content.append(child)
    cell.append(content)
    cell.set("data-label", name.replace(".", ".\N{ZERO WIDTH SPACE}"))


def is_folded(element, parents):
    """Whether an element is inside of a `details` already."""
    while element in parents:
        element = parents[element]
        if element.tag == "details":
            return True
    return False


def unbroken(text):
    """Keeps a number and its interval on one line, and α and its value."""
    return text and re.sub(r"(?<=α) = | ± ", with_no_break_spaces, text)


def with_no_break_spaces(found):
    """What was found, with spaces at which no line breaks."""
    return found[0].replace(" ", "\N{NO-BREAK SPACE}")


def text_of(element):
    """All text of an element, without its tags."""
    return "".join(element.itertext()).strip()


def fold(table, parent, summary):
    """Puts a table into a `details`."""
    details = ElementTree.Element("details")
    ElementTree.SubElement(details, "summary").text = summary
    index = list(parent).index(table)
    parent.remove(table)
    details.tail, table.tail = table.tail, None
    details.append(table)
    parent.insert(index, details)


class Tables(Extension):
    """The treatment of tables, as an extension of Python-Markdown.

    Its attribute `folds` says whether long tables of the page at hand are folded.
    """

    folds = False

    def extendMarkdown(self, md):  # noqa: N802
        """Comes after inline markup, so that cells have their text."""
        processor = TableProcessor(md, lambda: self.folds)
        md.treeprocessors.register(processor, "site_tables", 5)
