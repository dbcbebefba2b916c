import keras
import pytest

from tests.modes import MODES


@pytest.fixture(params=MODES)
def mode(request):
    """How a computation is run: eagerly, in a graph, or compiled."""
    return request.param


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(20)
