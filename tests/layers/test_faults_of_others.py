"""What other implementations of CutMix get wrong, each by its name."""

import numpy as np
import pytest
from scipy import stats

from keras_mixup import CutMix
from keras_mixup import RandomChoice
from keras_mixup.regions import Box
from tests.data.test_pipeline import WAYS
from tests.layers.test_cutmix import counted
from tests.layers.test_cutmix import numbered

SIZE = 64


def mixed(shape=(9, 7, 1), size=SIZE, **kwargs):
    """Numbered images and their ids as one-hot labels, mixed on NumPy."""
    kwargs = {"pairing": "roll", "seed": 1, **kwargs}
    layer = CutMix(**kwargs, num_classes=size)
    return layer(numbered(shape, size), np.arange(size))


def own_share(labels):
    return labels[np.arange(len(labels)), np.arange(len(labels))]


def test_the_label_weight_is_not_that_of_a_box_before_it_is_clipped():
    images, labels = mixed((32, 32, 1))
    np.testing.assert_allclose(labels, counted(images, SIZE), atol=1e-6)
    # Before clipping λ would be uniform.
    assert stats.kstest(own_share(labels), "uniform").pvalue < 1e-3


def test_lam_is_not_inverted():
    # Small boxes leave most of the sample and most of its label.
    region = Box("inside", minmax=(0.1, 0.3))
    images, labels = mixed((30, 30, 1), region=region)
    assert own_share(labels).min() > 0.9
    assert counted(images, SIZE)[np.arange(SIZE), np.arange(SIZE)].min() > 0.9


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.0])
def test_alpha_is_what_was_given(alpha):
    images = np.zeros((4000, 256, 1), "bool")
    layer = CutMix(alpha, region=Box("inside"), pairing="roll", seed=1)
    _, labels = layer(images, np.arange(4000, dtype="float32"))
    own = np.arange(4000)
    partner = (own - 1) % 4000
    lam = (labels - partner) / (own - partner)
    # Of 256 steps, λ is rounded to one.
    distribution = stats.beta(alpha, alpha)
    grid = np.linspace(0.05, 0.95, 19)
    found = (lam[:, None] <= grid).mean(0)
    error = np.sqrt(0.25 / 4000)
    assert abs(found - distribution.cdf(grid)).max() < 4 * error + 0.01


@pytest.mark.parametrize("shape", [(8, 48, 1), (48, 8, 1)], ids=str)
def test_height_and_width_are_not_swapped(shape):
    images, _ = mixed(shape, region=Box("inside"))
    pasted = (images != numbered(shape, SIZE))[..., 0]
    sides = np.stack([pasted.any(2).sum(1), pasted.any(1).sum(1)], 1) / shape[:2]
    # A box has the shape of the image.
    assert abs(sides[:, 0] - sides[:, 1]).max() <= 0.5 / 8 + 0.5 / 48


def test_every_sample_has_a_box_of_its_own():
    images, _ = mixed((32, 32, 1))
    boxes = {each.tobytes() for each in images != numbered((32, 32, 1), SIZE)}
    assert len(boxes) > 0.9 * SIZE


def test_every_label_follows_its_own_sample_and_not_the_mean_of_the_batch():
    images, labels = mixed()
    assert len(np.unique(own_share(labels))) > 10
    np.testing.assert_allclose(labels, counted(images, SIZE), atol=1e-6)


@pytest.mark.parametrize("side", [5, 20, 32])
def test_the_label_weight_counts_pixels_and_is_no_continuous_area(side):
    images, labels = mixed((side, side, 1))
    pixels = own_share(labels) * side**2
    np.testing.assert_allclose(pixels, pixels.round(), atol=1e-3)
    np.testing.assert_allclose(labels, counted(images, SIZE), atol=1e-6)


def test_an_empty_box_pastes_nothing():
    # Beta(0.05, 0.05) is near 0 or 1 most of the time.
    images, labels = mixed((8, 8, 1), alpha=0.05)
    untouched = (images == numbered((8, 8, 1), SIZE)).all((1, 2, 3))
    assert untouched.any()
    np.testing.assert_array_equal(labels[untouched], np.eye(SIZE)[untouched])


@pytest.mark.parametrize("way", WAYS)
def test_labels_are_mixed(way):
    layer = CutMix(pairing="roll", num_classes=SIZE, seed=1)
    _, labels = way(layer, numbered((9, 7, 1), SIZE), np.arange(SIZE))
    assert ((np.asarray(labels) > 0).sum(1) == 2).mean() > 0.5


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float16"])
@pytest.mark.parametrize("way", WAYS)
def test_class_ids_are_not_rounded_to_the_dtype_of_images(way, dtype):
    # Of 16 bits, no number holds all class ids above 256, or above 2048.
    classes, ids = 4001, 4000 - np.arange(16)
    layer = CutMix(pairing="roll", num_classes=classes, dtype=dtype, seed=1)
    _, labels = way(layer, numbered((9, 7, 1), 16), ids)
    labels, own = np.asarray(labels), np.arange(16)
    assert (labels[own, ids] + labels[own, np.roll(ids, 1)]).min() > 0.999
    masks = np.broadcast_to(ids[:, None, None], (16, 9, 7)).astype("int32")
    layer = CutMix(pairing="roll", dtype=dtype, seed=1)
    images, pasted = way(layer, numbered((9, 7, 1), 16), masks)
    expected = 4000 - np.asarray(images, "float32")[..., 0]
    np.testing.assert_array_equal(pasted, expected)


@pytest.mark.parametrize("prob", [0.25, 0.5])
def test_a_probability_counts_once(prob):
    size = 2000
    for make in (CutMix, lambda **kwargs: RandomChoice([CutMix()], **kwargs)):
        layer = make(prob=prob, seed=1)
        images, _ = layer(numbered((32, 1), size), np.zeros(size, "float32"))
        changed = (images != numbered((32, 1), size)).any((1, 2)).sum()
        # Boxes that are empty, and samples that are their own partners, do not show.
        assert stats.binomtest(changed, size, prob * 31.3 / 32).pvalue > 1e-3


def test_masks_keep_their_channels():
    x = {"images": numbered((9, 7, 3)), "label": np.arange(8)}
    for shape in ((9, 7), (9, 7, 1)):
        masks = numbered(shape, dtype="uint8")
        layer = CutMix(num_classes=8, seed=1)
        found = layer({**x, "segmentation_masks": masks})["segmentation_masks"]
        assert found.shape == masks.shape
        assert found.dtype == "uint8"
