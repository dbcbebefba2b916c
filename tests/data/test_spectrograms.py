import keras
import numpy as np
import pytest
from keras import layers

from keras_mixup import MixUp
from keras_mixup import MixupLoss
from tests import models
from tests.models import FixedMixUp
from tests.modes import to_numpy
from tests.modes import train_call

SIZE = 6
ROWS, SHARE = models.fixed_plan(SIZE)


def waveforms():
    return np.random.default_rng(0).normal(size=(SIZE, 400)).astype("float32")


def spectrogram(kind):
    if kind == "stft":
        return layers.STFTSpectrogram(
            frame_length=64, frame_step=32, trainable=False, name="spectrogram"
        )
    return layers.MelSpectrogram(
        num_mel_bins=16, sampling_rate=4000, fft_length=64, name="spectrogram"
    )


def spectra(kind, x):
    """Of waveforms, as the network takes them: with a last axis of frequencies."""
    if kind == "stft":
        return to_numpy(spectrogram(kind)(x[..., None]))
    return to_numpy(spectrogram(kind)(x))


def network(kind, place, mix):
    inputs = x = keras.Input((400,))
    if place == "before":
        x = mix(x)
    x = layers.Reshape((400, 1))(x) if kind == "stft" else x
    x = spectrogram(kind)(x)
    if place == "after":
        x = mix(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("kind", ["stft", "mel"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_what_is_mixed_is_sounds_or_their_spectra(kind, place, mode):
    x = waveforms()
    model = network(kind, place, mix := FixedMixUp())
    got, _ = train_call(Watched(model, mix), x, mode)
    if place == "before":
        expected = spectra(kind, models.mixed(x, ROWS, SHARE).astype("float32"))
    else:
        expected = models.mixed(np.float64(spectra(kind, x)), ROWS, SHARE)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)
    other = {"before": "after", "after": "before"}[place]
    apart, _ = train_call(
        Watched(network(kind, other, mix := FixedMixUp()), mix), x, mode
    )
    assert np.abs(apart - expected).max() > 0.01


class Watched(keras.Model):
    """A model with the plan of its layer, as `train_call` asks for."""

    def __init__(self, model, mix):
        super().__init__()
        self.model, self.mix = model, mix
        self.built = True

    def call(self, x, training=None):
        return self.model(x, training=training)

    @property
    def plan(self):
        return self.mix.plan


@pytest.mark.parametrize("kind", ["stft", "mel"])
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_network_of_spectra_trains_and_comes_back_from_a_file(kind, place, tmp_path):
    x, y = waveforms(), np.arange(SIZE) % models.CLASSES
    mix = MixUp(1.0, seed=1)
    trunk = network(kind, place, mix)
    features = layers.GlobalAveragePooling1D()(_last(trunk, kind))
    head = layers.Dense(models.CLASSES, activation="softmax")
    outputs = head(layers.LayerNormalization()(features))
    model = keras.Model(trunk.inputs, outputs)
    loss = MixupLoss("sparse_categorical_crossentropy", mix)
    model.compile(keras.optimizers.SGD(0.01), loss, **models.QUICK)
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, batch_size=SIZE, epochs=20, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-6
    )
    logs = [models.fit(each, x, y, SIZE)["loss"] for each in (model, loaded)]
    assert logs[0] == pytest.approx(logs[1], abs=1e-5)


def _last(trunk, kind):
    # Keras gives the bands of the Mel scale before the time.
    return trunk.output if kind == "stft" else layers.Permute((2, 1))(trunk.output)
