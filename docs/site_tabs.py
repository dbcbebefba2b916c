"""Sections of a page that are tabs on the site, and sections where it is read raw."""

import re
import textwrap

# Comments, which GitHub does not show, around sections of one level.
TABS = re.compile(r"^<!-- tabs -->\n(.*?)^<!-- end of tabs -->$", re.M | re.S)
TITLE = re.compile(r"^#{3} (.+)\n", re.MULTILINE)


def as_tabs(markdown):
    """A page in which sections between the comments are tabs of Material."""
    return TABS.sub(_tabs, markdown)


def _tabs(found):
    _, *sections = TITLE.split(found[1])
    return "\n".join(
        f'=== "{title}"\n\n{textwrap.indent(text.strip(), " " * 4)}\n'
        for title, text in zip(sections[::2], sections[1::2])
    )
