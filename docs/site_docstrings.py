"""Makes Markdown of what Keras's docstrings have and Google's do not."""

import ast
import re
import textwrap

import griffe

# A section whose text is indented, as `Args:` is.
OTHER_SECTIONS = ("Call arguments", "References", "Returns", "Shapes")
# Of those, the ones that are no lists of names.
TEXTS = ("References", "Returns")


def as_markdown(text):
    """A docstring in which examples are fenced, and sections are headings.

    Args:
        text: The docstring, its common indentation taken off.

    Returns:
        The same as Markdown, but for the sections of Google's style.
    """
    text = re.sub(r"^Example:$", "**Example:**", text, flags=re.MULTILINE)
    text = re.sub(r"^>>> .*\n?(?:^.+\n?)*", _fenced, text, flags=re.MULTILINE)
    names = "|".join(OTHER_SECTIONS)
    section = re.compile(rf"^({names}):\n((?:    .*\n?|\n)+)", re.MULTILINE)
    return section.sub(_heading, text)


def _fenced(match):
    return f"```pycon\n{match[0].rstrip()}\n```\n"


def _heading(match):
    body = textwrap.dedent(match[2]).strip()
    if match[1] not in TEXTS:
        body = re.sub(r"^(\w+): ", r"- **`\1`**: ", body, flags=re.MULTILINE)
    return f"**{match[1]}:**\n\n{body}\n\n"


class KerasDocstrings(griffe.Extension):
    """Hands every docstring over as Markdown, and every public name as what it is."""

    def on_attribute_instance(self, *, attr, **kwargs):
        """Takes what a `Parameter` of a layer means from its second argument."""
        value = attr.value
        if isinstance(value, griffe.ExprCall) and str(value.function) == "Parameter":
            attr.docstring = griffe.Docstring(
                ast.literal_eval(str(value.arguments[1])), parent=attr
            )
            attr.value = None  # How it is checked is no value that it has.

    def on_class(self, *, cls, **kwargs):
        """Gives a named tuple the constructor that its fields make."""
        if "NamedTuple" not in map(str, cls.bases):
            return
        fields = [each for each in cls.attributes.values() if each.annotation]
        parameters = [griffe.Parameter("self")] + [
            griffe.Parameter(
                each.name,
                annotation=each.annotation,
                default=None if each.value is None else str(each.value),
                kind=griffe.ParameterKind.positional_or_keyword,
            )
            for each in fields
        ]
        init = griffe.Function("__init__", parameters=griffe.Parameters(*parameters))
        cls.set_member("__init__", init)

    def on_instance(self, *, obj, **kwargs):
        """Rewrites the docstring of an object, if it has one."""
        if obj.docstring and not obj.is_alias:
            obj.docstring.value = as_markdown(obj.docstring.value)

    def on_package(self, *, pkg, **kwargs):
        """Shows the function `random.beta`, not the module of this name, as Python."""
        for module in pkg.modules.values():
            for name in set(module.exports or ()) & set(module.modules):
                function = module[name][name]
                module.del_member(name)
                module.set_member(name, griffe.Alias(name, function, parent=module))
