import keras
import numpy as np
import pytest

import keras_mixup
from tests.modes import MODES


@pytest.fixture(params=MODES)
def mode(request):
    """How a computation is run: eagerly, in a graph, or compiled."""
    return request.param


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(20)


@pytest.fixture(autouse=True)
def doctest_names(doctest_namespace):
    doctest_namespace.update(keras=keras, keras_mixup=keras_mixup, np=np)
