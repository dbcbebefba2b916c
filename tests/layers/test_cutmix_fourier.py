"""CutMix with regions of any shape: labels by what was pasted."""

import keras
import numpy as np
import pytest

from keras_mixup import CutMix
from keras_mixup import MixPlan
from keras_mixup import MixupLoss
from keras_mixup.regions import Fourier
from tests.data.test_batches import through_stage
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import SHAPES
from tests.layers.test_cutmix import SIZE
from tests.layers.test_cutmix import SPARSE
from tests.layers.test_cutmix import counted
from tests.layers.test_cutmix import numbered
from tests.modes import to_numpy
from tests.modes import train_call


def check_share(layer, x):
    mixed, plan = train_call(layer, x, "eager")
    found = counted(to_numpy(keras.ops.cast(mixed, "float32")), len(x))
    own = np.arange(len(x))
    np.testing.assert_allclose(found[own, own], 1 - plan.share, atol=1e-6)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
    at = np.where(plan.share > 0, plan.partners, (own - 1) % len(x))
    np.testing.assert_allclose(found[own, at], plan.share, atol=1e-6)
    assert len(np.unique(plan.share)) > 3
    return mixed, plan


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_share_is_what_was_pasted(shape):
    layer = CutMix(1.0, region="fourier", pairing="roll", seed=3)
    check_share(layer, numbered(shape, 24))


def test_low_precision_pastes_the_same():
    layer = CutMix(region="fourier", pairing="roll", dtype="mixed_float16", seed=3)
    check_share(layer, numbered((9, 7, 3)))


def test_channels_first():
    layer = CutMix(
        region="fourier", pairing="roll", data_format="channels_first", seed=3
    )
    mixed, _ = check_share(layer, numbered((3, 9, 7)))
    assert (mixed == mixed[:, :1]).all()


@pytest.mark.parametrize("way", [*WAYS, lambda layer, *xy: through_stage(layer, xy)])
def test_pipelines(way):
    x, y = numbered((9, 7, 3)), np.arange(SIZE)
    mixed, labels = way(CutMix(region="fourier", num_classes=SIZE, seed=1), x, y)
    np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)
    assert ((labels > 0).sum(1) == 2).sum() > 3


def test_the_last_batch_of_a_data_set_is_smaller():
    tf = pytest.importorskip("tensorflow")
    x, y = numbered((9, 7, 3)), np.arange(SIZE)
    layer = CutMix(region="fourier", num_classes=SIZE, seed=1)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).batch(5).map(layer)
    assert dataset.element_spec[0].shape == (None, 9, 7, 3)
    for mixed, labels in dataset.as_numpy_iterator():
        np.testing.assert_allclose(labels, counted(mixed), atol=1e-6)


def test_the_batch_may_have_one_region():
    x = numbered((9, 7, 1), 16)
    layer = CutMix(region="fourier", per_sample=False, pairing="roll", seed=2)
    mixed, plan = train_call(layer, x, "eager")
    assert 0 < plan.share[0] < 1
    assert ((mixed != x) == (mixed != x)[:1]).all()


def test_a_plan_by_hand():
    grid = 9, np.int64(7)
    plan = MixPlan.draw(SIZE, 1.0, region="fourier", grid=grid, pairing="roll", seed=1)
    mixed = to_numpy(plan.mix(numbered((9, 7, 3))))
    own = counted(mixed)[np.arange(SIZE), np.arange(SIZE)]
    np.testing.assert_allclose(own + to_numpy(plan.share), 1, atol=1e-6)


def test_a_saved_model_goes_on(tmp_path):
    x, y = numbered((9, 7, 1)), np.arange(SIZE)
    mix = CutMix(region=Fourier(2.5), seed=5, name="cut")
    model = keras.Sequential(
        [mix, keras.layers.Flatten(), keras.layers.Dense(SIZE, "softmax")]
    )
    model.compile("sgd", MixupLoss(SPARSE, mix))
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras").get_layer("cut")
    assert again.region.decay == 2.5
    assert again.get_config() == mix.get_config()
    each = [to_numpy(train_call(layer, x, "eager")[0]) for layer in (mix, again)]
    np.testing.assert_array_equal(*each)


def test_sizes_that_are_not_known_are_an_error():
    tf = pytest.importorskip("tensorflow")
    batches = [(numbered((9, 7, 1)), np.arange(SIZE))]
    signature = (
        tf.TensorSpec((None, None, 7, 1), "float32"),
        tf.TensorSpec((None,), "int64"),
    )
    dataset = tf.data.Dataset.from_generator(
        lambda: batches, output_signature=signature
    )
    layer = CutMix(region="fourier", num_classes=SIZE)
    with pytest.raises(ValueError, match='"fourier"` needs inputs whose sizes are'):
        dataset.map(layer)
