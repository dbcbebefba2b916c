"""A stage of a `tf.data` pipeline whose every batch carries its own seed."""

from keras_mixup.seeds import scrambled


def mixed_dataset(dataset, mix, seed, num_parallel_calls):
    """The data set with every batch mixed.

    Parallel calls of a map ask a common generator for seeds in whatever order
    they come to run. A seed that travels with its batch knows no such race.

    Args:
        dataset: A batched `tf.data.Dataset`.
        mix: Function of a batch and of two integers, its seed.
        seed: Integers ≥ 0.
        num_parallel_calls: As in `tf.data.Dataset.map`.
    """
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise TypeError(
            "`stage` transforms a tf.data.Dataset: `dataset.apply(mix.stage())`. "
            f"Received: {dataset!r} (of type {type(dataset).__name__})"
        )
    seed = scrambled("stage", *seed)
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True)
    seeds = seeds.batch(2, drop_remainder=True)
    return tf.data.Dataset.zip(dataset, seeds).map(mix, num_parallel_calls)
