"""Where boxes are, and how much they cover."""

import keras
import numpy as np
import pytest
from scipy import integrate
from scipy import stats

from keras_mixup import regions
from keras_mixup.plans.region import PlanRegion
from keras_mixup.regions import Box
from tests.modes import run
from tests.modes import to_numpy

COUNT = 40_000
GRIDS = [(50,), (8, 8), (32, 32), (224, 224), (9, 7), (6, 8, 10)]

# What of an axis is covered on average by a box of side r.
COVERED = {
    "clip": lambda r: r - r**2 / 4,
    "inside": lambda r: r,
    "uniform": lambda r: r / (1 + r),
}


def boxes(box, grid, lam=None, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.random((box.num_uniforms(len(grid)), COUNT), dtype="float32")
    lam = rng.random(COUNT, dtype="float32") if lam is None else lam
    edges = box(noise, lam, grid)
    return noise, lam, edges, PlanRegion(edges).covered(grid)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("placement", COVERED)
def test_the_mean_of_what_is_covered(placement, grid):
    _, _, _, covered = boxes(Box(placement), grid)
    axes = len(grid)
    expected, _ = integrate.quad(
        lambda w: COVERED[placement](w ** (1 / axes)) ** axes, 0, 1
    )
    # The published numbers for the paper's placement.
    known = {1: 5 / 12, 2: 0.3208}
    if placement == "clip" and axes in known:
        assert expected == pytest.approx(known[axes], abs=1e-4)
    error = covered.std() / np.sqrt(COUNT)
    assert abs(covered.mean() - expected) < 3 * error + 0.1 / min(grid) ** 2


@pytest.mark.parametrize("grid", GRIDS, ids=str)
@pytest.mark.parametrize("placement", COVERED)
def test_edges_lie_on_the_grid_and_say_what_is_covered(placement, grid):
    _, _, edges, covered = boxes(Box(placement), grid)
    assert edges.shape == (COUNT, len(grid), 2)
    elements = edges * np.array(grid)[:, None]
    np.testing.assert_allclose(elements, elements.round(), atol=1e-4)
    assert ((edges >= 0) & (edges <= 1)).all()
    counts = np.diff(elements.round(), axis=-1)[..., 0]
    assert (counts >= 0).all()
    np.testing.assert_allclose(covered, counts.prod(-1) / np.prod(grid), atol=1e-6)


@pytest.mark.parametrize("placement", COVERED)
def test_every_backend_places_boxes_alike(placement, mode):
    noise = np.random.default_rng(1).random((2, 64), dtype="float32")
    lam = np.linspace(0, 1, 64, dtype="float32")
    box = Box(placement)

    def place(u, lam):
        edges = box(u, lam, (9, 7))
        return edges, PlanRegion(edges).covered((9, 7))

    for mine, theirs in zip(place(noise, lam), run(place, mode, noise, lam)):
        np.testing.assert_allclose(to_numpy(theirs), mine, atol=1e-6)


def test_by_hand():
    # A side of half of 8, around the middle of the first quarter and at the end.
    edges = Box()(np.float32([[0.25], [1.0]]), np.float32([0.75]), (8, 8))
    covered = PlanRegion(edges).covered((8, 8))
    assert edges.tolist() == [[[0.0, 0.5], [0.75, 1.0]]]
    assert covered.tolist() == [0.125]
    # λ of 1 covers nothing, and λ of 0 all of it where the box stays inside.
    for lam, all_of_it in ((1.0, 0.0), (0.0, 1.0)):
        edges = Box("inside")(np.full((2, 1), 0.3), np.float32([lam]), (9, 7))
        assert PlanRegion(edges).covered((9, 7)).tolist() == [all_of_it]


def test_placement_lam_and_axes_are_independent():
    _, lam, edges, _ = boxes(Box("inside"), (64, 64))
    side = (1 - lam) ** 0.5
    free = 1 - side > 0.05
    at = (edges[free, :, 0] / (1 - side[free, None])).T
    for one, other in ((at[0], at[1]), (at[0], lam[free]), (at[1], lam[free])):
        assert abs(stats.spearmanr(one, other).statistic) < 4 / np.sqrt(free.sum())


def test_every_element_is_as_likely_where_the_placement_is_uniform():
    lam = np.full(COUNT, 0.75, "float32")
    _, _, edges, _ = boxes(Box("uniform"), (16,), lam)
    at = (np.arange(16) + 0.5) / 16
    inside = (at >= edges[:, 0, :1]) & (at < edges[:, 0, 1:])
    expected = 0.25 / 1.25
    error = np.sqrt(expected * (1 - expected) / COUNT)
    assert (abs(inside.mean(0) - expected) < 4 * error + 0.001).all()


def test_sides_of_their_own():
    box = Box("inside", minmax=(0.25, 0.5))
    _, _, edges, _ = boxes(box, (64, 64))
    sides = np.diff(edges, axis=-1)[..., 0]
    assert (sides >= 0.25 - 1 / 64).all()
    assert (sides <= 0.5 + 1 / 64).all()
    assert sides.mean() == pytest.approx(0.375, abs=0.005)
    assert abs(stats.spearmanr(*sides.T).statistic) < 4 / np.sqrt(COUNT)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Box("centre"), ValueError, "`placement` must be one of"),
        (lambda: Box("inside", (0.5, 0.2)), ValueError, "in this order"),
        (lambda: Box("clip", (0.2, 0.5)), ValueError, 'placement="inside"'),
        (lambda: Box("inside", 0.5), ValueError, "a pair of numbers"),
        (lambda: Box("inside", (0.2, 1.5)), ValueError, "`minmax`"),
        (lambda: regions.get("circle"), ValueError, r"\['box', 'fourier'\]"),
        (lambda: regions.get(3), TypeError, "`region` must be"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_regions_come_back_from_their_configs():
    box = Box("inside", (0.25, 0.5))
    again = regions.get(regions.serialize(box))
    assert repr(again) == repr(box) == "Box(placement='inside', minmax=(0.25, 0.5))"
    assert isinstance(regions.get("box"), Box)
    assert regions.get(box) is box
    assert isinstance(regions.get(Box), Box)
    assert keras.saving.get_registered_name(Box) == "keras_mixup>Box"
