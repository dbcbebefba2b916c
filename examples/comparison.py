"""What the examples share: batches, a command line, runs, a table, ECE."""

import argparse

import keras
import numpy as np


class Batches(keras.utils.PyDataset):
    """Batches of samples and labels, shuffled every epoch, without a smaller last one.

    Args:
        x: Array or dict of arrays, looked up anew for every batch: they may change.
        y: Labels.
        batch_size: Samples per batch.
        seed: Seed of the orders.
    """

    def __init__(self, x, y, batch_size, seed):
        super().__init__()
        self.x, self.y, self.batch_size = x, y, batch_size
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def on_epoch_end(self):
        self.order = self.rng.permutation(len(self.y))

    def __len__(self):
        return len(self.y) // self.batch_size

    def __getitem__(self, index):
        rows = self.order[index * self.batch_size :][: self.batch_size]
        return keras.tree.map_structure(lambda part: part[rows], (self.x, self.y))


def command_line(description, epochs, seeds=3, output=None):
    """A parser of the options that every example has.

    Args:
        description: The docstring of the example; its first line is shown.
        epochs: Default number of epochs of a run.
        seeds: Default number of runs a method.
        output: Default name of the picture, `None` if there is none.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(
        "--epochs", type=int, default=epochs, help=f"of each run [{epochs}]"
    )
    parser.add_argument(
        "--seeds", type=int, default=seeds, help=f"runs a method [{seeds}]"
    )
    if output:
        parser.add_argument("--output", default=output, help=f"PNG [{output}]")
    return parser


def compare(methods, run, seeds, interval=False):
    """Runs every method from every seed, and prints a table of the results.

    Args:
        methods: Dict of names to what `run` is given.
        run: Function of a method and of a seed to a dict of numbers by their
            names. Keras is seeded before each call.
        seeds: Number of seeds.
        interval: Whether the table has half of the 95% interval of each mean, or the
            standard deviation. It takes SciPy.

    Returns:
        A dict of names to lists of results, one a seed.
    """
    results = {name: [] for name in methods}
    bar = keras.utils.Progbar(seeds * len(methods), unit_name="run")
    for seed in range(seeds):
        for name, method in methods.items():
            keras.utils.set_random_seed(seed)
            results[name].append(run(method, seed))
            bar.add(1)
    print_table(results, interval)
    return results


def print_table(results, interval=False):
    """Prints means and their spread over the seeds, a method a line."""
    columns = list(next(iter(results.values()))[0])
    width = max(map(len, results))
    print(f"\n{'':{width}}", *(f"{column:>15}" for column in columns))
    for name, runs in results.items():
        numbers = np.array([[run[column] for column in columns] for run in runs])
        spread = (half_of_interval if interval else deviation)(numbers)
        cells = (f"{m:.3g} ± {s:.2g}" for m, s in zip(numbers.mean(axis=0), spread))
        print(f"{name:{width}}", *(f"{cell:>15}" for cell in cells))
    count = len(next(iter(results.values())))
    what = "half of the 95% interval" if interval else "standard deviation"
    print(f"\nmean ± {what} over {count} seeds, on {keras.backend.backend()}")


def deviation(numbers):
    """The standard deviations of columns, 0 if there is one value."""
    return numbers.std(axis=0, ddof=len(numbers) > 1)


def half_of_interval(numbers):
    """Half of the 95% intervals of the means of columns, by Student's t."""
    from scipy import stats  # Examples that do not ask for it run without SciPy.

    if len(numbers) < 2:
        return np.full(numbers.shape[1], np.inf)
    error = deviation(numbers) / np.sqrt(len(numbers))
    return stats.t.ppf(0.975, len(numbers) - 1) * error


def calibration_error(p, y):
    """ECE: the mean gap of confidence and accuracy, in 15 bins of confidence."""
    confidence, right = p.max(axis=1), p.argmax(axis=1) == y
    bins = np.ceil(15 * confidence).astype(int)
    return np.abs(np.bincount(bins, right - confidence)).sum() / len(y)
