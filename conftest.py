"""What the examples in the docstrings may use, and what keeps the tests quick."""

import gc

import keras
import numpy as np
import pytest

import keras_mixup


def pytest_collection_finish():
    """Leaves the modules out of every garbage collection: a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


@pytest.fixture(autouse=True)
def doctest_names(request, doctest_namespace):
    """The names that every example knows, and no example without its backend."""
    doctest_namespace.update(keras=keras, keras_mixup=keras_mixup, np=np)
    doctest = getattr(request.node, "dtest", None)
    if doctest is not None and "import tensorflow" in doctest.docstring:
        pytest.importorskip("tensorflow")
    if doctest is not None and "plot_mixed" in doctest.docstring:
        pytest.importorskip("matplotlib")
