"""What the site does with pages: version, descriptions, math, diagrams, notebooks."""

import html
import json
import pathlib
import re
import sys

from latex2mathml.converter import convert
from mkdocs.structure.files import File

DOCS = pathlib.Path(__file__).parent
sys.path.append(str(DOCS))

from site_notebooks import as_markdown
from site_tables import Tables
from site_tabs import as_tabs

# Pages of numbers, which begin with what follows from them.
FOLDED = (
    *("benchmarks.md", "evidence/index.md", "evidence/cifar10/numbers.md"),
    "evidence/policies.md",
)
TABLES = Tables()
# Where long code breaks: before the next name, the arguments, a value and a file.
SHORT = 20
BREAKS = re.compile(
    r"(?<=[A-Za-z_]\.)(?=[A-Za-z_]\w{3})|(?<=\w[\[(=/])(?=[A-Za-z&(\[])|(?<=\))(?=\.\w)"
)
DESCRIPTION = 160  # Characters, of which search engines show no more.


def on_config(config):
    """Names the version, and lets tables be read on phones."""
    text = (DOCS.parent / "keras_mixup" / "__init__.py").read_text("utf-8")
    version = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)[1]
    config.site_name = f"{config.site_name} {version}"
    config.copyright = f"keras_mixup {version}, Apache-2.0."
    config.markdown_extensions.append(TABLES)
    if config.repo_url:
        config.edit_uri = "edit/main/docs/"
    return config


def on_files(files, config):
    """Makes a page of every notebook."""
    for notebook in [file for file in files if file.src_uri.endswith(".ipynb")]:
        text = pathlib.Path(notebook.abs_src_path).read_text("utf-8")
        page = notebook.src_uri.removesuffix(".ipynb") + ".md"
        content = as_markdown(json.loads(text), notebook.name)
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown, page, **kwargs):
    """Describes a page by its first paragraph, and prepares its tables and tabs."""
    page.meta.setdefault("description", first_paragraph(markdown))
    TABLES.folds = page.file.src_uri in FOLDED
    return as_tabs(markdown)


def first_paragraph(markdown):
    """The first paragraph of a page as plain text, of one line."""
    text = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<[^>]+>", "", text)
    for paragraph in re.split(r"\n\s*\n", text):
        if re.match(r"\s*(#|!\[|\||:::|--8<--|[-*] |$)", paragraph):
            continue
        plain = re.sub(r"!?\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])", r"\1", paragraph)
        plain = " ".join(re.sub(r"[*`]", "", plain).split())
        if len(plain) > DESCRIPTION:
            plain = plain[: DESCRIPTION - 1].rpartition(" ")[0] + "…"
        return html.escape(plain)
    return None


def on_page_content(content, **kwargs):
    """Shows math without a script, diagrams in the page's colors, pictures enlarged."""
    content = re.sub(
        r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>',
        lambda found: as_mathml(found[2], found[1]),
        content,
        flags=re.DOTALL,
    )
    content = re.sub(r"(?<!</span>)<code>([^<]+)</code>", breakable, content)
    # Nothing stands between the default of an argument and its parenthesis.
    content = re.sub(r"(default:\s+<code>.*</code>)\s+\)", r"\1)", content)
    # On a phone a picture is small: it opens by itself, to be enlarged.
    picture = r'<p>(<img [^>]*?src="(?!data:)([^"]+\.png)"[^>]*>)</p>'
    content = re.sub(picture, r'<p><a href="\2">\1</a></p>', content)
    return re.sub(r'<img ([^>]*?)src="[^"]*diagrams/(\w+)\.svg"[^>]*>', inline, content)


def breakable(found):
    """Code in a line of text, with the places where a phone may break it."""
    code = found[1]
    if code.startswith("--"):  # An option, which breaks at none of its hyphens.
        return f'<code class="option">{code}</code>'
    return f"<code>{BREAKS.sub('<wbr>', code) if len(code) > SHORT else code}</code>"


def as_mathml(latex, tag):
    """A formula as MathML, in a box that scrolls if it stands on its own."""
    display = "block" if tag == "div" else "inline"
    math = convert(html.unescape(latex), display=display)
    return f'<div class="math">{math}</div>' if tag == "div" else math


def inline(found):
    """The drawing itself in place of a link to it, so that it has the text's color."""
    svg = (DOCS / "diagrams" / f"{found[2]}.svg").read_text("utf-8")
    svg = re.sub(r"<style>.*?</style>", "", svg, flags=re.DOTALL)
    alt = re.search(r'alt="([^"]*)"', found[1])
    label = alt[1] if alt else found[2]
    attributes = f'class="diagram" role="img" aria-label="{label}"'
    return svg.replace("<svg ", f"<svg {attributes} ", 1).strip()
