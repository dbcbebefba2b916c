"""Pages of the site made of notebooks, with what their cells printed."""

import re


def as_markdown(notebook, name):
    """A notebook as Markdown.

    Args:
        notebook: The notebook, as JSON has it.
        name: Its name without `.ipynb`, to link to it.

    Returns:
        The text of a page.
    """
    first, *others = notebook["cells"]
    download = f"[Download this notebook]({name}.ipynb) for Colab, Kaggle or Jupyter.\n"
    return "\n".join([_cell(first), download, *map(_cell, others)])


def _cell(cell):
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return f"{source}\n"
    alt = cell["metadata"].get("alt", "What the cell draws")
    outputs = [_output(output, alt) for output in cell["outputs"]]
    return "\n".join([_fenced(source, "python"), *outputs])


def _output(output, alt):
    if output["output_type"] == "stream":
        return _fenced("".join(output["text"]), "text")
    data = output["data"]
    if "image/png" in data:
        png = re.sub(r"\s", "", "".join(data["image/png"]))
        return f"![{alt}](data:image/png;base64,{png})\n"
    return _fenced("".join(data["text/plain"]), "text")


def _fenced(text, language):
    return f"```{language}\n{text.rstrip()}\n```\n"
