import csv

import keras
import numpy as np
import pytest
from keras import callbacks

from keras_mixup import CutMix
from keras_mixup import MixUp
from keras_mixup import RandomChoice
from tests.models import BACKEND
from tests.models import QUICK
from tests.models import FixedMixUp
from tests.models import classifier
from tests.models import compiled
from tests.models import crossentropy
from tests.models import data
from tests.models import fit
from tests.models import fit_by_hand
from tests.models import kernel_of
from tests.models import softmax


def choice(alpha, seed):
    """MixUp and CutMix, whose numbers are those of layers in a layer."""
    members = [MixUp(alpha), CutMix(alpha)]
    return RandomChoice(members, [0.25, 0.75], seed=seed)


both_kinds = pytest.mark.parametrize("layer", [MixUp, choice])


def seeded_model(optimizer="adam", layer=MixUp):
    """A new model of the same weights and the same sequence of draws."""
    keras.utils.set_random_seed(3)
    mix = layer(alpha=1.0, seed=5)
    model = compiled(classifier(mix), mix, **QUICK)
    model.compile(optimizer, model.loss, **QUICK)
    return model


def plain_loss(kernel, x, y):
    return np.mean(crossentropy(y, softmax(x @ kernel)))


def test_early_stopping_watches_the_plain_loss_and_restores_its_best():
    x, y = data()
    mix = FixedMixUp()
    # Uphill, so that the first epoch is the best.
    model = compiled(classifier(mix), mix, learning_rate=-0.1, **QUICK)
    start = kernel_of(model)
    stop = callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    history = fit(model, x, y, epochs=9, validation_data=(x, y), callbacks=[stop])
    kernels = [fit_by_hand(start, x, y, e, learning_rate=-0.1)[1] for e in (1, 2, 3)]
    expected = [plain_loss(kernel, x, y) for kernel in kernels]
    np.testing.assert_allclose(history["val_loss"], expected, rtol=1e-4)
    np.testing.assert_allclose(kernel_of(model), kernels[0], rtol=1e-4, atol=1e-6)


@both_kinds
def test_a_checkpoint_continues_as_if_nothing_had_happened(tmp_path, layer):
    x, y = data()
    path = tmp_path / "epoch_{epoch}.keras"
    checkpoint = callbacks.ModelCheckpoint(str(path))
    model = seeded_model(layer=layer)
    whole = fit(model, x, y, epochs=4, callbacks=[checkpoint])["loss"]
    model = keras.saving.load_model(tmp_path / "epoch_2.keras")
    rest = fit(model, x, y, epochs=4, initial_epoch=2)["loss"]
    assert rest == whole[2:]


@both_kinds
def test_a_checkpoint_of_weights_continues_as_if_nothing_had_happened(tmp_path, layer):
    x, y = data()
    path = tmp_path / "epoch_{epoch}.weights.h5"
    checkpoint = callbacks.ModelCheckpoint(str(path), save_weights_only=True)
    model = seeded_model("sgd", layer)
    whole = fit(model, x, y, epochs=3, callbacks=[checkpoint])["loss"]
    model = seeded_model("sgd", layer)
    model.load_weights(tmp_path / "epoch_1.weights.h5")
    rest = fit(model, x, y, epochs=3, initial_epoch=1)["loss"]
    assert rest == whole[1:]


class Interrupt(callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise InterruptedError


@both_kinds
def test_a_restored_backup_continues_as_if_nothing_had_happened(tmp_path, layer):
    x, y = data()
    whole = fit(seeded_model(layer=layer), x, y, epochs=4)["loss"]
    backup = callbacks.BackupAndRestore(tmp_path)
    model = seeded_model(layer=layer)
    with pytest.raises(InterruptedError):
        fit(model, x, y, epochs=4, callbacks=[backup, Interrupt()])
    keras.utils.set_random_seed(99)
    mix = layer(alpha=0.1, seed=77)
    model = compiled(classifier(mix), mix)
    model.compile("adam", model.loss, **QUICK)
    backup = callbacks.BackupAndRestore(tmp_path)
    rest = fit(model, x, y, epochs=4, callbacks=[backup])["loss"]
    assert rest == whole[2:]


def test_the_learning_rate_falls_on_a_plateau():
    x, y = data()
    mix = FixedMixUp()
    model = compiled(classifier(mix), mix, learning_rate=0.4, **QUICK)
    start = kernel_of(model)
    # No epoch after the first gains 10, so that the rate falls after each.
    plateau = callbacks.ReduceLROnPlateau("loss", 0.25, patience=1, min_delta=10)
    history = fit(model, x, y, epochs=3, callbacks=[plateau])
    losses, _ = fit_by_hand(start, x, y, learning_rate=[0.4, 0.4, 0.1])
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-5)


def test_a_csv_log_holds_the_history(tmp_path):
    x, y = data()
    log = callbacks.CSVLogger(tmp_path / "log.csv")
    model = seeded_model()
    history = fit(model, x, y, epochs=2, validation_data=(x, y), callbacks=[log])
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert rows[0].keys() == {"epoch", "loss", "val_loss"}
    for name in ("loss", "val_loss"):
        assert [float(row[name]) for row in rows] == history[name]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="writes through TensorFlow")
def test_tensorboard_shows_the_history(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing import event_accumulator

    x, y = data()
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1)
    history = fit(seeded_model(), x, y, epochs=2, callbacks=[board])
    events = event_accumulator.EventAccumulator(
        str(tmp_path / "train"), size_guidance={event_accumulator.TENSORS: 0}
    )
    events.Reload()
    import tensorflow as tf

    losses = [tf.make_ndarray(e.tensor_proto) for e in events.Tensors("epoch_loss")]
    assert losses == np.float32(history["loss"]).tolist()
