"""Tables that are read on phones, and long ones that are folded."""

from xml.etree import ElementTree

from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor

WIDE, LONG = 5, 16  # Columns that no phone has room for, and rows that are folded.


class TableProcessor(Treeprocessor):
    """Marks wide tables, for `site.css` to make lists of, and folds long ones."""

    def run(self, root):
        """Goes through all tables of a page."""
        parents = {child: parent for parent in root.iter() for child in parent}
        for table in [*root.iter("table")]:
            names = [text_of(cell) for cell in table.findall("thead/tr/th")]
            rows = table.findall("tbody/tr")
            if len(names) >= WIDE:
                table.set("data-wide", "")
                for row in rows:
                    for name, cell in zip(names, row):
                        cell.set("data-label", name)
            if len(rows) >= LONG and not is_folded(table, parents):
                fold(table, parents[table], f"Table of {len(rows)} rows")


def is_folded(element, parents):
    """Whether an element is inside of a `details` already."""
    while element in parents:
        element = parents[element]
        if element.tag == "details":
            return True
    return False


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
    """The treatment of tables, as an extension of Python-Markdown."""

    def extendMarkdown(self, md):  # noqa: N802
        """Comes after inline markup, so that cells have their text."""
        md.treeprocessors.register(TableProcessor(md), "site_tables", 5)
