"""Which parts of a batch are labels, and what is neither label nor input."""

import collections
import importlib.util

import keras
import numpy as np
import pytest

from keras_mixup import AdaptiveMixUp
from keras_mixup import MixUp
from keras_mixup import MixupDataset
from keras_mixup import MixupLoss
from keras_mixup.pairing import LabelKernel
from tests.data.test_pipeline import CLASSES
from tests.data.test_pipeline import Halves
from tests.data.test_pipeline import blended
from tests.data.test_pipeline import data
from tests.data.test_pipeline import shares_of
from tests.data.test_pipeline import through_backend
from tests.data.test_pipeline import through_numpy
from tests.data.test_pipeline import through_tf_data
from tests.modes import to_numpy


class Once(keras.utils.PyDataset):
    """A data set of one batch."""

    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.batch


def through_stage(layer, batch):
    tf = pytest.importorskip("tensorflow")
    dataset = tf.data.Dataset.from_tensors(batch).apply(layer.stage())
    return next(dataset.as_numpy_iterator())


def through_a_py_dataset(layer, batch):
    return MixupDataset(Once(batch), layer)[0]


PIPELINES = [through_numpy, through_tf_data, through_stage, through_a_py_dataset]


@pytest.fixture(params=[*PIPELINES, through_backend], ids=lambda way: way.__name__)
def way(request):
    return request.param


@pytest.fixture(params=PIPELINES, ids=lambda way: way.__name__)
def pipeline(request):
    return request.param


def one_hot(ids, classes=CLASSES):
    return np.eye(classes)[ids]


def assert_mixed(mixed_x, x, *labels):
    """Inputs in reverse order are blended, and labels by the same shares."""
    share = shares_of(mixed_x, x)
    assert share.min() > 0.01
    np.testing.assert_allclose(mixed_x, blended(x, share), atol=1e-5)
    for mixed, label in labels:
        np.testing.assert_allclose(mixed, blended(label, share), atol=1e-5)


@pytest.mark.parametrize(
    "keys",
    [("audio", "label"), ("pixel_values", "labels"), ("x", "y"), ("a", "fine-target1")],
)
def test_inputs_of_any_key_beside_labels(way, keys):
    x, y = data()
    mixed = way(Halves(num_classes=CLASSES), dict(zip(keys, (x, y))))
    assert_mixed(mixed[keys[0]], x, (mixed[keys[1]], one_hot(y)))


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_pair_in_one_argument_is_inputs_and_labels(pipeline, kind):
    x, y = data()
    if kind is list and pipeline in (through_tf_data, through_stage):
        pytest.skip("a list is one tensor there")
    mixed = pipeline(Halves(num_classes=CLASSES), kind((x, y)))
    assert type(mixed) is kind
    assert_mixed(mixed[0], x, (mixed[1], one_hot(y)))


def test_a_triple_in_one_argument_is_weighted(pipeline):
    x, y = data()
    weight = np.float32(1 + np.arange(8))
    batch = ({"a": x, "label": x[:, 0]}, y, weight)
    mixed_x, mixed_y, mixed_w = pipeline(Halves(num_classes=CLASSES), batch)
    product = mixed_y * mixed_w[:, None]
    assert_mixed(mixed_x["a"], x, (mixed_w, weight), (mixed_x["label"], x[:, 0]))
    assert_mixed(mixed_x["a"], x, (product, one_hot(y) * weight[:, None]))


def test_a_dict_alone_in_a_tuple_is_a_batch(pipeline):
    x, y = data()
    mixed = pipeline(Halves(num_classes=CLASSES), ({"a": x, "label": y},))
    if isinstance(mixed, tuple):  # A map takes the one argument out of it.
        (mixed,) = mixed
    assert_mixed(mixed["a"], x, (mixed["label"], one_hot(y)))


def test_more_than_a_triple_with_class_ids_is_an_error():
    x, y = data()
    for batch in ((x, y, y, y), (x, x, x, y)):
        with pytest.raises(ValueError, match=r"Call the layer.*`mix\(x, y\)`"):
            MixUp(1.0, num_classes=CLASSES)(batch)


def test_labels_without_an_input_are_an_error(pipeline):
    _, y = data()
    with pytest.raises(ValueError, match="must have an input beside its labels"):
        pipeline(MixUp(1.0, num_classes=CLASSES), {"label": y})


def test_a_pair_in_a_map_of_the_users():
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    layer = Halves(num_classes=CLASSES)
    dataset = tf.data.Dataset.from_tensors((x, y)).map(lambda *batch: layer(batch))
    mixed_x, mixed_y = next(dataset.as_numpy_iterator())
    assert_mixed(mixed_x, x, (mixed_y, one_hot(y)))


def test_a_pair_of_tensors_outside_of_a_pipeline_are_inputs_of_a_model():
    x, _ = data()
    tensors = [keras.ops.convert_to_tensor(x)] * 2
    for same in to_numpy(MixUp(1.0)(tensors)):
        np.testing.assert_array_equal(same, x)


def test_a_model_of_two_inputs_does_not_mix_in_a_pipeline():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a model in a map needs TensorFlow")
    inputs = [keras.Input((3, 2)), keras.Input((3, 2))]
    model = keras.Model(inputs, MixUp(1.0)(inputs))
    x, _ = data()
    dataset = tf.data.Dataset.from_tensors((x, x)).map(lambda *pair: model(list(pair)))
    for same in next(dataset.as_numpy_iterator()):
        np.testing.assert_array_equal(same, x)


Named = collections.namedtuple("Named", "label image")
Placed = collections.namedtuple("Placed", "first second")


def test_named_tuples_by_their_names_and_else_by_their_order(pipeline):
    x, y = data()
    mixed = pipeline(Halves(num_classes=CLASSES), Named(y, x))
    assert isinstance(mixed, Named)
    assert_mixed(mixed.image, x, (mixed.label, one_hot(y)))
    mixed = pipeline(Halves(num_classes=CLASSES), Placed(x, y))
    assert isinstance(mixed, Placed)
    assert_mixed(mixed.first, x, (mixed.second, one_hot(y)))


def test_other_mappings_and_named_tuples_are_dicts():
    x, y = data()
    batch = collections.UserDict(images=x, labels=y)
    mixed = Halves(num_classes=CLASSES)(batch)
    assert_mixed(mixed["images"], x, (mixed["labels"], one_hot(y)))


def test_label_keys_name_what_no_key_tells(way):
    x, y = data()
    layer = Halves(num_classes=CLASSES, label_keys=["species"])
    mixed = way(layer, {"audio": x, "species": y, "target": x[:, 0]})
    assert set(mixed) == {"audio", "species", "target"}
    assert_mixed(mixed["audio"], x, (mixed["species"], one_hot(y)))
    assert_mixed(mixed["audio"], x, (mixed["target"], x[:, 0]))


def test_label_keys_come_back_from_a_config():
    layer = MixUp(label_keys=("a", "b"), num_classes={"a": 3, "b": [2, None]})
    config = layer.get_config()
    assert config["label_keys"] == ["a", "b"]
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert again.label_keys == ("a", "b")
    assert again.num_classes == {"a": 3, "b": [2, None]}
    assert (
        AdaptiveMixUp.from_config(AdaptiveMixUp(label_keys=()).get_config()).label_keys
        == ()
    )


@pytest.mark.parametrize("keys", ["label", 3])
def test_label_keys_are_several(keys):
    with pytest.raises(TypeError, match="`label_keys` must be a list of keys"):
        MixUp(label_keys=keys)


def test_integers_of_a_dict_without_labels(pipeline):
    x, y = data()
    for key in ("class", "species_id"):
        with pytest.raises(ValueError, match=rf"'{key}' .*`MixUp\(label_keys="):
            pipeline(MixUp(1.0, num_classes=CLASSES), {"audio": x, key: y})


def test_a_dict_known_to_have_no_labels():
    x, y = data()
    batch = {"y": x[:, 0, 0], "label": x, "row_id": y}
    mixed = through_a_py_dataset(Halves(label_keys=()), batch)
    assert_mixed(mixed["label"], x, (mixed["y"], x[:, 0, 0]))
    assert (mixed["row_id"] == y).all()


def test_two_labels_are_mixed_as_one(way):
    x, y = data()
    batch = {"image": x, "label": y, "coarse_label": y // 2, "label_text": None}
    if way in (through_tf_data, through_stage, through_backend):
        del batch["label_text"]
    mixed = way(Halves(num_classes=CLASSES), batch)
    labels = [(mixed["label"], one_hot(y)), (mixed["coarse_label"], one_hot(y // 2))]
    assert_mixed(mixed["image"], x, *labels)


def test_other_entries_are_inputs_or_stay(way):
    x, y = data()
    batch = {
        "image": np.uint8(100 + 20 * x),
        "label": y,
        "depth": x,
        "nested": {"age": x[:, 0, 0], "image_id": np.arange(8)},
        "index": np.arange(8)[:, None],
        "step": np.int64(3),
    }
    text = np.array(list("abcdefgh"))
    if way is not through_backend:
        batch |= {"file_name": text, "label_name": text}
    mixed = way(Halves(num_classes=CLASSES), batch)
    nested = mixed["nested"]
    assert_mixed(mixed["depth"], x, (mixed["label"], one_hot(y)))
    assert_mixed(mixed["depth"], x, (nested["age"], x[:, 0, 0]))
    share = shares_of(mixed["depth"], x)
    np.testing.assert_allclose(
        mixed["image"], blended(batch["image"], share), atol=1e-3
    )
    assert (nested["image_id"] == np.arange(8)).all()
    assert (mixed["index"] == np.arange(8)[:, None]).all()
    assert mixed["step"] == 3
    if way is not through_backend:
        assert list(np.char.decode(np.asarray(mixed["label_name"], "S"))) == list(text)


def test_a_category_beside_labels_stays_with_one_warning(way):
    x, y = data()
    layer = Halves(num_classes=CLASSES, name="careful")
    batch = {"image": x, "label": y, "speaker": np.arange(8)}
    with pytest.warns(UserWarning, match="'careful' left .*'speaker'.*`label_keys="):
        mixed = way(layer, batch)
    assert (mixed["speaker"] == np.arange(8)).all()
    assert_mixed(mixed["image"], x, (mixed["label"], one_hot(y)))
    way(layer, batch)  # A second warning would be an error.


@pytest.mark.parametrize("dtype", ["int32", "uint16", "int8"])
def test_token_ids_are_not_blended(way, dtype):
    x, y = data()
    tokens = np.arange(40).reshape(8, 5).astype(dtype)
    if keras.backend.backend() == "torch" and dtype == "uint16":
        pytest.skip("torch can do little with uint16")
    for batch in ({"tokens": tokens, "label": y}, {"a": x, "b": tokens, "label": y}):
        with pytest.raises(ValueError, match="Put the layer after"):
            way(MixUp(num_classes=CLASSES), batch)
    if way in PIPELINES:
        with pytest.raises(ValueError, match=r"`x` holds integers.*the `Embedding`"):
            way(MixUp(num_classes=CLASSES), (tokens, y))


def test_token_ids_are_not_blended_in_a_model_and_pass_outside_of_training():
    model = keras.Sequential([keras.Input((5,), dtype="int32"), mix := MixUp(1.0)])
    model.add(keras.layers.Embedding(40, 2))
    model.add(keras.layers.GlobalAveragePooling1D())
    model.compile("sgd", MixupLoss("mse", mix))
    tokens = np.arange(40).reshape(8, 5)
    assert model.predict(tokens, verbose=0).shape == (8, 2)
    with pytest.raises(ValueError, match=r"`x` holds integers .*the `Embedding`"):
        model.fit(tokens, np.zeros((8, 2)), verbose=0)


@pytest.mark.parametrize(
    ("dtype", "shape"),
    [
        ("uint8", (8, 5)),
        ("int16", (8, 5)),
        ("uint16", (8, 2, 2)),
        ("int32", (8, 2, 2, 1)),
    ],
)
def test_images_and_sound_of_integers_are_blended(dtype, shape):
    x = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    mixed, _ = Halves()(x, np.zeros((8, 1), "float32"))
    np.testing.assert_allclose(mixed, blended(x, shares_of(mixed, x)), atol=1e-3)


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
def test_a_mask_under_another_name_is_no_image(way, dtype):
    x, y = data()
    batch = {"image": x, "label": y, "mask": np.ones((8, 3, 2, 1), dtype)}
    with pytest.raises(ValueError, match="'mask' .*'segmentation_masks'"):
        way(MixUp(num_classes=CLASSES), batch)


@pytest.mark.parametrize("column", [False, True])
def test_class_ids_may_be_floats_where_there_are_classes(way, column):
    x, y = data()
    labels = (y[:, None] if column else y).astype("float32")
    batch = (x, labels) if way in PIPELINES else {"x": x, "target": labels}
    mixed = way(Halves(num_classes=CLASSES), batch)
    mixed_x, mixed_y = mixed.values() if isinstance(mixed, dict) else mixed
    assert_mixed(mixed_x, x, (mixed_y, one_hot(y)))


def test_floats_between_class_ids(pipeline):
    x, y = data()
    with pytest.raises(Exception, match=r"Integer labels must be in \[0, 4\)"):
        pipeline(MixUp(num_classes=CLASSES), (x, np.float32(y + 0.5)))
    with pytest.raises(ValueError, match="a label of 0.5"):
        MixUp(num_classes=CLASSES)(x, np.float32(np.zeros(8) + 0.5))


def test_whole_floats_that_may_be_classes_warn_once():
    x, _ = data()
    layer = MixUp(name="unsure")
    with pytest.warns(UserWarning, match="'unsure' blends labels of whole numbers"):
        layer(x, np.float32([0, 1, 2, 2, 1, 0, 3, 1]))
    layer(x, np.float32([0, 1, 2, 2, 1, 0, 3, 1]))


@pytest.mark.parametrize(
    "labels",
    [
        [0, 1, 1, 0, 1, 0, 1, 1],
        [0.5, 1, 2, 2, 1, 0, 3, 1],
        [5, 1, 2, 2, 1, 5, 3, 1],
        [0, 1, 2, 3, 4, 5, 6, 7],
        [0, 110, 20, 20, 110, 0, 3, 1],
    ],
    ids=["binary", "fractions", "ratings", "distinct", "large"],
)
def test_other_floats_do_not_warn(labels):
    x, _ = data()
    y = np.float32(labels)
    mixed_x, mixed_y = Halves()(x, y)
    assert_mixed(mixed_x, x, (mixed_y, y))


# Several labels.


def test_a_number_of_classes_for_each_label(way):
    x, y = data()
    labels = {"root": y, "vowel": (y + 1) % 3, "age": x[:, 0, 0]}
    counts = {"root": CLASSES, "vowel": 3, "age": None}
    expected = one_hot(y), one_hot((y + 1) % 3, 3), x[:, 0, 0]
    batches = [{"images": x, "labels": labels}, {"images": x, **labels}]
    for batch, keys in zip(batches, (None, tuple(labels))):
        layer = Halves(num_classes=counts, label_keys=keys)
        mixed = way(layer, batch)
        found = mixed["labels"] if keys is None else mixed
        pairs = [(found[key], y) for key, y in zip(labels, expected)]
        assert_mixed(mixed["images"], x, *pairs)
    if way in PIPELINES:
        mixed_x, found = way(Halves(num_classes=counts), (x, labels))
        pairs = [(found[key], y) for key, y in zip(labels, expected)]
        assert_mixed(mixed_x, x, *pairs)
        mixed_x, found = way(
            Halves(num_classes=[CLASSES, 3]), (x, (y, labels["vowel"]))
        )
        assert_mixed(mixed_x, x, *zip(found, expected))


def test_labels_of_a_nesting_share_one_number(way):
    x, y = data()
    batch = {"images": x, "labels": {"root": y, "vowel": np.float32(y)}}
    mixed = way(Halves(num_classes=CLASSES), batch)
    labels = mixed["labels"].values()
    assert_mixed(mixed["images"], x, *((label, one_hot(y)) for label in labels))


@pytest.mark.parametrize(
    ("counts", "labels"),
    [
        ({"root": 4}, {"root": data()[1], "vowel": data()[1]}),
        ({"root": 4, "vowel": 4}, data()[1]),
        ([4], (data()[1], data()[1])),
        ({"root": {"a": 4}, "vowel": 4}, {"root": data()[1], "vowel": data()[1]}),
    ],
)
def test_classes_of_another_nesting_than_the_labels(counts, labels):
    with pytest.raises(ValueError, match="`num_classes` must be a number or struct"):
        MixUp(num_classes=counts)(data()[0], labels)


@pytest.mark.parametrize(
    ("counts", "error"), [({}, ValueError), ({"a": 0}, ValueError), (["3"], TypeError)]
)
def test_bad_numbers_of_classes(counts, error):
    with pytest.raises(error, match="`num_classes`"):
        MixUp(num_classes=counts)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_label_of_several_may_be_none(weighted):
    x, y = data()
    weight = np.ones(8, "float32")
    batch = (x, {"a": y, "b": None}, *[{"a": weight, "b": None}] * weighted)
    for layer in (Halves(num_classes=CLASSES), Halves(num_classes={"a": 4, "b": 9})):
        mixed_x, mixed_y, *mixed_w = layer(*batch)
        assert_mixed(mixed_x, x, (mixed_y["a"], one_hot(y)))
        assert mixed_y["b"] is None
        assert [w["b"] for w in mixed_w] == [None] * weighted


def test_near_labels_pair_where_a_label_of_several_is_none():
    x, _ = data()
    mix = MixUp(8.0, pairing=LabelKernel(0.1, exclude_self=True))
    targets = np.float32([0, 0, 50, 50, 100, 100, 150, 150]) + 0.5
    _, (mixed, none) = mix(x, (targets, None))
    np.testing.assert_allclose(mixed, targets, atol=1e-4)
    assert none is None
    with pytest.raises(ValueError, match="`y` must hold a label that is not None"):
        mix(x, (None, None))


# Integer labels of a width of their own.


def test_integer_one_hot_labels_of_another_width(pipeline):
    x, y = data()
    with pytest.raises(Exception, match="one-hot labels of another width"):
        pipeline(MixUp(num_classes=CLASSES), (x, np.eye(5, dtype="int64")[y]))


def test_class_ids_of_steps_are_no_one_hot_labels(pipeline):
    x, _ = data()
    steps = np.random.default_rng(0).integers(0, 2, (8, 5))
    steps[0] = [0, 0, 1, 0, 0]
    mixed_x, mixed_y = pipeline(Halves(num_classes=3), (x, steps))
    assert_mixed(mixed_x, x, (mixed_y, one_hot(steps, 3)))


def test_one_sigmoid_takes_one_number(pipeline):
    x, y = data()
    for labels in (y % 2, (y % 2)[:, None], y % 2 == 1):
        mixed_x, mixed_y = pipeline(Halves(num_classes=1), (x, labels))
        assert_mixed(mixed_x, x, (mixed_y, (y % 2)[:, None]))
    with pytest.raises(ValueError, match="0 or 1 for one sigmoid.* to float"):
        pipeline(MixUp(), (x, y % 2))
    with pytest.raises(ValueError, match=r"in \[0, 2\), as num_classes=1"):
        MixUp(num_classes=1)(x, y)


def test_booleans_of_two_classes(pipeline):
    x, y = data()
    mixed_x, mixed_y = pipeline(Halves(num_classes=2), (x, y > 1))
    assert_mixed(mixed_x, x, (mixed_y, one_hot(1 * (y > 1), 2)))


# What is no array of numbers.


def test_masked_arrays_are_refused():
    x, y = data()
    masked = np.ma.masked_array(x, x > 0)
    for call in (
        lambda: MixUp(num_classes=CLASSES)(masked, y),
        lambda: MixUp(num_classes=CLASSES)(x, np.ma.masked_array(y, y > 1)),
        lambda: MixUp()(masked, training=True),
        lambda: MixUp()({"a": masked, "label": x}),
    ):
        with pytest.raises(TypeError, match=r"is a masked array.*filled\(0\)"):
            call()


@pytest.mark.parametrize(
    "boxes",
    [
        {"boxes": np.ones((8, 3, 4)), "labels": np.ones((8, 2))},
        {"boxes": np.ones((8, 3, 5)), "labels": np.ones((8, 3))},
        np.ones((8, 3, 4)),
    ],
)
def test_boxes_and_their_labels_are_as_many(boxes):
    with pytest.raises(ValueError, match="`bounding_boxes` must have|boxes. of shape"):
        MixUp()({"images": data()[0], "bounding_boxes": boxes})


def test_tensors_of_another_library_name_the_remedy():
    x, y = data()
    name = "jax" if keras.backend.backend() == "torch" else "torch"
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    if name == "torch":
        import torch

        batch, remedy = (torch.from_numpy(x), torch.from_numpy(y)), r"`\.numpy\(\)`"
    else:
        import jax.numpy as jnp

        batch, remedy = (jnp.asarray(x), jnp.asarray(y)), r"`np\.asarray`"
    for arguments in (batch, (batch,)):
        with pytest.raises(
            TypeError, match=f"not on tensors of {name}. {remedy} makes"
        ):
            MixUp(num_classes=CLASSES)(*arguments)


def test_text_names_its_place(pipeline):
    x, y = data()
    text = np.array(list("abcdefgh"))
    with pytest.raises(TypeError, match=r"`x\['name'\]` must hold"):
        pipeline(MixUp(num_classes=CLASSES), ({"a": x, "name": text}, y))
    with pytest.raises(TypeError, match="`label` must hold"):
        pipeline(MixUp(num_classes=CLASSES), {"a": x, "label": text})


def test_sparse_tensors_and_tables_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    x, y = data()
    with pytest.raises(TypeError, match=r"Make it dense, as `\.toarray\(\)`"):
        MixUp(num_classes=CLASSES)(sparse.csr_matrix(x[:, 0]), y)

    class Table:
        """As much of a data frame as tells that it is one."""

        shape, dtypes = (8, 2), ["float32", "int64"]

        def to_numpy(self):
            return x[:, 0]

    with pytest.raises(TypeError, match=r"`x` is a Table.*to_numpy\(\)"):
        MixUp()(Table())


def test_weights_under_nearly_their_key():
    x, y = data()
    batch = {"x": x, "label": y, "sample_weights": np.ones(8)}
    with pytest.raises(ValueError, match="under the key 'sample_weight'"):
        MixUp(num_classes=CLASSES)(batch)


def test_a_tensor_of_unknown_rank_says_what_to_do():
    tf = pytest.importorskip("tensorflow")
    x, y = data()
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([(x, y)]), output_types=(tf.float32, tf.int64)
    )
    layer = Halves(num_classes=CLASSES)
    as_dict = dataset.map(lambda x, y: {"x": x, "label": y})
    for unknown in (dataset, as_dict):
        with pytest.raises(ValueError, match=r"`x` .*set_shape.*`output_signature`"):
            unknown.map(layer)

    def shaped(x, y):
        return tf.ensure_shape(x, [None, 3, 2]), tf.ensure_shape(y, [None])

    mixed_x, mixed_y = next(dataset.map(shaped).map(layer).as_numpy_iterator())
    assert_mixed(mixed_x, x, (mixed_y, one_hot(y)))


def test_inputs_of_a_model_may_have_keys_of_labels():
    inputs = {name: keras.Input((3,), name=name) for name in "xy"}
    with pytest.raises(TypeError, match=r"symbolic labels.*`MixUp\(label_keys=\(\)\)`"):
        MixUp()(inputs)
    mix = MixUp(8.0, label_keys=(), pairing="reverse")
    model = keras.Model(inputs, mix(inputs))
    x = data()[0][:, :, 0]
    mixed = to_numpy(model({"x": x, "y": 2 * x}, training=True))
    assert_mixed(mixed["x"], x, (mixed["y"], 2 * x))


def test_weights_of_classes_go_through_the_mix(pipeline):
    x, y = data()
    weight_of_class = np.float32([1, 2, 3, 4])
    batch = (x, y, weight_of_class[y])
    mixed_x, mixed_y, mixed_w = pipeline(Halves(num_classes=CLASSES), batch)
    share = shares_of(mixed_x, x)
    log_p = np.log(np.random.default_rng(3).dirichlet(np.ones(CLASSES), 8))
    found = mixed_w * -(mixed_y * log_p).sum(1)
    hard = weight_of_class[y] * -log_p[np.arange(8), y]
    other = weight_of_class[y[::-1]] * -log_p[np.arange(8), y[::-1]]
    np.testing.assert_allclose(found, (1 - share) * hard + share * other, atol=1e-5)


def test_a_torch_data_loader_trains_on_every_backend():
    torch = pytest.importorskip("torch")
    x, y = data(32)
    mix = Halves(num_classes=CLASSES)
    seen = []

    def collate(samples):
        batch = (np.stack(part) for part in zip(*samples))
        mixed = mix(tuple(batch))
        seen.append(mixed)
        return [torch.from_numpy(part) for part in mixed]

    loader = torch.utils.data.DataLoader(list(zip(x, y)), 8, collate_fn=collate)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(CLASSES)])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss)
    history = model.fit(loader, shuffle=False, verbose=0)
    trained = seen[-4:]
    kernel, bias = model.get_weights()
    by_hand = []
    for start, (mixed_x, mixed_y) in zip(range(0, 32, 8), trained):
        rows = slice(start, start + 8)
        assert_mixed(mixed_x, x[rows], (mixed_y, one_hot(y[rows])))
        scores = mixed_x.reshape(8, -1) @ kernel + bias
        log_p = scores - np.log(np.exp(scores).sum(1, keepdims=True))
        by_hand.append(-(mixed_y * log_p).sum(1).mean())
    assert history.history["loss"][0] == pytest.approx(np.mean(by_hand), rel=1e-4)


def test_a_pair_of_backend_tensors_with_class_ids_is_an_error():
    # As the default collate function of torch's DataLoader hands them over.
    x, y = np.ones((4, 3), "float32"), np.arange(4)
    pair = tuple(map(keras.ops.convert_to_tensor, (x, y)))
    if keras.backend.backend() == "tensorflow":
        pair = tuple(map(keras.ops.convert_to_tensor, (x, y[:, None])))
    with pytest.raises(ValueError, match=r"Call the layer.*`mix\(x, y\)`"):
        MixUp(1.0, num_classes=4)(pair)
