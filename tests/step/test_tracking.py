import csv
import functools

import keras
import numpy as np
import pytest
from keras import callbacks
from keras import layers
from keras import losses
from keras import ops

from keras_mixup import MixPlan
from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests.layers.test_distribute import on_tensorflow
from tests.layers.test_distribute import results_of
from tests.models import BACKEND
from tests.models import CLASSES
from tests.models import COMPILED
from tests.models import FEATURES
from tests.models import QUICK
from tests.models import WAYS
from tests.models import FixedMixUp
from tests.models import classifier
from tests.models import data
from tests.models import fit
from tests.models import fixed_plan
from tests.models import kernel_of
from tests.models import mixed
from tests.models import softmax

close = functools.partial(np.testing.assert_allclose, rtol=1e-5)
SPARSE = "sparse_categorical_crossentropy"
MEANS = ["mixup_lam", "mixup_accuracy"]


def tracked(model, mix, loss=SPARSE, rate=0.0, track=True, **kwargs):
    """`model` with a loss that tracks; by default it learns nothing."""
    loss = MixupLoss(loss, mix, track=track)
    model.compile(keras.optimizers.SGD(rate), loss, **kwargs)
    return model


def sequential(mixes, *head, shape=(FEATURES,)):
    return keras.Sequential([keras.Input(shape), *mixes, *head])


def logged(logs):
    return np.squeeze([logs[name] for name in MEANS])


def top(y, p):
    """The part of a sample's class ids that are predicted."""
    hits = p.argmax(axis=-1) == y.reshape(p.shape[:-1])
    return hits.reshape(len(p), -1).mean(axis=-1)


def over(threshold):
    """The part of a sample's binary labels that are predicted."""
    return lambda y, p: np.mean(
        ((p > threshold) == y.reshape(p.shape)).reshape(len(p), -1), axis=-1
    )


def by_hand(x, y, predict, hits=top, plan=fixed_plan, cuts=None):
    """The means over all samples of the dominant weight and of the pair accuracy.

    Args:
        predict: A kernel, or a function of mixed samples to predictions.
        hits: A function of labels and predictions to the accuracy of each sample.
        plan: The samples and shares of the next batch, a function of its size.
        cuts: Where batches end. Defaults to batches of 4.
    """
    dominant, accuracy = [], []
    cuts = range(4, len(x), 4) if cuts is None else cuts
    for x_, y_ in zip(np.split(x, cuts), np.split(y, cuts)):
        rows, share = plan(len(x_))
        x_ = mixed(x_, rows, share).astype("float32")
        p = predict(x_) if callable(predict) else softmax(x_ @ predict)
        dominant.extend(np.maximum(share, 1 - share))
        accuracy.extend((1 - share) * hits(y_, p) + share * hits(y_[rows], p))
    return np.mean(dominant), np.mean(accuracy)


@pytest.mark.parametrize("name", WAYS)
def test_each_epoch_logs_its_own_means(name):
    x, y = data(22)  # The last batch has two samples.
    mix = FixedMixUp()
    model = tracked(classifier(mix), mix, metrics=["accuracy"], **WAYS[name])
    kernel = kernel_of(model)

    def turn(epoch, logs):
        model.layers[-1].kernel.assign((-1) ** epoch * kernel)

    turning = callbacks.LambdaCallback(on_epoch_begin=turn)
    history = fit(model, x, y, epochs=2, validation_data=(x, y), callbacks=[turning])
    assert set(history) == {*MEANS, "loss", "accuracy", "val_loss", "val_accuracy"}
    first, second = by_hand(x, y, kernel), by_hand(x, y, -kernel)
    assert abs(first[1] - second[1]) > 0.05
    close(logged(history).T, [first, second])
    evaluated = model.evaluate(x, y, 4, verbose=0, return_dict=True)
    assert set(evaluated) == {"loss", "accuracy"}


rng = np.random.default_rng(1)
IDS, MANY_IDS = rng.integers(0, CLASSES, 20), rng.integers(0, CLASSES, (20, 5))
BITS, MANY_BITS = rng.integers(0, 2, (20, 1)), rng.integers(0, 2, (20, CLASSES))
LOGITS = {"from_logits": True}


@pytest.mark.parametrize(
    ("loss", "head", "y", "hits"),
    [
        (SPARSE, [(CLASSES, "softmax")], IDS, top),
        (SPARSE, [(CLASSES, "softmax")], MANY_IDS, top),
        (
            losses.SparseCategoricalCrossentropy(**LOGITS),
            [(CLASSES,)],
            IDS[:, None],
            top,
        ),
        (
            "categorical_crossentropy",
            [(CLASSES, "softmax")],
            np.eye(CLASSES)[IDS],
            lambda y, p: top(y.argmax(axis=-1), p),
        ),
        ("binary_crossentropy", [(1, "sigmoid")], BITS, over(0.5)),
        (losses.BinaryCrossentropy(**LOGITS), [(1,)], BITS[:, 0], over(0)),
        ("binary_crossentropy", [(1, "sigmoid"), ()], BITS[:, 0], over(0.5)),
        (losses.BinaryCrossentropy(), [(CLASSES, "sigmoid")], MANY_BITS, over(0.5)),
        (losses.BinaryFocalCrossentropy(**LOGITS), [(CLASSES,)], MANY_BITS, over(0)),
    ],
)
def test_the_accuracy_is_that_on_the_labels_of_both_rows(loss, head, y, hits):
    # Without arguments: predictions of shape `(batch_size,)`.
    head = [layers.Dense(*each) if each else layers.Reshape(()) for each in head]
    shape = (5, FEATURES) if y is MANY_IDS else (FEATURES,)
    x = np.random.default_rng(2).normal(size=(20, *shape)).astype("float32")
    mix = FixedMixUp()
    model = tracked(sequential([mix], *head, shape=shape), mix, loss, **QUICK)
    # Weights count in the loss alone.
    weight = np.resize(np.arange(20) / 7, (20, 5) if y is MANY_IDS else (20,))
    logs = fit(model, x, y, epochs=1, sample_weight=weight)
    predict = keras.Sequential(head)
    close(logged(logs), by_hand(x, y, lambda x: ops.convert_to_numpy(predict(x)), hits))


@pytest.mark.parametrize("loss", ["mse", losses.Huber(), losses.log_cosh])
def test_a_regression_logs_lam_alone(loss):
    x, y = data()
    mix = FixedMixUp()
    model = tracked(sequential([mix], layers.Dense(1)), mix, loss, run_eagerly=True)
    history = fit(model, x, y, epochs=1)
    assert set(history) == {"loss", "mixup_lam"}
    close(history["mixup_lam"], 1 - fixed_plan(4)[1].mean())


class Unfolded(FixedMixUp):
    """Takes up to 0.8 from the partner."""

    def draw_plan(self, x, **_):
        plan = super().draw_plan(x)
        return MixPlan(plan.partners, 2 * plan.share)


def unfolded_plan(size, step=1):
    rows, share = fixed_plan(size, step)
    return rows, 2 * share


def test_lam_is_the_share_of_whichever_row_dominates():
    x, y = data()
    mix = Unfolded(fold=False)
    model = tracked(classifier(mix), mix, **QUICK)
    expected = by_hand(x, y, kernel_of(model), plan=unfolded_plan)
    close(logged(fit(model, x, y, epochs=1)), expected)


def test_two_layers_on_one_path_are_tracked_as_four_rows():
    x, y = data()
    mixes = [Unfolded(1), Unfolded(2)]
    model = sequential(mixes, layers.Dense(CLASSES, "softmax", use_bias=False))
    tracked(model, mixes, **QUICK)
    (rows1, share1), (rows2, share2) = plans = [unfolded_plan(20, n) for n in (1, 2)]
    p = softmax(mixed(mixed(x, *plans[0]), *plans[1]) @ kernel_of(model))
    terms = [
        ((1 - share2) * (1 - share1), y),
        ((1 - share2) * share1, y[rows1]),
        (share2 * (1 - share1[rows2]), y[rows2]),
        (share2 * share1[rows2], y[rows1[rows2]]),
    ]
    dominant = np.max([weight for weight, _ in terms], axis=0).mean()
    accuracy = sum(weight * top(labels, p) for weight, labels in terms).mean()
    logs = model.train_on_batch(x, y, return_dict=True)
    assert set(logs) == {*MEANS, "loss"}
    close(logged(logs), [dominant, accuracy])


@pytest.mark.parametrize("classes_first", [False, True])
def test_a_loss_without_an_accuracy_leaves_that_of_another(classes_first):
    x, y = data(8)
    mix = FixedMixUp()
    inputs = keras.Input((FEATURES,))
    hidden = mix(inputs)
    outputs = [
        layers.Dense(CLASSES, activation="softmax")(hidden),
        layers.Dense(1)(hidden),
    ]
    losses = [
        MixupLoss("sparse_categorical_crossentropy", mix, track=True),
        MixupLoss("mse", mix, track=True),
    ]
    targets = [y, x[:, :1]]
    step = 1 if classes_first else -1
    model = keras.Model(inputs, outputs[::step])
    model.compile("sgd", losses[::step], **QUICK)
    p = model.predict(mixed(x, *fixed_plan(8)), verbose=0)[::step][0]
    logs = model.fit(x, targets[::step], shuffle=False, verbose=0).history
    rows, share = fixed_plan(8)
    right = p.argmax(1)
    accuracy = ((1 - share) * (right == y) + share * (right == y[rows])).mean()
    assert logs["mixup_accuracy"] == pytest.approx([accuracy])
    assert logs["mixup_lam"] == pytest.approx([(1 - share).mean()])


def test_one_of_two_losses_on_a_layer_tracks():
    x, y = data()
    mix, inputs = FixedMixUp(), keras.Input((FEATURES,))
    head = layers.Dense(CLASSES, "softmax", use_bias=False)
    outputs = {"kind": head(mix(inputs)), "size": layers.Dense(1)(mix.output)}
    both = {"kind": MixupLoss(SPARSE, mix, track=True), "size": MixupLoss("mse", mix)}
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.0), both, **QUICK)
    logs = fit(model, x, {"kind": y, "size": y}, epochs=1)
    close(logged(logs), by_hand(x, y, ops.convert_to_numpy(head.kernel)))


def test_it_is_off_by_default_and_training_does_not_depend_on_it():
    results = []
    for track in ({}, {"track": True}):
        keras.utils.set_random_seed(3)
        mix = MixUp(alpha=1.0, seed=5)
        model = classifier(mix)
        loss = MixupLoss(SPARSE, mix, **track)
        model.compile(keras.optimizers.SGD(0.5), loss, **COMPILED)
        results.append((fit(model, *data()), kernel_of(model)))
    (off, off_kernel), (on, on_kernel) = results
    assert set(off) == {"loss"}
    assert set(on) == {*MEANS, "loss"}
    assert off["loss"] == on["loss"]
    np.testing.assert_array_equal(off_kernel, on_kernel)


def test_a_loaded_model_goes_on_tracking(tmp_path):
    x, y = data()
    mix = FixedMixUp()
    model = tracked(classifier(mix), mix, **QUICK)
    fit(model, x, y, epochs=1)
    model.save(tmp_path / "model.keras")
    own = {"FixedMixUp": FixedMixUp}
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects=own)
    history = fit(loaded, x, y, epochs=1)
    close(logged(history), by_hand(x, y, kernel_of(model)))


def test_logs_on_disk_hold_the_history(tmp_path):
    mix = FixedMixUp()
    model = tracked(classifier(mix), mix, rate=0.5, **QUICK)
    logs = [callbacks.CSVLogger(tmp_path / "log.csv")]
    if BACKEND == "tensorflow":
        pytest.importorskip("tensorboard")
        logs.append(callbacks.TensorBoard(tmp_path))
    history = fit(model, *data(), epochs=2, callbacks=logs)
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    for name in MEANS:
        assert [float(row[name]) for row in rows] == history[name]
    if BACKEND == "tensorflow":
        import tensorflow as tf
        from tensorboard.backend.event_processing import event_accumulator

        events = event_accumulator.EventAccumulator(
            str(tmp_path / "train"), size_guidance={event_accumulator.TENSORS: 0}
        )
        events.Reload()
        for name in MEANS:
            shown = [each.tensor_proto for each in events.Tensors(f"epoch_{name}")]
            assert [tf.make_ndarray(proto) for proto in shown] == history[name]


MIRRORED = """
import json

import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
two = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)

import keras

from tests.models import FixedMixUp, classifier, data, fit, kernel_of
from tests.step.test_tracking import tracked


def one_or_two():
    return 1 + tf.distribute.get_replica_context().replica_id_in_sync_group


results = {}
for track in (True, False):
    keras.utils.set_random_seed(1)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        mix = FixedMixUp(one_or_two)
        way = {"jit_compile": False, "metrics": ["accuracy"]}
        model = tracked(classifier(mix), mix, track=track, **way)
    results[str(track)] = fit(model, *data(21), batch_size=8, epochs=2)
print(json.dumps({**results, "kernel": kernel_of(model).tolist()}))
"""


@on_tensorflow
def test_the_means_are_over_the_rows_of_all_replicas():
    results = results_of(MIRRORED)
    steps = iter([1, 2] * 3)
    expected = by_hand(
        *data(21),
        np.array(results["kernel"]),
        plan=lambda size: fixed_plan(size, next(steps)),
        # The last batch of 5 leaves three samples to one and two to the other.
        cuts=[4, 8, 12, 16, 19],
    )
    # What Keras logs by itself stays what it is.
    wanted = results["False"] | {
        name: [mean] * 2 for name, mean in zip(MEANS, expected)
    }
    for name, values in results["True"].items():
        close(values, wanted[name], err_msg=name)


def test_track_must_be_true_or_false():
    with pytest.raises(TypeError, match="`track` must be True or .* Received: track=1"):
        MixupLoss(SPARSE, MixUp(), track=1)


@pytest.mark.parametrize("outputs", [1, CLASSES])
def test_binary_accuracy_of_labels_that_a_pipeline_mixed(outputs):
    bits = np.float32(np.arange(20)[:, None] // np.arange(1, outputs + 1) % 2)
    plan = MixPlan(*fixed_plan(20))
    labels = plan.mix(bits)
    right = np.where(labels > 0.5, 0.9, 0.1)  # All that a prediction can get right.
    binary = functools.partial(keras.metrics.binary_accuracy, y_pred=right)
    alike = bits == plan.partner(bits)
    close(np.mean(ops.convert_to_numpy(binary(labels))), alike.mean())
    assert alike.mean() < 0.7
    # What the guide on labels gives instead.
    rounded = ops.cast(ops.convert_to_tensor(labels) > 0.5, "float32")
    close(np.mean(ops.convert_to_numpy(binary(rounded))), 1.0)
