"""MixUp after an embedding: emotions of text faces, character by character.

Characters cannot be blended, their embeddings can: the layer stands between
`Embedding` and an LSTM of both directions. Where two faces of different length blend,
it unites their padding masks. `--model conv` is a convolution instead.
Each of 5682 kaomoji, as (╥﹏╥), has one of eight emotions as its label; 4000 are
trained on. Labels are of mixed quality, and 40% are "happy". Compared are training
without mixup and with it, α = 0.2 and 1. Expect no fewer errors with mixup, rather
more with α = 1, and a test loss that is hardly lower, if at all.
Offline, on any backend:

    pip install kaomoji-dataset
    python text.py
    KERAS_BACKEND=jax python text.py --model conv

Kaomoji data from FontVibe — https://fontvibe.ai/tools/kaomoji (CC BY 4.0,
https://creativecommons.org/licenses/by/4.0); changed here: wide characters made
narrow, spaces dropped, cut to 12 characters.
"""

import gzip
import json
from collections import Counter
from functools import partial
from pathlib import Path
from unicodedata import normalize

import kaomoji_dataset
import keras
import numpy as np
from comparison import command_line
from comparison import compare
from keras import layers

import keras_mixup

CLASSES, LENGTH, TRAIN = 8, 12, 4000
METHODS = {
    "no mixup": None,
    "mixup, α = 0.2": partial(keras_mixup.MixUp, alpha=0.2),
    "mixup, α = 1": partial(keras_mixup.MixUp, alpha=1),
}


def load():
    """Characters as integers, 0 where a face has ended, and emotions as integers."""
    # Line by line: the package's own functions hold all languages in memory.
    path = Path(kaomoji_dataset.__file__).parent / "data" / "kaomoji.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        faces = [face for face in map(json.loads, lines) if face["tier"] == "core"]
    # Else a face written in wide characters could be in training and test data.
    emotions = {
        normalize("NFKC", face["text"]).replace(" ", ""): face["emotion"][0]
        for face in faces
        if face["emotion"]
    }
    common = [name for name, _ in Counter(emotions.values()).most_common(CLASSES)]
    texts = [text for text, emotion in emotions.items() if emotion in common]
    number = {c: i for i, c in enumerate(sorted(set("".join(texts))), start=1)}
    x = np.zeros((len(texts), LENGTH), "int32")
    for row, text in zip(x, texts):
        row[: len(text)] = [number[c] for c in text[:LENGTH]]
    return x, np.array([common.index(emotions[text]) for text in texts])


def build(kind, characters, mix):
    """The classifier. Mixup is one more layer, and a loss around the usual one."""
    loss = "sparse_categorical_crossentropy"
    model = keras.Sequential([keras.Input((LENGTH,), dtype="int32")])
    # Keras's convolutions know no masks: to them padding is one more character.
    model.add(layers.Embedding(characters + 1, 32, mask_zero=kind == "lstm"))
    if mix is not None:
        model.add(mix)
        loss = keras_mixup.MixupLoss(loss, mix)
    if kind == "lstm":
        model.add(layers.Bidirectional(layers.LSTM(32)))
    else:
        model.add(layers.Conv1D(64, 3, padding="same", activation="relu"))
        model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dense(CLASSES, activation="softmax"))
    model.compile(keras.optimizers.Adam(1e-2), loss, metrics=["accuracy"])
    return model


def run(make_mix, seed, x, y, kind, epochs):
    """Error (%) and cross-entropy on the faces that were not trained on."""
    train, test = np.split(np.random.default_rng(seed).permutation(len(x)), [TRAIN])
    model = build(kind, int(x.max()), make_mix and make_mix(seed=seed))
    model.fit(x[train], y[train], batch_size=500, epochs=epochs, verbose=0)
    loss, accuracy = model.evaluate(x[test], y[test], batch_size=1000, verbose=0)
    return {"test error, %": 100 * (1 - accuracy), "test loss": loss}


def main():
    """Trains with and without mixup on some seeds, and compares."""
    parser = command_line(__doc__, epochs=10)
    parser.add_argument("--model", choices=["lstm", "conv"], default="lstm")
    args = parser.parse_args()
    x, y = load()
    settings = {"x": x, "y": y, "kind": args.model, "epochs": args.epochs}
    compare(METHODS, partial(run, **settings), args.seeds)


if __name__ == "__main__":
    main()
