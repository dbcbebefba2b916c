"""Boxes of images into which those of partners are pasted, by hand and by counting."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from keras import ops

from keras_mixup import CutMix
from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import ops_for
from keras_mixup.data.box_formats import from_corners
from keras_mixup.data.box_formats import to_corners
from keras_mixup.data.boxes import mix_boxes
from keras_mixup.data.pasted_boxes import paste_boxes
from keras_mixup.data.rules import Rules
from keras_mixup.plans.region import PlanRegion
from tests.data.test_batches import through_stage
from tests.data.test_pipeline import WAYS
from tests.data.test_pipeline import through_tf_data
from tests.modes import to_numpy

FORMATS = (
    *("xyxy", "yxyx", "xywh", "center_xywh", "center_yxhw"),
    *("rel_xyxy", "rel_yxyx", "rel_xywh", "rel_center_xywh"),
)
HEIGHT, WIDTH = 12, 20
# The region that is pasted: rows 2 to 8 and columns 5 to 15.
REGION = [[2 / HEIGHT, 8 / HEIGHT], [5 / WIDTH, 15 / WIDTH]]
NOTHING = [[0.0, 0.0], [0.0, 0.0]]
PADDING = (-1, -1, -1, -1)

# All are left, top, right, bottom. A box by what is left of it, `None` for nothing.
OWN = {
    "untouched": ((0, 0, 4, 12), (0, 0, 4, 12)),
    "beside_the_region": ((0, 2, 5, 8), (0, 2, 5, 8)),
    "half_covered": ((1, 2, 9, 8), (1, 2, 5, 8)),
    "right_cut": ((3, 3, 9, 7), (3, 3, 5, 7)),
    "left_cut": ((10, 2, 18, 8), (15, 2, 18, 8)),
    "bottom_cut": ((6, 0, 10, 6), (6, 0, 10, 2)),
    "top_cut": ((5, 5, 15, 11), (5, 8, 15, 11)),
    "fully_covered": ((6, 3, 14, 7), None),
    "covered_to_the_edge": ((5, 2, 15, 8), None),
    "corner_covered": ((2, 0, 10, 6), (2, 0, 10, 6)),
    "hole_in_the_middle": ((3, 1, 17, 10), (3, 1, 17, 10)),
    "split_in_two": ((7, 0, 9, 12), (7, 0, 9, 12)),
    "just_below_what_is_visible": ((4, 2, 15, 8), None),
    "at_what_is_visible": ((6, 2, 16, 8), (15, 2, 16, 8)),
    "just_above_what_is_visible": ((7, 2, 16, 8), (15, 2, 16, 8)),
    "parts_of_pixels": ((2.5, 3.25, 9, 7.5), (2.5, 3.25, 5, 7.5)),
    "padding": (PADDING, None),
    "no_area": ((0, 0, 0, 12), None),
}
PARTNERS = {
    "inside": ((6, 3, 9, 7), (6, 3, 9, 7)),
    "all_around": ((0, 0, 20, 12), (5, 2, 15, 8)),
    "clipped": ((0, 0, 10, 5), (5, 2, 10, 5)),
    "outside": ((0, 0, 4, 12), None),
    "beside_the_region": ((15, 2, 18, 8), None),
    "just_below_what_is_visible": ((14, 0, 20, 11), None),
    "at_what_is_visible": ((14, 0, 20, 10), (14, 2, 15, 8)),
    "just_above_what_is_visible": ((14, 0, 20, 9), (14, 2, 15, 8)),
    "parts_of_pixels": ((12.5, 0, 16, 4.75), (12.5, 2, 15, 4.75)),
    "padding": (PADDING, None),
    "no_area": ((6, 3, 6, 7), None),
}


def converted(boxes, box_format, height=HEIGHT, width=WIDTH):
    """Boxes of Keras's, in another format; padding stays what it is."""
    boxes = np.array([PADDING if box is None else box for box in boxes], "float32")
    size = {"height": height, "width": width}
    other = keras.utils.bounding_boxes.convert_format(
        boxes, source="xyxy", target=box_format, **size
    )
    return np.where(boxes[:, 2:3] < 0, -1, to_numpy(other))


def column(cases, which, count):
    boxes = [pair[which] for pair in cases.values()]
    return boxes + [PADDING] * (count - len(boxes))


def fixed(*edges):
    """A region that is where it is told to be, in each of the samples."""

    def region(noise, lam, grid):
        ops = ops_for(noise)
        return ops.convert_to_tensor(np.float32(edges)) + ops.zeros_like(lam[0])

    return region


def images(size=2, data_format="channels_last", height=HEIGHT, width=WIDTH):
    shape = {
        "channels_last": (size, height, width, 3),
        "channels_first": (size, 3, height, width),
    }
    own = np.arange(size, dtype="float32").reshape(-1, 1, 1, 1)
    return np.broadcast_to(own, shape[data_format]).copy()


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("box_format", FORMATS)
@pytest.mark.parametrize("way", WAYS)
def test_by_hand(way, box_format, data_format):
    count = max(len(OWN), len(PARTNERS))
    came = [column(OWN, 0, count), column(PARTNERS, 0, count)]
    boxes = np.stack([converted(each, box_format) for each in came])
    labels = np.tile(np.arange(count, dtype="int32"), (2, 1))
    labels[np.array(came)[..., 0] < 0] = -1
    before = boxes.copy(), labels.copy()
    # The first sample has boxes pasted over, and the second stays as it is.
    layer = CutMix(
        region=fixed(REGION, NOTHING),
        pairing="reverse",
        bounding_box_format=box_format,
        data_format=data_format,
    )
    mixed = way(
        layer,
        {
            "images": images(2, data_format),
            "bounding_boxes": {"boxes": boxes, "labels": labels},
        },
    )["bounding_boxes"]
    left = [
        column(OWN, 1, count) + column(PARTNERS, 1, count),
        [None if name == "no_area" else box for name, (box, _) in PARTNERS.items()]
        + [None] * (2 * count - len(PARTNERS)),
    ]
    expected = np.stack([converted(each, box_format) for each in left])
    kept = np.array([[box not in (None, PADDING) for box in each] for each in left])
    np.testing.assert_array_equal(mixed["weights"], kept)
    np.testing.assert_array_equal(
        mixed["labels"], np.where(kept, np.tile(np.arange(count), 2), -1)
    )
    np.testing.assert_allclose(mixed["boxes"], expected, rtol=1e-5, atol=1e-5)
    # What nothing was cut of is the same to the bit, and so is what came.
    same = (expected[:, :count] == boxes).all(axis=-1)
    np.testing.assert_array_equal(mixed["boxes"][:, :count][same], boxes[same])
    np.testing.assert_array_equal(boxes, before[0])
    np.testing.assert_array_equal(labels, before[1])


def as_numpy(x):
    return x


def as_tensorflow(x):
    return pytest.importorskip("tensorflow").convert_to_tensor(x)


@pytest.mark.parametrize("kind", [as_numpy, as_tensorflow, ops.convert_to_tensor])
@pytest.mark.parametrize("box_format", FORMATS)
def test_formats_are_those_of_keras(box_format, kind):
    begins = np.random.default_rng(0).uniform(0, 10, (2, 5, 2)).astype("float32")
    ends = begins + np.random.default_rng(1).uniform(0, 9, (2, 5, 2)).astype("float32")
    corners = np.concatenate([begins[..., ::-1], ends[..., ::-1]], axis=-1)
    size = np.float32([HEIGHT, WIDTH])
    theirs = converted(corners.reshape(-1, 4), box_format).reshape(corners.shape)
    ours = from_corners(kind(begins), kind(ends), box_format, kind(size))
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-6, atol=1e-6)
    back = to_corners(kind(theirs), box_format, kind(size))
    for found, expected in zip(back, (begins, ends)):
        np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-5)


def pasted(edges, boxes, labels, rules, share=(), size=(HEIGHT, WIDTH), kind=as_numpy):
    """Boxes of two samples, each pasted over by the other."""
    parts = np.array([1, 0]), np.float32([0.25, 0.25]), np.float32(edges)
    parts = [kind(part) for part in parts]
    share = kind(np.float32(share)) if len(share) else ()
    plan = MixPlan(*parts[:2], region=PlanRegion(edges=parts[2], share=share))
    x = kind(np.zeros((2, *size, 1), "uint8"))
    boxes = {"boxes": kind(boxes), "labels": kind(labels)}
    return to_numpy(paste_boxes(plan, boxes, x, rules))


def test_samples_that_are_blended_beside_some_that_are_pasted():
    # Of the third box in the second sample 6 pixels are to be seen, of 36 in its own
    # image. Of all 90 it would be too few.
    own = [(3, 3, 9, 7), PADDING, (-9, 2, 6, 8)]
    other = [(0, 0, 20, 12), (18, 10, 24, 14), PADDING]
    found = pasted(
        [[[0, 1], [0, 1]], REGION],
        np.float32([own, other]),
        np.array([[1, -1, 2], [3, 4, -1]]),
        Rules(bounding_box_format="xyxy"),
        share=(0.3, 1),
    )
    np.testing.assert_array_equal(
        found["boxes"],
        [
            # The sample's own stay as they are, the partner's are clipped.
            [*own, (0, 0, 20, 12), (18, 10, 20, 12), PADDING],
            [*other, (5, 3, 9, 7), PADDING, (5, 2, 6, 8)],
        ],
    )
    np.testing.assert_array_equal(
        found["labels"], [[1, -1, 2, 3, 4, -1], [3, 4, -1, 1, -1, 2]]
    )
    weights = [[0.7, 0, 0.7, 0.3, 0.3, 0], [1, 1, 0, 1, 0, 1]]
    np.testing.assert_allclose(found["weights"], weights, atol=1e-6)


SIZE = (7, 11)


def around(mask):
    """The box around the pixels of a mask, `None` if there are none."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)


def pixels_of(box):
    left, top, right, bottom = (max(each, 0) for each in box)
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


def counted(box, region, is_own, min_visible):
    """What is left of a box, by the pixels of it that are to be seen."""
    inside = pixels_of(box)
    seen = inside & (pixels_of(region) != is_own)
    if not seen.any() or seen.sum() / inside.sum() < min_visible:
        return PADDING
    if is_own and around(seen) == around(inside):
        return box
    return around(seen)


def spans(size, beyond):
    edge = st.integers(-beyond, size + beyond)
    return st.tuples(edge, edge).map(sorted)


def boxes_of(beyond):
    columns, rows = spans(SIZE[1], beyond), spans(SIZE[0], beyond)
    return st.tuples(columns, rows).map(lambda xy: tuple(np.transpose(xy).flat))


@pytest.mark.parametrize("kind", [as_numpy, ops.convert_to_tensor])
@settings(max_examples=150, deadline=None)
@given(
    boxes=st.lists(boxes_of(3), min_size=8, max_size=8),
    regions=st.lists(boxes_of(0), min_size=2, max_size=2),
    min_visible=st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]),
)
def test_boxes_are_around_the_pixels_that_are_to_be_seen(
    kind, boxes, regions, min_visible
):
    left, top, right, bottom = np.transpose(regions)
    edges = np.stack([[top, bottom], [left, right]]).transpose(2, 0, 1)
    edges = edges / np.array(SIZE)[:, None]
    expected = [
        [counted(box, regions[i], True, min_visible) for box in boxes[4 * i :][:4]]
        + [
            counted(box, regions[i], False, min_visible)
            for box in boxes[4 - 4 * i :][:4]
        ]
        for i in (0, 1)
    ]
    array = np.float32(boxes).reshape(2, 4, 4)
    labels = np.arange(8, dtype="int32").reshape(2, 4)
    rules = Rules(bounding_box_format="xyxy", min_visible=min_visible)
    found = pasted(edges, array, labels, rules, size=SIZE, kind=kind)
    np.testing.assert_array_equal(found["boxes"], expected)
    kept = (np.array(expected) != PADDING).any(axis=-1)
    both = np.concatenate([labels, labels[::-1]], axis=1)
    np.testing.assert_array_equal(found["labels"], np.where(kept, both, -1))
    np.testing.assert_array_equal(found["weights"], kept)


@pytest.mark.parametrize("way", [*WAYS, through_stage], ids=lambda way: way.__name__)
@pytest.mark.parametrize("region", ["box", "between_pixels", "centres_of_pixels"])
def test_boxes_end_where_the_pixels_do(way, region):
    size = 8
    if region != "box":
        edges = np.random.default_rng(0).random((size, 2, 2))
        if region == "centres_of_pixels":
            sides = np.array([[HEIGHT], [WIDTH]])
            edges = (np.floor(edges * sides) + 0.5) / sides
        region = fixed(*np.sort(edges, axis=-1))
    layer = CutMix(
        region=region,
        pairing="roll",
        num_classes=size,
        bounding_box_format="yxyx",
        min_visible=0,
        seed=1,
    )
    x = images(size)
    whole = np.float32([[[0, 0, HEIGHT, WIDTH]]] * size)
    ids = np.arange(size)
    batch = {
        "images": x,
        "labels": ids,
        "bounding_boxes": {"boxes": whole, "labels": ids[:, None]},
    }
    mixed = way(layer, batch)
    found, seen = mixed["bounding_boxes"], np.asarray(mixed["images"])[..., 0]
    assert (mixed["labels"] > 0).sum() > size
    for i in range(size):
        boxes = [around(seen[i] == sample) for sample in (i, (i - 1) % size)]
        boxes = [
            PADDING if box is None else (box[1], box[0], box[3], box[2])
            for box in boxes
        ]
        np.testing.assert_array_equal(found["boxes"][i], boxes)


def test_images_and_boxes_of_any_size_in_a_graph():
    tf = pytest.importorskip("tensorflow")
    layer = CutMix(
        region=fixed(REGION, NOTHING),
        pairing="reverse",
        bounding_box_format="rel_center_xywh",
    )
    boxes = np.stack([converted([(3, 3, 9, 7)], "rel_center_xywh")] * 2)
    batch = {
        "images": images(),
        "bounding_boxes": {"boxes": boxes, "labels": np.ones((2, 1), "int32")},
    }
    spec = {
        "images": tf.TensorSpec((None, None, None, 3)),
        "bounding_boxes": {
            "boxes": tf.TensorSpec((None, None, 4)),
            "labels": tf.TensorSpec((None, None), "int32"),
        },
    }
    dataset = tf.data.Dataset.from_generator(lambda: [batch], output_signature=spec)
    (mixed,) = dataset.map(layer).as_numpy_iterator()
    found = mixed["bounding_boxes"]
    expected = converted([(3, 3, 5, 7), (5, 3, 9, 7)], "rel_center_xywh")
    np.testing.assert_allclose(found["boxes"][0], expected, rtol=1e-5)
    assert found["weights"].tolist() == [[1, 1], [1, 0]]


def test_rounding_hides_no_edge_in_a_large_image():
    height, width = 3001, 4003
    # As wide as the region is high, up to what float32 makes of it.
    rng = np.random.default_rng(0)
    for _ in range(20):
        top, left = rng.integers(1, 1000, 2)
        bottom, right = top + rng.integers(1, 2000), left + rng.integers(10, 2000)
        edges = [[[top / height, bottom / height], [left / width, right / width]]] * 2
        for box_format in ("rel_xywh", "rel_center_xywh", "rel_yxyx"):
            sides = {"height": height, "width": width}
            came = [(left - 10, top, right, bottom), (left, top, right, bottom)]
            boxes = np.stack([converted(came, box_format, **sides)] * 2)
            found = pasted(
                edges,
                boxes,
                np.ones((2, 2), "int32"),
                Rules(bounding_box_format=box_format, min_visible=0.0),
                size=(height, width),
            )
            left_over = (left - 10, top, left, bottom)
            region = (left, top, right, bottom)
            expected = converted(
                [left_over, PADDING, region, region], box_format, **sides
            )
            np.testing.assert_allclose(found["boxes"][0], expected, rtol=1e-4)


@pytest.mark.parametrize("kind", [as_numpy, as_tensorflow, ops.convert_to_tensor])
@pytest.mark.parametrize("labels", ["int32", "int64", "float32"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32"])
def test_dtypes_are_those_of_boxes_that_are_not_pasted(kind, dtype, labels):
    boxes = np.array([[[3, 3, 9, 7]], [[0, 0, 20, 12]]], dtype)
    parts = {"boxes": kind(boxes), "labels": kind(np.ones((2, 1), labels))}
    plan = MixPlan(kind(np.array([1, 0])), kind(np.float32([0.25, 0.25])))
    region = PlanRegion(edges=kind(np.float32([REGION] * 2)))
    rules = Rules(bounding_box_format="xyxy")
    found = paste_boxes(plan._replace(region=region), parts, kind(images()), rules)
    for name, other in mix_boxes(plan, parts).items():
        assert found[name].dtype == other.dtype, name
    expected = [
        [(3, 3, 5, 7), (5, 2, 15, 8)],
        [(0, 0, 20, 12), (5, 3, 9, 7)],
    ]
    np.testing.assert_array_equal(np.asarray(found["boxes"]), expected)


def test_of_several_inputs_the_first_tells_the_size():
    layer = CutMix(
        region=fixed(REGION, NOTHING), pairing="reverse", bounding_box_format="XYXY"
    )
    boxes = {"boxes": np.float32([[[3, 3, 9, 7]]] * 2), "labels": np.ones((2, 1))}
    batch = {"a": images(), "b": images(height=6, width=10), "bounding_boxes": boxes}
    found = layer(batch)["bounding_boxes"]
    np.testing.assert_array_equal(found["boxes"][0], [(3, 3, 5, 7), (5, 3, 9, 7)])


@pytest.mark.parametrize("way", WAYS)
def test_a_sample_that_is_not_mixed_keeps_its_boxes(way):
    # The region is there in any case, and has nothing of a partner in it.
    layer = CutMix(
        region=fixed(REGION, REGION), prob=0.0, bounding_box_format="center_xywh"
    )
    boxes = np.stack([converted([(6, 3, 9, 7)], "center_xywh")] * 2)
    parts = {"boxes": boxes, "labels": np.ones((2, 1), "int32")}
    found = way(layer, {"images": images(), "bounding_boxes": parts})["bounding_boxes"]
    np.testing.assert_array_equal(found["boxes"][:, :1], boxes)
    np.testing.assert_array_equal(found["boxes"][:, 1:], -1)
    assert found["labels"].tolist() == [[1, -1]] * 2
    assert found["weights"].tolist() == [[1, 0]] * 2


def test_outside_of_training_boxes_stay_as_they_are():
    boxes = {"boxes": np.float32([[[3, 3, 9, 7]]] * 2), "labels": np.ones((2, 1))}
    batch = {"images": images(), "bounding_boxes": boxes}
    layer = CutMix(region=fixed(REGION, REGION), bounding_box_format="xyxy")
    found = layer(batch, training=False)["bounding_boxes"]
    assert found["weights"].tolist() == [[1, 0]] * 2
    np.testing.assert_array_equal(found["boxes"][:, :1], boxes["boxes"])


def test_arguments_are_saved():
    layer = CutMix(bounding_box_format="rel_xyxy", min_visible=0.3)
    again = CutMix.from_config(layer.get_config())
    assert again.rules == layer.rules
    assert again.rules.min_visible == 0.3
    assert CutMix.from_config(CutMix().get_config()).rules == CutMix().rules


def batch_of(x):
    return {
        "images": x,
        "bounding_boxes": {
            "boxes": np.ones((len(x), 1, 4), "float32"),
            "labels": np.ones((len(x), 1), "int32"),
        },
    }


def test_a_sample_that_is_its_own_partner_has_its_boxes_once():
    boxes = np.tile(np.float32([4, 4, 28, 28]), (4, 1, 1))
    labels = np.arange(1, 5)[:, None]
    mix = CutMix(bounding_box_format="xyxy", pairing="self", num_classes=4)
    found = mix(
        {
            "images": np.zeros((4, 32, 32, 1), "float32"),
            "labels": np.arange(4),
            "bounding_boxes": {"boxes": boxes, "labels": labels},
        }
    )
    np.testing.assert_array_equal(found["bounding_boxes"]["boxes"][:, :1], boxes)
    assert (found["bounding_boxes"]["labels"][:, 1] == -1).all()
    np.testing.assert_array_equal(found["bounding_boxes"]["weights"], [[1, 0]] * 4)
    np.testing.assert_array_equal(found["labels"], np.eye(4))


def test_errors():
    batch = batch_of(images())
    with pytest.raises(ValueError, match="`bounding_box_format` must be given"):
        CutMix()(batch)
    for layer in (CutMix, MixUp):
        with pytest.raises(ValueError, match="must be one of.*'rel_xyxy'.*'xxyy'"):
            layer(bounding_box_format="xxyy")
    with pytest.raises(ValueError, match="`bounding_box_format` must be one of.*=4"):
        CutMix(bounding_box_format=4)
    with pytest.raises(ValueError, match="`min_visible` must be .* ≤ 1"):
        CutMix(min_visible=1.5)

    def mask(noise, lam, grid):
        return np.ones((len(lam), *grid), bool)

    layer = CutMix(region=mask, bounding_box_format="xyxy")
    with pytest.raises(ValueError, match=r"that is a box.*mask of shape \(2, 12, 20\)"):
        layer(batch)
    layer = CutMix(bounding_box_format="xyxy")
    for shape in ((4, 9, 2), (4, 5), (4, 3, 9, 9, 1)):
        with pytest.raises(ValueError, match="`bounding_boxes` need images.* shape"):
            layer(batch_of(np.ones(shape, "float32")))
    batch["bounding_boxes"]["boxes"] = np.ones((2, 4))
    with pytest.raises(ValueError, match="`bounding_boxes` must hold"):
        layer(batch)


def test_an_unknown_format_of_rules():
    boxes = np.ones((2, 1, 4), "float32")
    with pytest.raises(ValueError, match="must be one of.*'xyyx'"):
        pasted([REGION] * 2, boxes, np.ones((2, 1)), Rules(bounding_box_format="xyyx"))


def test_errors_come_out_of_a_pipeline():
    with pytest.raises(ValueError, match="`bounding_box_format` must be given"):
        through_tf_data(CutMix(), batch_of(images()))
