"""How strong mixup is, epoch by epoch, for `MixupScheduler`.

A schedule is any function of the epoch (counted from 0) to a number. These are
the usual ones.
"""

from keras_mixup._backend.checks import check_count
from keras_mixup._backend.checks import check_real

__all__ = ["cooldown", "warmup", "without_hesitation"]


def __dir__():
    return __all__


def warmup(value: float, epochs: int):
    """Rises from 0 in equal steps, and stays at `value` from epoch `epochs` on.

    Args:
        value: Number ≥ 0 to reach.
        epochs: Integer ≥ 1, the number of epochs to take.

    Returns:
        A function of the epoch.

    Example:

    >>> schedule = keras_mixup.schedules.warmup(1.0, epochs=4)
    >>> [schedule(epoch) for epoch in range(6)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    value = check_real("value", value, least=0)
    epochs = check_count("epochs", epochs)
    return lambda epoch: value * (min(epoch, epochs) / epochs)


def cooldown(value: float, epochs: int, last: int):
    """Stays at `value`, and is 0 for the last epochs of a training.

    Mixed samples are not those that the model is for. A few epochs without them at
    the end make it more confident.

    Args:
        value: Number ≥ 0 before the cooldown.
        epochs: Integer ≥ 1, the epochs of the whole training.
        last: Integer from 1 to `epochs`, the number of epochs without mixup.

    Returns:
        A function of the epoch.

    Example:

    >>> schedule = keras_mixup.schedules.cooldown(0.4, epochs=5, last=2)
    >>> [schedule(epoch) for epoch in range(5)]
    [0.4, 0.4, 0.4, 0.0, 0.0]
    """
    value = check_real("value", value, least=0)
    epochs = check_count("epochs", epochs)
    last = check_count("last", last, most=epochs)
    return lambda epoch: value if epoch < epochs - last else 0.0


def without_hesitation(epochs: int):
    """The probability of being mixed, as Mixup Without Hesitation sets it.

    Of 100 epochs, 0 to 59 are mixed, 60 to 89 every other one, and from 90 on samples
    are mixed with a probability of (100 − epoch) / 10. It is a schedule for `prob`.

    Args:
        epochs: Integer ≥ 1, the epochs of the whole training. Other numbers than
            100 scale the three parts.

    Returns:
        A function of the epoch, to a number in [0, 1].

    Example:

    >>> schedule = keras_mixup.schedules.without_hesitation(epochs=100)
    >>> [schedule(epoch) for epoch in (0, 59, 60, 61, 62, 90, 95, 99)]
    [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 0.1]

    References:
        - [Yu et al. (2021), Mixup Without
          Hesitation](https://arxiv.org/abs/2101.04342)
    """
    epochs = check_count("epochs", epochs)
    # Integers, so that no boundary moves by rounding.
    alternating, fading = -(-6 * epochs // 10), -(-9 * epochs // 10)

    def schedule(epoch):
        if epoch < alternating:
            return 1.0
        if epoch < fading:
            return float((epoch - alternating) % 2 == 0)
        return max(10 * (epochs - epoch), 0) / epochs

    return schedule
