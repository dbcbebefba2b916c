"""Mixup on speech: masked sequences, and before or after the spectrogram.

Nine men say the vowels /ae/ (JapaneseVowels: 270 utterances to train on, 370 to
test). Two networks tell who speaks, trained without mixup and with it, α = 0.4:

- Cepstra: the real sequences, 7 to 29 steps of 12 coefficients, padded. `MixUp` comes
  after `Masking`. A blend is as long as the longer of its samples, and so is its mask.
- Waveforms: the data has no recordings, so these are synthesized: pulses of a random
  pitch go through the filters that the real cepstra describe. Mixed before
  `STFTSpectrogram`, the sounds of two men are added. Mixed after it, their log
  spectra are averaged. The mixup paper, too, mixes speech as spectrograms.

The labels are few but clean: expect no fewer errors with mixup, rather more, and a
higher test loss, wherever it stands. Between before and after the spectrogram,
expect no difference beyond the spread of the seeds. Offline, on any backend:

    pip install aeon scipy  # aeon carries JapaneseVowels; Keras's STFT needs scipy
    python audio.py
    KERAS_BACKEND=jax python audio.py --seeds 5
"""

import keras
import numpy as np
from aeon.datasets import load_japanese_vowels
from comparison import command_line
from comparison import compare
from keras import layers

import keras_mixup

STEPS, HOP, WINDOW = 29, 64, 256  # At 10 kHz a step is 6.4 ms, a window 25.6 ms.


def speak(cepstra, rng):
    """A waveform with the cepstra of an utterance and a random pitch."""
    # The cepstrum is the Fourier series of the filter's logarithm.
    logarithm = np.fft.rfft(np.pad(cepstra, ((0, 0), (1, 0))), WINDOW)
    responses = np.fft.irfft(np.exp(logarithm))
    waveform = np.zeros(STEPS * HOP + WINDOW, "float32")
    period = rng.uniform(60, 110)  # 91 to 167 Hz, as men speak.
    for start in np.arange(0, len(cepstra) * HOP, period).astype(int):
        waveform[start : start + WINDOW] += responses[start // HOP]
    return waveform


def load(split, rng):
    """Cepstra, padded, and waveforms, each with the speakers."""
    utterances, names = load_japanese_vowels(split)
    utterances, speakers = [u.T for u in utterances], names.astype(int) - 1
    cepstra = keras.utils.pad_sequences(utterances, STEPS, "float32", padding="post")
    waveforms = np.stack([speak(u, rng) for u in utterances])[..., None]
    return {"cepstra": (cepstra, speakers), "waveform": (waveforms, speakers)}


def pooling(*mix):
    """Layers for cepstra: each step by itself, then the mean over unmasked steps."""
    hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
    return [layers.Masking(), *mix, *hidden, layers.GlobalAveragePooling1D()]


def convolutional(before=(), after=()):
    """Layers for waveforms, with what comes before and after the spectrogram."""
    spectrogram = layers.STFTSpectrogram(frame_length=WINDOW, trainable=False)
    return [
        *(*before, spectrogram, *after),
        layers.LayerNormalization(),
        layers.Conv1D(64, 3, activation="relu"),
        layers.Conv1D(64, 3, activation="relu"),
        layers.GlobalAveragePooling1D(),
    ]


METHODS = {
    "cepstra, no mixup": ("cepstra", lambda mix: pooling()),
    "cepstra, mixup": ("cepstra", lambda mix: pooling(mix)),
    "waveform, no mixup": ("waveform", lambda mix: convolutional()),
    "waveform, mixup before": ("waveform", lambda mix: convolutional(before=[mix])),
    "waveform, mixup after": ("waveform", lambda mix: convolutional(after=[mix])),
}


def main():
    """Compares the methods."""
    args = command_line(__doc__, epochs=20).parse_args()
    rng = np.random.default_rng(0)
    train, test = load("train", rng), load("test", rng)

    def run(method, seed):
        """Error and cross-entropy of a method on the test split."""
        data, network = method
        mix = keras_mixup.MixUp(alpha=0.4, seed=seed)
        model = keras.Sequential([*network(mix), layers.Dense(9, activation="softmax")])
        # In the models without the layer this is the loss that it wraps.
        loss = keras_mixup.MixupLoss("sparse_categorical_crossentropy", mix)
        model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
        model.fit(*train[data], batch_size=45, epochs=args.epochs, verbose=0)
        loss, accuracy = model.evaluate(*test[data], verbose=0)
        return {"test error, %": 100 * (1 - accuracy), "test loss": loss}

    compare(METHODS, run, args.seeds)


if __name__ == "__main__":
    main()
