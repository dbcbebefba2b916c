"""What a user of `keras.layers.MixUp` and of its neighbours brings along."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_mixup import MixUp
from tests.data.test_pipeline import through_backend
from tests.data.test_pipeline import through_numpy
from tests.data.test_pipeline import through_tf_data
from tests.modes import to_numpy

CLASSES, SIZE = 4, 6
WAYS = [through_numpy, through_backend, through_tf_data]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def way(request):
    return request.param


def batch(**parts):
    """Images of one colour each, which says what was blended, and class ids."""
    colours = np.linspace(10, 240, SIZE, dtype="uint8")
    images = np.ones((SIZE, 8, 8, 3), "uint8") * colours[:, None, None, None]
    return {"images": images, "labels": np.arange(SIZE) % CLASSES, **parts}


def mixup(**kwargs):
    return MixUp(1.0, pairing="reverse", num_classes=CLASSES, seed=3, **kwargs)


def assert_blended(mixed, images):
    """Of images and labels of a reversed batch, by the same shares."""
    own, other = (np.float64(each[:, 0, 0, 0]) for each in (images, images[::-1]))
    got = np.float64(mixed["images"])
    np.testing.assert_allclose(got, got[:, :1, :1, :1] + 0 * got, atol=1e-3)
    share = (got[:, 0, 0, 0] - own) / (other - own)
    assert 0.01 < share.max() <= 0.5
    eye = np.eye(CLASSES)[np.arange(SIZE) % CLASSES]
    labels = (1 - share[:, None]) * eye + share[:, None] * eye[::-1]
    np.testing.assert_allclose(mixed["labels"], labels, atol=1e-3)


def flips_and_crops():
    return [layers.RandomFlip(seed=1), layers.RandomCrop(4, 4, seed=1)]


def test_after_a_flip_and_a_crop_in_one_map(way):
    # They move pixels, of which all are alike here, and leave the rest to mixup.
    stack = [*flips_and_crops(), mixup()]

    def stacked(x, **_):
        for layer in stack:
            x = layer(x, training=True)
        return x

    mixed = to_numpy(way(stacked, batch()))
    assert mixed["images"].shape == (SIZE, 4, 4, 3)
    assert_blended(mixed, batch()["images"])


def test_in_a_pipeline_of_keras(way):
    flips = [layers.RandomFlip(which, seed=1) for which in ("horizontal", "vertical")]
    pipeline = layers.Pipeline([*flips, mixup()])
    mixed = to_numpy(way(pipeline, batch(), training=True))
    assert_blended(mixed, batch()["images"])


# Of Keras's own layer, on torch.
@pytest.mark.filterwarnings("ignore:(?s).*Tensor.T is deprecated")
def test_after_rand_augment(way):
    augment = layers.RandAugment(value_range=(0, 255), num_ops=1, seed=1)
    plain, mix = MixUp(0.0, num_classes=CLASSES), mixup()

    def stacked(x, **_):
        augmented = augment(x, training=True)
        return {"plain": plain(augmented), "mixed": mix(augmented)}

    found = to_numpy(way(stacked, batch()))
    np.testing.assert_array_equal(
        found["plain"]["labels"], np.eye(CLASSES, dtype="float32")[batch()["labels"]]
    )
    labels = found["mixed"]["labels"]
    share = 1 - labels.max(axis=1)
    assert 0.01 < share.max() <= 0.5
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)


def test_masks_that_a_layer_of_keras_has_flipped(way):
    masks = np.zeros((SIZE, 8, 8, 1), "int32")
    masks[:, :, 4:] = (np.arange(SIZE) % CLASSES)[:, None, None, None]
    flip = layers.RandomFlip("vertical", seed=1)
    mix = mixup()

    def stacked(x, **_):
        return mix(flip(x, training=True))

    data = {"images": batch()["images"], "segmentation_masks": masks}
    mixed = to_numpy(way(stacked, data))
    got, images = mixed["images"][:, 0, 0, 0], np.float64(data["images"][:, 0, 0, 0])
    share = ((got - images) / (images[::-1] - images))[:, None, None, None]
    eye = np.eye(CLASSES)[masks[..., 0]]
    expected = (1 - share) * eye + share * eye[::-1]
    np.testing.assert_allclose(mixed["segmentation_masks"], expected, atol=1e-3)


@pytest.mark.parametrize("boxes_format", ["xyxy", "rel_yxyx", "center_xywh"])
def test_boxes_of_any_format_stay_as_they_are(way, boxes_format):
    boxes = np.random.default_rng(0).random((SIZE, 2, 4), "float32")
    ids = np.tile([1, 2], (SIZE, 1))
    ids[2, 1] = -1
    mix = mixup(bounding_box_format=boxes_format)
    data = {
        "images": batch()["images"],
        "bounding_boxes": {"boxes": boxes, "labels": ids},
    }
    mixed = to_numpy(way(mix, data))["bounding_boxes"]
    kept = mixed["weights"] > 0
    assert kept[:, :2].sum() == 2 * SIZE - 1
    both = np.concatenate([boxes, boxes[::-1]], axis=1)
    np.testing.assert_array_equal(mixed["boxes"][kept], both[kept])


def test_boxes_of_three_rows(way):
    boxes = np.arange(SIZE, dtype="float32")[:, None, None] * np.ones((1, 1, 4), "f4")
    ids = np.arange(SIZE)[:, None] % CLASSES
    mix = MixUp(1.0, num_samples=3, pairing="derangement", seed=0)
    mixed = to_numpy(
        way(
            mix,
            {
                "images": batch()["images"],
                "bounding_boxes": {"boxes": boxes, "labels": ids},
            },
        )
    )
    found = mixed["bounding_boxes"]
    assert found["boxes"].shape == (SIZE, 3, 4)
    np.testing.assert_allclose(found["weights"].sum(axis=1), 1, atol=1e-6)
    # The box of a sample is its number: images are blended by the same weights.
    rows = found["boxes"][:, :, 0].astype(int)
    colours = np.float64(batch()["images"][:, 0, 0, 0])[rows]
    blended = (found["weights"] * colours).sum(axis=1)
    np.testing.assert_allclose(mixed["images"][:, 0, 0, 0], blended, atol=1e-2)
    kept = found["weights"] > 0
    np.testing.assert_array_equal(found["labels"][kept], (rows % CLASSES)[kept])


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_data_format_makes_no_difference(data_format):
    mixed = mixup(data_format=data_format)(batch())
    np.testing.assert_array_equal(mixed["images"], mixup()(batch())["images"])


def test_the_same_arguments_as_the_layer_of_keras():
    ours = MixUp(alpha=0.3, data_format="channels_last", seed=1, name="mix")
    theirs = layers.MixUp(alpha=0.3, data_format="channels_last", seed=1, name="mix")
    config = theirs.get_config()
    assert {k: ours.get_config()[k] for k in ("alpha", "seed", "name")} == {
        k: config[k] for k in ("alpha", "seed", "name")
    }
    assert MixUp.from_config(config).alpha == 0.3


def test_one_image_is_no_batch():
    image = {"images": batch()["images"][0], "labels": np.array(1)}
    with pytest.raises(ValueError, match="Is the data set batched"):
        mixup()(image)
    image["labels"] = np.eye(CLASSES, dtype="float32")[1]
    with pytest.raises(ValueError, match="Is the data set batched"):
        mixup()(image)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_class_ids_that_their_dtype_cannot_hold(dtype):
    labels = keras.ops.cast(batch()["labels"], dtype)
    images = keras.ops.convert_to_tensor(batch()["images"])
    with pytest.raises(ValueError, match=f"A {dtype} holds no class ids above"):
        MixUp(num_classes=5000)({"images": images, "labels": labels})
