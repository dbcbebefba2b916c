import math

import pytest

from keras_mixup.schedules import cooldown
from keras_mixup.schedules import warmup
from keras_mixup.schedules import without_hesitation


def listed(schedule, epochs):
    return [schedule(epoch) for epoch in range(epochs)]


def test_a_warmup_rises_in_equal_steps():
    assert listed(warmup(1, epochs=4), 7) == [0, 0.25, 0.5, 0.75, 1, 1, 1]
    assert listed(warmup(0.9, epochs=3), 4) == pytest.approx([0, 0.3, 0.6, 0.9])
    assert listed(warmup(8.0, epochs=1), 3) == [0, 8, 8]


@pytest.mark.parametrize(("value", "epochs"), [(0.1, 3), (0.2, 7), (0.9, 11)])
def test_a_warmup_ends_at_its_very_value(value, epochs):
    assert warmup(value, epochs)(epochs) == warmup(value, epochs)(1000) == value


def test_a_cooldown_ends_with_plain_epochs():
    assert listed(cooldown(0.4, epochs=6, last=2), 8) == [0.4] * 4 + [0] * 4
    assert listed(cooldown(1, epochs=3, last=3), 3) == [0, 0, 0]


FADING = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (1, [1, 0]),
        (7, [1, 1, 1, 1, 1, 1, 0, 0]),
        (10, [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]),
        (20, [1] * 12 + [1, 0, 1, 0, 1, 0, 1, 0.5, 0]),
        (100, [1] * 60 + [1, 0] * 15 + FADING + [0]),
    ],
)
def test_without_hesitation_mixes_then_alternates_then_fades(epochs, expected):
    assert listed(without_hesitation(epochs), epochs + 1) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("function", "arguments", "error", "name"),
    [
        (warmup, (-1, 4), ValueError, "value"),
        (warmup, ("0.4", 4), TypeError, "value"),
        (warmup, (0.4, 0), ValueError, "epochs"),
        (warmup, (0.4, 2.5), TypeError, "epochs"),
        (cooldown, (math.nan, 5, 2), ValueError, "value"),
        (cooldown, (0.4, -5, 2), ValueError, "epochs"),
        (cooldown, (0.4, 5, 0), ValueError, "last"),
        (cooldown, (0.4, 5, 6), ValueError, "last"),
        (cooldown, (0.4, 5, "2"), TypeError, "last"),
        (without_hesitation, (0,), ValueError, "epochs"),
        (without_hesitation, (True,), TypeError, "epochs"),
    ],
)
def test_a_bad_argument_is_named(function, arguments, error, name):
    with pytest.raises(error, match=f"`{name}` must be .* Received: {name}="):
        function(*arguments)
