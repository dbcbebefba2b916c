"""Regions of low frequencies: how much they cover, and what their shapes are."""

import warnings

import keras
import numpy as np
import pytest

from keras_mixup import regions
from keras_mixup.regions import Fourier
from keras_mixup.regions.fourier import field
from tests.modes import run

GRIDS = [(50,), (8, 8), (9, 7), (40, 24), (6, 8, 10)]
COUNT = 3000
# How many standard errors the farthest of some hundred frequencies may be off.
FAR = 5


def uniforms(axes, count=COUNT, seed=0):
    shape = Fourier().num_uniforms(axes), count
    return np.random.default_rng(seed).random(shape, dtype="float32")


def kept(mask):
    return (~mask).reshape(len(mask), -1).sum(1)


def cycles_of(grid):
    """The frequencies of a Fourier transform in cycles per axis, and as f."""
    each = [np.fft.fftfreq(size) for size in grid]
    f = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(*each, indexing="ij")))
    cycles = np.stack(
        np.meshgrid(*(axis * n for axis, n in zip(each, grid)), indexing="ij")
    )
    return abs(cycles.round()).max(0), f


def by_fft(grid, decay, seed=1):
    """The recipe of FMix, without the mean."""
    rng = np.random.default_rng(seed)
    real, imaginary = rng.normal(size=(2, COUNT, *grid))
    _, f = cycles_of(grid)
    divisor = np.maximum(f, 1 / max(grid)) ** decay
    axes = tuple(range(1, len(grid) + 1))
    x = np.fft.ifftn((real + 1j * imaginary) / divisor, axes=axes).real
    return x - x.mean(axes, keepdims=True)


def power(x):
    axes = tuple(range(1, x.ndim))
    return np.square(abs(np.fft.fftn(x, axes=axes))).mean(0)


@pytest.mark.parametrize("grid", [*GRIDS, (224, 224), (1,), (1, 3)], ids=str)
def test_a_sample_keeps_its_share_to_the_element(grid):
    count = 64 if max(grid) > 100 else COUNT
    lam = np.random.default_rng(3).random(count, dtype="float32")
    lam[:3] = 0.0, 1.0, np.nextafter(np.float32(1), np.float32(0))
    mask = Fourier()(uniforms(len(grid), count), lam, grid)
    assert mask.shape == (count, *grid)
    assert mask.dtype == bool
    exact = lam.astype("float64") * np.prod(grid)
    assert (abs(kept(mask) - exact) < 1).all()
    assert kept(mask)[:2].tolist() == [0, np.prod(grid)]
    assert abs((kept(mask) - exact).mean()) < 4 * 0.5 / np.sqrt(count)


@pytest.mark.parametrize(
    ("value", "grid"),
    [
        (1.0, (9, 7)),  # Gaussians of 0, and fields of 0.
        (0.25, (2,)),  # Of about 1e-7.
        (0.0, (33,)),  # As large as they can be, and one element far from the others.
    ],
)
def test_a_sample_keeps_its_share_of_any_values(value, grid):
    noise = np.full_like(uniforms(len(grid), 101), value)
    lam = np.linspace(0, 1, 101, dtype="float32")
    size = np.prod(grid)
    for region in (Fourier(), Fourier(1e-9), Fourier(1e30)):
        mask = region(noise, lam, grid)
        exact = lam.astype("float64") * size
        assert (abs(kept(mask) - exact) < 1).all()
        assert kept(mask)[[0, -1]].tolist() == [0, size]


def test_a_sample_keeps_what_is_highest():
    noise, lam = uniforms(2, 256), np.linspace(0, 1, 256, dtype="float32")
    mask = Fourier()(noise, lam, (40, 24)).reshape(256, -1)
    x = field(noise, (40, 24), 3.0).reshape(256, -1)
    place = np.argsort(np.argsort(x, axis=-1), axis=-1)
    # Within the rounding of float32 any may be the highest.
    differs = mask != (place < mask.sum(1, keepdims=True))
    assert differs.mean() < 1e-4


def test_no_sample_keeps_part_of_nothing():
    # A λ that is no number says that there is no partner.
    mask = Fourier()(uniforms(2, 1), np.float32([np.nan]), (9, 7))
    assert not mask.any()


def test_where_a_region_is_does_not_depend_on_how_large_it_is():
    noise, grid = uniforms(2, 16), (40, 24)
    before = np.ones((16, *grid), bool)
    for lam in np.linspace(0.1, 0.9, 9, dtype="float32"):
        mask = Fourier()(noise, np.full(16, lam), grid)
        assert (before | ~mask).all()
        before = mask


@pytest.mark.parametrize("decay", [1.5, 3.0])
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_second_moments_are_those_of_the_recipe(grid, decay):
    mine = field(uniforms(len(grid)), grid, decay)
    # The recipe divides by f, and by the number of elements.
    scale = np.prod(grid) * max(grid) ** -decay
    found, expected = power(mine), power(by_fft(grid, decay) * scale)
    cycles, f = cycles_of(grid)
    used = (cycles <= 16 if len(grid) < 3 else cycles <= 8) & (f > 0)
    # The mean of COUNT exponentials, and where there is no sine, of squared Gaussians.
    error = 2 * np.sqrt(2 / COUNT)
    assert (abs(np.log(found[used] / expected[used])) < FAR * error / np.sqrt(2)).all()
    assert found[~used].sum() < 1e-6 * found.sum()
    left_out = expected[~used & (f > 0)].sum() / expected.sum()
    assert left_out < (1e-3 if decay == 3.0 else 0.05)
    assert mine.var() == pytest.approx(
        expected[used].sum() / np.prod(grid) ** 2, rel=0.1
    )


@pytest.mark.parametrize("decay", [1.0, 3.0])
@pytest.mark.parametrize("grid", [(50,), (40, 40), (60, 36)], ids=str)
def test_amplitudes_fall_with_the_frequency(grid, decay):
    found = power(field(uniforms(len(grid), seed=2), grid, decay))
    cycles, f = cycles_of(grid)
    used = (cycles <= 15) & (f > 1 / max(grid))
    x = np.log(f[used])
    slope = np.polyfit(x, np.log(found[used]), 1)[0]
    # Of k and −k the power is the same.
    error = np.sqrt(2 / COUNT / used.sum()) / x.std()
    assert abs(slope + 2 * decay) < FAR * error


def test_no_direction_is_preferred():
    found = power(field(uniforms(2, seed=4), (64, 64), 3.0))
    alike = [(5, 0), (0, 5), (3, 4), (4, 3), (3, -4), (4, -3)]
    each = np.array([found[at] for at in alike])
    assert (abs(each / each.mean() - 1) < FAR / np.sqrt(COUNT)).all()
    # Nor any place: where the pasted elements are, all are as likely.
    mask = Fourier()(uniforms(2, seed=5), np.full(COUNT, 0.75, "float32"), (12, 12))
    assert (abs(mask.mean(0) - 0.25) < FAR * np.sqrt(0.1875 / COUNT)).all()


@pytest.mark.parametrize("grid", [(50,), (9, 7), (32, 32), (6, 8, 10)], ids=str)
def test_every_backend_finds_the_same(grid, mode):
    noise, region = uniforms(len(grid), 64), Fourier()
    noise[:8, 0] = 0.0
    lam = np.linspace(0, 1, 64, dtype="float32")

    def place(noise, lam):
        return region(noise, lam, grid), field(noise, grid, 3.0)

    mask, x = run(place, mode, noise, lam)
    assert np.isfinite(x).all()
    np.testing.assert_allclose(x, field(noise, grid, 3.0), atol=2e-5)
    mine = region(noise, lam, grid)
    np.testing.assert_array_equal(kept(mask), kept(mine))
    assert (mask != mine).mean() < 1e-3


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="of torch.compile")
def test_a_step_compiled_by_torch_does_not_break_off():
    import torch

    torch._dynamo.reset()
    graphs = []

    def backend(graph, inputs):
        graphs.append(graph)
        return graph.forward

    noise = keras.ops.convert_to_tensor(uniforms(2, 8))
    lam, region = keras.ops.convert_to_tensor(np.linspace(0, 1, 8)), Fourier()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of Dynamo, about Keras.
        mask = torch.compile(region, backend=backend)(noise, lam, (9, 7))
    assert len(graphs) == 1
    assert (mask == region(noise, lam, (9, 7))).all()


def test_regions_come_back_from_their_configs():
    again = regions.get(regions.serialize(Fourier(2.5)))
    assert repr(again) == "Fourier(decay=2.5)"
    assert repr(regions.get("fourier")) == "Fourier(decay=3.0)"
    assert keras.saving.get_registered_name(Fourier) == "keras_mixup>Fourier"


def test_draws_stay_few():
    assert [Fourier().num_uniforms(axes) for axes in (1, 2, 3)] == [35, 1091, 4915]


@pytest.mark.parametrize(
    ("decay", "error"),
    [(0.0, ValueError), (-1, ValueError), (np.nan, ValueError), ("3", TypeError)],
)
def test_bad_arguments(decay, error):
    with pytest.raises(error, match="`decay` must be"):
        Fourier(decay)
