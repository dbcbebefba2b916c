"""What a user of `keras.layers.CutMix` brings along, and each row of its table."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_mixup import CutMix
from keras_mixup import MixupLoss
from keras_mixup.regions import Box
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import counted
from tests.layers.test_cutmix import numbered
from tests.modes import to_numpy

SIZE, CLASSES = 8, 3
IDS = np.arange(SIZE) % CLASSES


def batch(**parts):
    return {"images": numbered((16, 12, 3)), "labels": IDS, **parts}


def cutmix(**kwargs):
    return CutMix(num_classes=CLASSES, seed=3, **kwargs)


def assert_pasted(mixed):
    """Images and labels by the same pixels."""
    one_hot = np.eye(CLASSES)[IDS]
    expected = counted(mixed["images"]) @ one_hot
    np.testing.assert_allclose(mixed["labels"], expected, atol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_alone_and_in_a_pipeline_of_keras(way):
    mixed = to_numpy(way(cutmix(), batch()))
    assert_pasted(mixed)
    # Flipping moves pixels, of which all are alike here.
    pipeline = layers.Pipeline([layers.RandomFlip("horizontal", seed=1), cutmix()])
    assert_pasted(to_numpy(way(pipeline, batch(), training=True)))


# Of Keras's own layer, on torch.
@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated")
@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="Keras compiles it for half a minute"
)
def test_after_rand_augment():
    # Of an image that is all of one number it makes another one.
    augment = layers.RandAugment(value_range=(0, 255), num_ops=1, factor=0.0, seed=1)
    for way in WAYS[1:]:
        mix = cutmix()
        mixed = way(lambda x, mix=mix, **_: mix(augment(x, training=True)), batch())
        labels = np.asarray(mixed["labels"])
        np.testing.assert_allclose(labels.sum(1), 1, atol=1e-5)
        assert ((labels > 0) & (labels < 1)).any()


def theirs(data, seed=1, **kwargs):
    """The layer of Keras, in a graph of TensorFlow as people use it."""
    tf = pytest.importorskip("tensorflow")
    layer = keras.layers.CutMix(seed=seed, **kwargs)
    dataset = tf.data.Dataset.from_tensors(data).map(
        lambda *x: layer(x[0] if len(x) == 1 else x, training=True)
    )
    return next(iter(dataset.as_numpy_iterator()))


on_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="once is enough for Keras's layer"
)


@on_tensorflow
def test_in_a_model_its_labels_stay_alone_and_ours_do_not():
    model = keras.Sequential([keras.layers.CutMix(seed=1), layers.Flatten()])
    x = numbered((16, 12, 3))
    assert (to_numpy(model(x, training=True)) != x.reshape(SIZE, -1)).any()
    mix = cutmix()
    model = keras.Sequential([mix, layers.Flatten(), layers.Dense(CLASSES, "softmax")])
    loss = MixupLoss("sparse_categorical_crossentropy", mix, track=True)
    model.compile("sgd", loss)
    assert model.fit(x, IDS, verbose=0).history["mixup_lam"][0] < 1


@on_tensorflow
def test_its_alpha_is_drawn_anew_for_each_batch_and_ours_is_as_given():
    # Of Beta(1, 1), λ below 0.01 or above 0.99 are 2 in 100.
    x = np.zeros((4000, 64, 1, 1), "float32")
    one_hot = np.float32(np.arange(4000) % 2)[:, None]
    extremes = {"theirs": [], "ours": []}
    mix = CutMix(1.0, region=Box("inside"), pairing="roll", seed=1)
    for seed in range(8):
        drawn = theirs({"images": x, "labels": one_hot}, seed)["labels"]
        share = np.abs(drawn - one_hot)[np.abs(drawn - one_hot) > 0]
        extremes["theirs"].append((share > 0.97).mean())
        ours = mix(x, one_hot)[1]
        extremes["ours"].append((np.abs(ours - one_hot) > 0.97).mean())
    assert np.std(extremes["theirs"]) > 3 * np.std(extremes["ours"])


@on_tensorflow
def test_its_weight_is_an_area_and_ours_counts_pixels():
    x, one_hot = numbered((10, 10, 3), 64), np.eye(64, dtype="float32")
    mixed = theirs({"images": x, "labels": one_hot})
    wrong = np.abs(mixed["labels"] - counted(mixed["images"], 64)).max()
    assert wrong > 0.01
    images, labels = CutMix(seed=1)(x, one_hot)
    np.testing.assert_allclose(labels, counted(images, 64), atol=1e-6)


@on_tensorflow
def test_its_boxes_are_inside_and_ours_clipped_or_inside():
    x = numbered((32, 32, 1), 256)

    def touches(images):
        pasted = (images != x)[..., 0]
        sides = [pasted[:, 0], pasted[:, -1], pasted[:, :, 0], pasted[:, :, -1]]
        some = pasted.any((1, 2))
        return np.any([side.any(1) for side in sides], axis=0)[some].mean()

    inside = touches(theirs({"images": x, "labels": np.eye(256)})["images"])
    eye = np.eye(256, dtype="float32")
    clipped = touches(CutMix(pairing="roll", seed=1)(x, eye)[0])
    region = Box("inside")
    like = touches(CutMix(pairing="roll", region=region, seed=1)(x, eye)[0])
    assert clipped > 0.7 > like
    assert inside < 0.7


@on_tensorflow
def test_class_ids_become_pairs_of_samples_there_and_one_hot_here():
    found = theirs({"images": numbered((16, 12, 3)), "labels": np.float32(IDS)})
    assert found["labels"].shape == (SIZE, SIZE)
    assert cutmix()(batch())["labels"].shape == (SIZE, CLASSES)


@on_tensorflow
def test_boxes_raise_there_and_are_cut_here():
    boxes = {
        "boxes": np.float32([[[0, 0, 12, 16]]] * SIZE),
        "labels": np.ones((SIZE, 1), "int32"),
    }
    images = numbered((16, 12, 3))
    with pytest.raises(NotImplementedError):
        theirs(
            {"images": images, "labels": np.eye(SIZE), "bounding_boxes": boxes},
            bounding_box_format="xyxy",
        )
    mix = cutmix(bounding_box_format="xyxy")
    found = mix(batch(bounding_boxes=boxes))["bounding_boxes"]
    assert found["boxes"].shape == (SIZE, 2, 4)
    # The partner's is as large as what was pasted.
    assert (found["boxes"][:, 1] != [0, 0, 12, 16]).any()


@on_tensorflow
def test_masks_get_the_channels_of_images_there_and_keep_theirs_here():
    masks = numbered((16, 12, 1), dtype="int32")
    found = theirs(
        {"images": numbered((16, 12, 3)), "segmentation_masks": masks},
    )
    assert found["segmentation_masks"].shape == (SIZE, 16, 12, 3)
    ours = cutmix()(batch(segmentation_masks=masks))
    np.testing.assert_array_equal(
        ours["segmentation_masks"], ours["images"][..., :1].astype("int32")
    )
    assert ours["segmentation_masks"].dtype == "int32"


@on_tensorflow
def test_pairs_series_and_video_are_mixed_here_alone():
    import tensorflow as tf

    one_hot = np.eye(SIZE, dtype="float32")
    pairs = tf.data.Dataset.from_tensors((numbered((16, 12, 3)), one_hot))
    with pytest.raises(TypeError, match="positional arguments"):
        pairs.map(keras.layers.CutMix())
    # A series is taken for one image, and comes back as it is.
    series = numbered((16, 3))
    found = theirs({"images": series, "labels": one_hot})
    np.testing.assert_array_equal(found["images"], series)
    video = numbered((4, 16, 12, 3))
    with pytest.raises(ValueError, match=r"CutMix.call\(\)"):
        theirs({"images": video, "labels": one_hot})
    for x in (series, video):
        images, labels = CutMix(seed=1)(x, one_hot)
        np.testing.assert_allclose(labels, counted(images), atol=1e-6)
