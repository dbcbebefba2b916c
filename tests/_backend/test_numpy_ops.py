"""The operations that a pipeline of NumPy has."""

import numpy as np

import keras_mixup


def test_a_sigmoid_has_all_its_digits_down_to_the_smallest_numbers():
    x = np.float32([-np.inf, -100, -88.5, -20, -1e-3, -0.0, 0.0, 0.5, 20, 100, np.inf])
    found = keras_mixup.ops_for(x).sigmoid(x)
    assert found.dtype == "float32"
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-x.astype("float64")))
    assert found[0] == 0
    assert found[-1] == 1
    assert 0 < found[1] < 1e-43
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=1e-45)
