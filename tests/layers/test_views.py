import keras
import numpy as np
import pytest
from keras import layers

from keras_mixup import AdaptiveMixUp
from keras_mixup import ManifoldMixUp
from keras_mixup import MixUp
from keras_mixup import pairing
from tests import models
from tests.data.test_pipeline import WAYS
from tests.models import FixedMixUp
from tests.modes import to_numpy
from tests.modes import train_call

SIZE = 6
ROWS, SHARE = models.fixed_plan(SIZE)


@keras.saving.register_keras_serializable(package="tests")
def double(x):
    return x * 2


@keras.saving.register_keras_serializable(package="tests")
def negative(x):
    return -x


VIEWS = (double, negative)


def images(size=SIZE):
    return np.random.default_rng(0).random((size, 8, 8, 3), "float32")


def augmentations():
    erase = layers.RandomErasing((1.0, 1.0), (0.2, 0.3), value_range=(0, 1), seed=1)
    return erase, layers.RandomRotation(0.2, seed=2)


def column(share):
    return share[:, None, None, None]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_row_gives_its_first_view_and_its_partner_the_second(dtype, mode):
    x, share = images(), column(SHARE)
    mixed, _ = train_call(FixedMixUp(views=VIEWS, dtype=dtype), x, mode)
    expected = (1 - share) * 2 * x - share * x[ROWS]
    atol = {"float32": 1e-6, "float16": 3e-3, "bfloat16": 3e-2}[dtype]
    np.testing.assert_allclose(np.float32(mixed), expected, atol=atol)


def test_two_views_of_the_same_row(mode):
    mix = MixUp(1.0, views=VIEWS, pairing="self", seed=0)
    x = images()
    mixed, plan = train_call(mix, x, mode)
    share = column(plan.share)
    np.testing.assert_array_equal(plan.partners, np.arange(SIZE))
    assert 0.01 < plan.share.max() <= 0.5
    expected = (1 - share) * 2 * x - share * x
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def test_every_partner_of_several_gives_its_second_view(mode):
    mix = MixUp(1.0, views=VIEWS, num_samples=3, seed=0)
    x = images()
    mixed, plan = train_call(mix, x, mode)
    expected = 2 * column(1 - plan.share.sum(axis=1)) * x
    for rows, share in zip(plan.partners.T, plan.share.T):
        expected -= column(share) * x[rows]
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def test_all_inputs_of_a_model_have_views(mode):
    def swapped(x):
        return {"a": x["a"] + 1, "b": x["b"] * 3}

    x = {"a": images(), "b": np.arange(SIZE, dtype="float32")[:, None]}
    mixed, _ = train_call(FixedMixUp(views=(swapped, lambda x: x)), x, mode)
    a = models.mixed(np.float64(x["a"]), ROWS, SHARE) + 1 - column(SHARE)
    b = (1 - SHARE)[:, None] * 3 * x["b"] + SHARE[:, None] * x["b"][ROWS]
    np.testing.assert_allclose(mixed["a"], a, atol=1e-6)
    np.testing.assert_allclose(mixed["b"], b, atol=1e-6)


def test_a_row_left_unmixed_is_its_first_view(mode):
    x = images()
    mixed, _ = train_call(MixUp(1.0, prob=0.0, views=VIEWS), x, mode)
    np.testing.assert_array_equal(mixed, 2 * x)


def test_inference_sees_the_rows_themselves():
    x = images()
    mixed = to_numpy(MixUp(1.0, views=VIEWS)(x, training=False))
    np.testing.assert_array_equal(mixed, x)


@pytest.mark.parametrize("way", WAYS)
def test_pipelines_blend_views_and_leave_the_labels_of_one_row(way):
    x, y = images(), np.arange(SIZE) % 3
    mix = MixUp(1.0, views=VIEWS, pairing="self", num_classes=3, seed=0)
    mixed, labels = to_numpy(way(mix, x, y))
    np.testing.assert_allclose(labels, np.eye(3)[y], atol=1e-6)
    # Of 2x and −x, both multiples of x, one number says what was blended.
    share = (2 - mixed / x) / 3
    np.testing.assert_allclose(share, share[:, :1, :1, :1] + 0 * share, atol=1e-5)
    assert 0.01 < share.max() <= 0.5 + 1e-6


@pytest.mark.parametrize("way", WAYS)
def test_pipelines_mix_the_labels_of_two_rows(way):
    y = np.eye(4, dtype="float32")
    x = np.ones((4, 8, 8, 3), "float32")
    mix = MixUp(1.0, views=VIEWS, pairing="derangement", seed=0)
    mixed, labels = to_numpy(way(mix, x, y))
    own = np.diag(labels)
    np.testing.assert_allclose(mixed[:, 0, 0, 0], 2 * own - (1 - own), atol=1e-6)
    assert own.min() < 0.99


@pytest.mark.parametrize("way", WAYS)
def test_layers_of_keras_are_views_in_pipelines(way):
    x, y = images(), np.eye(SIZE, dtype="float32")
    erase, rotate = augmentations()
    kept = MixUp(1.0, prob=0.0, views=(erase, rotate))
    first, _ = to_numpy(way(kept, x, y))
    # An erased box is the one change, and no sample is without it.
    changed = (np.abs(first - x) > 1e-6).any(axis=-1)
    assert changed.any(axis=(1, 2)).all()
    assert changed.mean() < 0.6
    mixed, labels = to_numpy(way(MixUp(1.0, views=(erase, rotate), seed=0), x, y))
    assert np.abs(mixed - x).max() > 0.1
    assert np.diag(labels).min() < 0.99


def test_views_draw_anew_in_every_step_of_a_training():
    rotate = layers.RandomRotation(0.5, seed=3)
    mix = MixUp(1.0, prob=0.0, views=(rotate, negative))
    mix.build((None, 8, 8, 3))
    seen = [train_call(mix, images(), "eager")[0] for _ in range(2)]
    assert np.abs(seen[0] - seen[1]).max() > 0.1


def test_views_come_back_from_a_file(tmp_path):
    mix = MixUp(1.0, views=(augmentations()[0], negative), pairing="self", seed=4)
    model = keras.Sequential([keras.Input((8, 8, 3)), mix, layers.Flatten()])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    assert loaded.pairing is pairing.itself
    for a, b in zip(
        train_call(mix, images(), "eager"), train_call(loaded, images(), "eager")
    ):
        for one, two in zip(keras.tree.flatten(a), keras.tree.flatten(b)):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("way", models.WAYS)
def test_views_with_weights_learn_and_are_saved(way, tmp_path):
    x, y = models.data()
    encode = layers.Dense(models.FEATURES, kernel_initializer="identity")
    mix = MixUp(1.0, views=(encode, layers.Identity()), pairing="self", seed=0)
    model = models.compiled(models.classifier(mix), mix, **models.WAYS[way])
    models.fit(model, x, y)
    learnt = to_numpy(encode.kernel)
    assert np.abs(learnt - np.eye(models.FEATURES)).max() > 0.01
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(to_numpy(loaded.views[0].kernel), learnt)


def test_views_with_weights_are_saved_before_any_training(tmp_path):
    encode = layers.Dense(models.FEATURES)
    mix = MixUp(1.0, views=(encode, layers.Identity()), pairing="self")
    models.classifier(mix).save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(
        to_numpy(loaded.views[0].kernel), to_numpy(encode.kernel)
    )


def test_a_training_on_one_row_is_that_on_its_blended_views():
    x, y = models.data()
    mix = MixUp(1.0, views=VIEWS, pairing="self", seed=0)
    model = models.compiled(
        models.classifier(mix, models.Revealing), mix, **models.QUICK
    )
    kernel = models.kernel_of(model)
    log = models.PlanLog()
    models.fit(model, x, y, epochs=1, callbacks=[log])
    for start, (_, share) in zip(range(0, 20, 4), log.plans):
        rows, labels = x[start : start + 4], y[start : start + 4]
        rows = (2 - 3 * share)[:, None] * rows
        p = models.softmax(rows @ kernel)
        kernel -= 0.5 * rows.T @ (p - np.eye(models.CLASSES)[labels]) / 4
    np.testing.assert_allclose(models.kernel_of(model), kernel, atol=1e-5)


@pytest.mark.parametrize("views", [double, (double,), (double, double, double)])
def test_views_must_be_a_pair(views):
    with pytest.raises(ValueError, match="`views` must be a pair"):
        MixUp(views=views)


def test_views_must_be_callable():
    with pytest.raises(TypeError, match="`views` must be layers or functions.*'flip'"):
        MixUp(views=("flip", double))


def test_a_view_must_keep_the_shape():
    mix = MixUp(views=(double, lambda x: x[:, :4]))
    with pytest.raises(ValueError, match=r"keep the shape.*\(6, 4, 8, 3\)"):
        mix(images(), np.eye(SIZE))


def test_a_row_and_itself_need_views():
    with pytest.raises(ValueError, match='pairing="self".*`views`'):
        MixUp(pairing="self")


@pytest.mark.parametrize(
    "part",
    [
        {"segmentation_masks": np.zeros((SIZE, 8, 8, 1), "float32")},
        {
            "bounding_boxes": {
                "boxes": np.zeros((SIZE, 2, 4)),
                "labels": -np.ones((SIZE, 2)),
            }
        },
    ],
)
def test_what_says_where_goes_with_no_view(part):
    with pytest.raises(ValueError, match=f"'{next(iter(part))}' says where it is"):
        MixUp(views=VIEWS)({"images": images(), **part})


def test_hidden_places_have_no_views():
    with pytest.raises(ValueError, match="Unrecognized keyword arguments.*'views'"):
        ManifoldMixUp(views=VIEWS)


def test_a_policy_of_distances_needs_two_rows():
    with pytest.raises(ValueError, match="all distances are 0"):
        AdaptiveMixUp("similarity", pairing="self", views=VIEWS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seen", [lambda x: (x, x), lambda x: {"x": x}, lambda x: None])
def test_a_view_of_another_structure(seen, way):
    mix = MixUp(views=(seen, lambda x: x))
    x = np.ones((4, 2), "float32")
    with pytest.raises(ValueError, match="`views` must (return|keep)"):
        way(mix, x, x)
