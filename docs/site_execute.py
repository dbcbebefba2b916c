"""Runs notebooks and stores what their cells print: `python site_execute.py FILE...`.

It needs nbclient and ipykernel. What goes to stderr and the times of a run are not
stored: they differ from one machine to another.
"""

import pathlib
import sys

import nbformat
from nbclient import NotebookClient


def execute(path):
    """Runs a notebook in a fresh kernel, and writes it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=None, record_timing=False).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [each for each in cell.outputs if not is_stderr(each)]
    notebook.metadata.language_info = {"name": "python"}
    nbformat.write(notebook, path)


def is_stderr(output):
    """Whether an output is a warning or a log."""
    return output.output_type == "stream" and output.name == "stderr"


if __name__ == "__main__":
    for path in map(pathlib.Path, sys.argv[1:]):
        execute(path)
