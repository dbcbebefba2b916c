import sys

import keras
import numpy as np
import pytest

import keras_mixup
from keras_mixup.visualization import plot_mixed
from keras_mixup.visualization.captions import captions
from keras_mixup.visualization.pixels import class_shares
from keras_mixup.visualization.pixels import classes_in
from keras_mixup.visualization.pixels import overlay
from keras_mixup.visualization.pixels import range_of

matplotlib = pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (10, 6, 8, 3), "uint8")
CLASSES = np.arange(10) % 3
SERIES = RNG.normal(size=(6, 20, 2)).astype("float32")


def layers():
    """Each layer that mixes pipelines, seeded, and made anew."""
    mixup = keras_mixup.MixUp(1.0)
    return {
        "MixUp": keras_mixup.MixUp(1.0, num_classes=3, seed=1),
        "AdaptiveMixUp": keras_mixup.AdaptiveMixUp(num_classes=3, seed=1),
        "CutMix": keras_mixup.CutMix(num_classes=3, seed=1),
        "RandomChoice": keras_mixup.RandomChoice(
            [mixup, keras_mixup.CutMix()], num_classes=3, seed=1
        ),
    }


def cutmix_of_the_right_half(**kwargs):
    """CutMix that pastes right halves, that of the last sample into the first."""

    def right_half(noise, lam, grid):
        ops = keras_mixup.ops_for(noise, lam)
        edges = ops.stack([lam * 0, lam * 0 + 1], axis=-1)
        right = ops.stack([lam * 0 + 0.5, lam * 0 + 1], axis=-1)
        return ops.stack([edges, right], axis=1)

    return keras_mixup.CutMix(region=right_half, pairing="reverse", **kwargs)


def texts(figure):
    return [ax.get_xlabel() for ax in figure.axes]


def drawn(ax, index=0):
    return np.asarray(ax.images[index].get_array())


@pytest.mark.parametrize("name", layers())
def test_images_and_labels_are_those_of_the_layer(name):
    figure = plot_mixed(layers()[name], IMAGES, CLASSES)
    mixed, labels = layers()[name](IMAGES, CLASSES)
    assert len(figure.axes) == 8
    for ax, image, label in zip(figure.axes, mixed, labels):
        np.testing.assert_allclose(drawn(ax), image / 255, atol=1e-6)
        order = [each for each in np.argsort(-label, kind="stable") if label[each]]
        expected = " · ".join(f"{each} {label[each]:.2f}" for each in order)
        assert ax.get_xlabel() == expected


def test_one_seed_draws_one_batch():
    mix = keras_mixup.MixUp(1.0, num_classes=3)
    figure = plot_mixed(mix, IMAGES, CLASSES, seed=[3, 1])
    mixed, _ = mix(IMAGES, CLASSES, seed=[3, 1])
    np.testing.assert_allclose(drawn(figure.axes[0]), mixed[0] / 255, atol=1e-6)


def test_inputs_alone_are_mixed():
    figure = plot_mixed(keras_mixup.MixUp(1.0, seed=1), IMAGES)
    (mixed,) = keras_mixup.MixUp(1.0, seed=1).mix_batch((IMAGES,))
    assert texts(figure) == [""] * 8
    assert not np.allclose(mixed[0], IMAGES[0])
    np.testing.assert_allclose(drawn(figure.axes[0]), mixed[0] / 255, atol=1e-6)


def test_tensors_of_the_backend_and_elements_in_a_tuple_are_drawn():
    of_arrays = plot_mixed(layers()["MixUp"], IMAGES, CLASSES, seed=2)
    x, y = keras.ops.convert_to_tensor(IMAGES), keras.ops.convert_to_tensor(CLASSES)
    for figure in (
        plot_mixed(layers()["MixUp"], x, y, seed=2),
        plot_mixed(layers()["MixUp"], (IMAGES, CLASSES), seed=2),
        plot_mixed(layers()["MixUp"], IMAGES, CLASSES, np.ones(10), seed=2),
    ):
        assert texts(figure) == texts(of_arrays)


@pytest.mark.parametrize(
    ("images", "most"),
    [(IMAGES, 255), (IMAGES / 255, 1), (IMAGES.astype("float32"), 255)],
)
def test_images_are_scaled_to_1(images, most):
    assert range_of(images) == (0, most)
    figure = plot_mixed(keras_mixup.MixUp(0), images)
    np.testing.assert_allclose(drawn(figure.axes[1]), IMAGES[1] / 255, atol=1e-6)


def test_standardized_images_are_scaled_by_the_batch():
    images = IMAGES[..., :1] / 127.5 - 1
    figure = plot_mixed(keras_mixup.MixUp(0), images)
    low, high = images.min(), images.max()
    expected = (images[3, ..., 0] - low) / (high - low)
    np.testing.assert_allclose(drawn(figure.axes[3]), expected, atol=1e-6)
    assert figure.axes[3].images[0].get_clim() == (0, 1)
    assert range_of(np.zeros((2, 2), bool)) == (0, 1)


def test_the_channels_are_where_the_layer_has_them():
    mix = keras_mixup.CutMix(0, data_format="channels_first")
    figure = plot_mixed(mix, np.moveaxis(IMAGES, -1, 1))
    np.testing.assert_allclose(drawn(figure.axes[0]), IMAGES[0] / 255, atol=1e-6)
    figure = plot_mixed(mix, np.moveaxis(SERIES, -1, 1))
    np.testing.assert_array_equal(figure.axes[0].lines[1].get_ydata(), SERIES[0, :, 1])


def test_classes_have_names():
    figure = plot_mixed(
        cutmix_of_the_right_half(num_classes=3),
        IMAGES[:2],
        np.array([2, 0]),
        class_names=["cat", "$dog$", "cow"],
    )
    assert texts(figure) == ["cat 0.50 · cow 0.50"] * 2


def test_captions():
    weights = np.array([[0.3, 0, 0.7, 0], [0.4, 0.3, 0.2, 0.1]], "float32")
    assert captions(weights) == ["2 0.70 · 0 0.30", "0 0.40 · 1 0.30 · 2 0.20 · …"]
    # Of smoothed labels, those of whom something is there.
    smoothed = weights[:1] * 0.8 + 0.05
    assert captions(smoothed, smoothing=0.2) == ["2 0.61 · 0 0.29"]
    long = ["a name of some length", "", "another of at least that length", ""]
    (text,) = captions(weights[:1], long)
    assert text == "another of at least that\nlength 0.70\na name of some length 0.30"
    assert captions(np.array([0.25, 31.0])) == ["0.25", "31"]
    assert captions(np.array([[1.5, -2, 3, 4, 5]])) == ["1.5, -2, 3, 4, …"]
    ids_of_steps = np.array([[0, 0, 2, 2], [1, 1, 1, 0]])
    assert captions(ids_of_steps) == ["0 0.50 · 2 0.50", "1 0.75 · 0 0.25"]
    assert captions(np.eye(3)[ids_of_steps]) == captions(ids_of_steps)


def test_several_labels_have_a_line_each():
    mix = keras_mixup.MixUp(0, num_classes={"genre": 3, "speed": None})
    batch = {"audio": SERIES, "labels": {"genre": CLASSES[:6], "speed": np.ones(6)}}
    figure = plot_mixed(mix, batch, class_names={"genre": ["rock", "jazz", "folk"]})
    assert texts(figure)[1] == "genre: jazz 1.00\nspeed: 1"


def test_series_are_lines():
    mix = keras_mixup.CutMix(num_classes=3, seed=4)
    figure = plot_mixed(mix, SERIES, CLASSES[:6])
    mixed, _ = keras_mixup.CutMix(num_classes=3, seed=4)(SERIES, CLASSES[:6])
    assert len(figure.axes) == 6
    for ax, series in zip(figure.axes, mixed):
        lines = [line.get_ydata() for line in ax.lines]
        np.testing.assert_array_equal(lines, series.T)
    figure = plot_mixed(keras_mixup.MixUp(0), SERIES[..., 0])
    (line,) = figure.axes[2].lines
    np.testing.assert_array_equal(line.get_ydata(), SERIES[2, :, 0])


def test_pasted_masks_are_drawn_over_the_images():
    masks = np.zeros((2, 6, 8), "int32")
    masks[0] = 1
    mix = cutmix_of_the_right_half()
    batch = {"images": IMAGES[:2], "segmentation_masks": masks}
    names = {"segmentation_masks": ["none", "road"]}
    figure = plot_mixed(mix, batch, class_names=names)
    for ax, is_road in zip(figure.axes, (np.arange(8) < 4, np.arange(8) >= 4)):
        mask = drawn(ax, 1)
        color = matplotlib.colormaps["tab10"].colors[1]
        np.testing.assert_allclose(mask[:, is_road, :3], np.full((6, 4, 3), color))
        np.testing.assert_allclose(mask[..., 3], np.tile(0.6 * is_road, (6, 1)))
        assert ax.images[1].get_extent() == ax.images[0].get_extent()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["road"]


def test_soft_masks_are_as_strong_as_their_shares():
    masks = np.stack([np.ones((3, 4), int), np.full((3, 4), 2)])
    # Of half the resolution, they cover the image all the same.
    batch = {"images": IMAGES[:2], "segmentation_masks": masks}
    mix = keras_mixup.MixUp(1.0, num_classes=3, pairing="reverse")
    figure = plot_mixed(mix, batch, seed=1)
    share = mix(batch, seed=1)["segmentation_masks"][0, 0, 0]
    mask = drawn(figure.axes[0], 1)
    colors = np.array(matplotlib.colormaps["tab10"].colors)
    np.testing.assert_allclose(mask[1, 1, :3], share @ colors[:3], atol=1e-6)
    assert mask.shape == (3, 4, 4)
    assert figure.axes[0].images[1].get_extent() == [-0.5, 7.5, 5.5, -0.5]


def test_masks_of_every_kind():
    colors = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    ids = np.array([[[0, 1, 2]]])
    one_hot = np.eye(3)[ids]
    for masks in (ids, ids[..., None], ids.astype("float32"), one_hot):
        shares = class_shares(masks)
        assert classes_in(shares) == [1, 2]
        expected = [[[[0, 0, 0, 0], [1, 0, 0, 0.6], [0, 1, 0, 0.6]]]]
        np.testing.assert_allclose(overlay(shares, colors), expected, atol=1e-6)
    # Floats between are the shares of one class.
    faint = overlay(class_shares(np.array([[[0.5, 0.0]]])), colors)
    np.testing.assert_allclose(faint, [[[[1, 0, 0, 0.3], [0, 0, 0, 0]]]], atol=1e-6)


def test_labels_of_pixels_in_a_tuple_are_masks():
    for masks in (RNG.integers(0, 3, (10, 6, 8)), RNG.integers(0, 3, (10, 3, 4))):
        figure = plot_mixed(keras_mixup.CutMix(0), IMAGES, masks, num=3)
        assert [len(ax.images) for ax in figure.axes] == [2, 2, 2]
        cover = drawn(figure.axes[2], 1)[..., 3]
        np.testing.assert_allclose(cover, 0.6 * (masks[2] > 0))


def test_masks_of_images_with_the_channels_first():
    images, ids = np.moveaxis(IMAGES, -1, 1), RNG.integers(0, 3, (10, 6, 8))
    soft = np.moveaxis(np.eye(3, dtype="float32")[ids], -1, 1)
    formats = {"num_classes": 3, "data_format": "channels_first"}
    for mix, masks in (
        (keras_mixup.CutMix(0, **formats), soft),
        (keras_mixup.CutMix(0, **formats), ids),
        (keras_mixup.MixUp(0, **formats), ids),
    ):
        figure = plot_mixed(mix, images, masks, num=1)
        cover = drawn(figure.axes[0], 1)[..., 3]
        np.testing.assert_allclose(cover, 0.6 * (ids[0] > 0), atol=1e-6)


def boxes_of(ax):
    """Corners, as (left, top, width, height), and texts of the boxes on axes."""
    places = [(*p.get_xy(), p.get_width(), p.get_height()) for p in ax.patches]
    return places, [text.get_text() for text in ax.texts]


def two_images_with_boxes(box_format):
    boxes = {
        "yxyx": [[[1, 2, 5, 8], [-1, -1, -1, -1]], [[0, 0, 2, 3], [3, 4, 6, 8]]],
        "rel_xywh": [
            [[2 / 8, 1 / 6, 6 / 8, 4 / 6], [-1, -1, -1, -1]],
            [[0, 0, 3 / 8, 2 / 6], [4 / 8, 3 / 6, 4 / 8, 3 / 6]],
        ],
    }
    found = {
        "boxes": np.array(boxes[box_format], "float32"),
        "labels": np.array([[1, -1], [0, 1]]),
    }
    return {"images": IMAGES[:2], "bounding_boxes": found}


@pytest.mark.parametrize("box_format", ["yxyx", "rel_xywh"])
def test_boxes_are_cut_and_drawn(box_format):
    figure = plot_mixed(
        cutmix_of_the_right_half(bounding_box_format=box_format),
        two_images_with_boxes(box_format),
        class_names=["cat", "dog"],
    )
    # Of the first sample the left half of its box is left, and the second box of the
    # second comes in whole. A pixel reaches half a pixel around its place.
    places, names = boxes_of(figure.axes[0])
    np.testing.assert_allclose(places, [(1.5, 0.5, 2, 4), (3.5, 2.5, 4, 3)], atol=1e-5)
    assert names == ["dog 1.00", "dog 1.00"]
    places, names = boxes_of(figure.axes[1])
    np.testing.assert_allclose(
        places, [(-0.5, -0.5, 3, 2), (3.5, 0.5, 4, 4)], atol=1e-5
    )
    assert names == ["cat 1.00", "dog 1.00"]


def test_boxes_of_blends_have_their_weights():
    mix = keras_mixup.MixUp(1.0, pairing="reverse", bounding_box_format="yxyx", seed=0)
    batch = two_images_with_boxes("yxyx")
    figure = plot_mixed(mix, batch, seed=5)
    own, *_, other = mix(batch, seed=5)["bounding_boxes"]["weights"][0]
    places, names = boxes_of(figure.axes[0])
    assert len(places) == 3
    assert names == [f"1 {own:.2f}", f"0 {other:.2f}", f"1 {other:.2f}"]


def test_the_figure_has_room_for_its_samples():
    mix = keras_mixup.MixUp(0)
    sizes = {}
    for num, columns in ((1, None), (4, None), (5, 2), (3, 10)):
        figure = plot_mixed(mix, IMAGES, num=num, columns=columns)
        assert len(figure.axes) == num
        sizes[num] = figure.get_size_inches()
    np.testing.assert_allclose(sizes[4], sizes[1] * [4, 1])
    np.testing.assert_allclose(sizes[5], sizes[1] * [2, 3])
    np.testing.assert_allclose(sizes[3], sizes[1] * [3, 1])


def test_matplotlib_is_left_as_it_is(tmp_path):
    # Keras imports it where it is installed.
    pyplot = pytest.importorskip("matplotlib.pyplot")
    before, figures = dict(matplotlib.rcParams), pyplot.get_fignums()
    figure = plot_mixed(keras_mixup.MixUp(0), IMAGES)
    figure.savefig(tmp_path / "mixed.png")
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == figures
    assert (tmp_path / "mixed.png").stat().st_size > 1000


def test_without_matplotlib_an_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        plot_mixed(keras_mixup.MixUp(0), IMAGES)


def test_arguments_are_checked():
    mix = keras_mixup.MixUp(0, num_classes=3)
    with pytest.raises(TypeError, match="`mixup` must be one that mixes pipelines"):
        plot_mixed(keras_mixup.ManifoldMixUp(), IMAGES, CLASSES)
    with pytest.raises(TypeError, match="`class_names` must be a list"):
        plot_mixed(mix, IMAGES, CLASSES, class_names="cat")
    with pytest.raises(TypeError, match="`class_names` must be a list"):
        plot_mixed(mix, IMAGES, CLASSES, class_names={0: "cat"})
    with pytest.raises(ValueError, match="a name for each of the 3 classes"):
        plot_mixed(mix, IMAGES, CLASSES, class_names=["cat", "dog"])
    with pytest.raises(ValueError, match="`num` must be ≤ 10"):
        plot_mixed(mix, IMAGES, CLASSES, num=11)
    with pytest.raises(ValueError, match="`num` must be ≥ 1"):
        plot_mixed(mix, IMAGES, CLASSES, num=0)
    with pytest.raises(TypeError, match="`columns` must be an integer"):
        plot_mixed(mix, IMAGES, CLASSES, columns=2.0)
    with pytest.raises(ValueError, match="one channel or three"):
        plot_mixed(mix, IMAGES[..., :2], CLASSES)
    with pytest.raises(ValueError, match="images .* or series"):
        plot_mixed(mix, IMAGES[:, None], CLASSES)
    with pytest.raises(ValueError, match="need a format to be drawn"):
        plot_mixed(mix, two_images_with_boxes("yxyx"))
