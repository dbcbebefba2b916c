import importlib.util
import pathlib
import re
import subprocess
import sys

import keras
import pytest

import keras_mixup

PACKAGE = pathlib.Path(keras_mixup.__file__).parent
OTHERS = {"tensorflow", "jax", "torch"} - {keras.backend.backend()}
INSTALLED = {name for name in OTHERS if importlib.util.find_spec(name) is not None}

IN_MODEL_TRAINING = """
import sys
import numpy as np, keras, keras_mixup
mix = keras_mixup.MixUp(alpha=1.0)
model = keras.Sequential([mix, keras.layers.Dense(3, activation="softmax")])
model.compile("sgd", keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix))
history = model.fit(np.ones((8, 2)), np.arange(8) % 3, verbose=0)
assert np.isfinite(history.history["loss"]).all()
keras_mixup.MixUp(num_classes=3)(np.ones((8, 2)), np.arange(8) % 3)
print([name for name in sys.argv[1:] if name in sys.modules])
"""


def run(code, *arguments):
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.skipif(not INSTALLED, reason="no other backend is installed")
def test_importing_loads_no_other_backend():
    code = "import sys, keras; {}; print(sorted({} & set(sys.modules)))"
    bare = run(code.format("pass", OTHERS))
    assert run(code.format("import keras_mixup", OTHERS)) == bare
    if keras.backend.backend() != "tensorflow":
        assert "tensorflow" not in bare


@pytest.mark.skipif(
    "tensorflow" not in OTHERS - INSTALLED, reason="TensorFlow is installed"
)
def test_training_works_where_tensorflow_is_absent():
    assert run(IN_MODEL_TRAINING, "tensorflow") == "[]"


@pytest.mark.skipif("tensorflow" not in INSTALLED, reason="TensorFlow is not there")
def test_training_imports_no_tensorflow_of_its_own():
    loaded = run(IN_MODEL_TRAINING, "tensorflow")
    bare = run(
        "import sys, numpy as np, keras\n"
        "model = keras.Sequential([keras.layers.Dense(3, activation='softmax')])\n"
        "model.compile('sgd', 'sparse_categorical_crossentropy')\n"
        "model.fit(np.ones((8, 2)), np.arange(8) % 3, verbose=0)\n"
        "print([name for name in sys.argv[1:] if name in sys.modules])",
        "tensorflow",
    )
    assert loaded == bare


def test_importing_loads_no_matplotlib():
    # Keras does so where it is installed, if it is not hidden.
    code = (
        "import sys\n"
        "sys.modules['matplotlib'] = None\n"
        "import keras\n"
        "del sys.modules['matplotlib']\n"
        "import keras_mixup\n"
        "keras_mixup.visualization.plot_mixed\n"
        "print([name for name in sys.modules if name.startswith('matplotlib')])"
    )
    assert run(code) == "[]"


def test_the_public_names_are_those_that_are_promised():
    names = {
        "AdaptiveMixUp",
        "CleanProbability",
        "CutMix",
        "MixPlan",
        "ManifoldMixUp",
        "MixUp",
        "MixupDataset",
        "MixupLoss",
        "MixupScheduler",
        "RandomChoice",
        "ops_for",
        "pairing",
        "policies",
        "random",
        "regions",
        "schedules",
        "visualization",
    }
    assert set(keras_mixup.__all__) == names
    assert dir(keras_mixup) == sorted(names)
    assert all(hasattr(keras_mixup, name) for name in names)


def test_the_package_keeps_to_public_keras():
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "keras.src" not in text, path
        assert not re.search(r"^(import|from) (tensorflow|jax|torch)", text, re.M), path
        assert not re.search(r"backend\(\) *[!=]=", text), path
