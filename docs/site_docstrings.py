"""Makes Markdown of what Keras's docstrings have and Google's do not."""

import re
import textwrap

import griffe

# A section whose text is indented, as `Args:` is.
OTHER_SECTIONS = ("Call arguments", "References", "Shapes")


def as_markdown(text):
    """A docstring in which examples are fenced, and sections are headings.

    Args:
        text: The docstring, its common indentation taken off.

    Returns:
        The same as Markdown, but for the sections of Google's style.
    """
    text = re.sub(r"^Example:$", "**Example**", text, flags=re.MULTILINE)
    text = re.sub(r"^>>> .*\n?(?:^.+\n?)*", _fenced, text, flags=re.MULTILINE)
    names = "|".join(OTHER_SECTIONS)
    section = re.compile(rf"^({names}):\n((?:    .*\n?|\n)+)", re.MULTILINE)
    return section.sub(_heading, text)


def _fenced(match):
    return f"```pycon\n{match[0].rstrip()}\n```\n"


def _heading(match):
    body = textwrap.dedent(match[2]).strip()
    if match[1] != "References":
        body = re.sub(r"^(\w+): ", r"- **`\1`**: ", body, flags=re.MULTILINE)
    return f"**{match[1]}**\n\n{body}\n\n"


class KerasDocstrings(griffe.Extension):
    """Hands every docstring over as Markdown."""

    def on_instance(self, *, obj, **kwargs):
        """Rewrites the docstring of an object, if it has one."""
        if obj.docstring and not obj.is_alias:
            obj.docstring.value = as_markdown(obj.docstring.value)
