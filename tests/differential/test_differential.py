"""Training steps of all configurations, beside the same steps in float64.

`python -m tests.differential` compares as many as you like.
"""

import ast
import contextlib
import dataclasses
import pathlib

import keras
import pytest

from tests.differential import axes
from tests.differential import cases
from tests.differential import compare
from tests.differential.faults import FAULTS

# A number stands for one case on all backends. JAX compiles each operation of each.
ALL = range(150)
SOME = {"jax": ALL[::4]}.get(keras.backend.backend(), ALL)


@pytest.mark.parametrize("number", SOME)
def test_step(number):
    case = cases.case(number)
    report = compare.check(case)
    assert not report.wrong, f"{case}\n" + "\n".join(report.wrong)


def test_cases_cover_every_value_of_every_axis():
    drawn = [cases.case(number) for number in ALL]
    mixers = [mixer for case in drawn for mixer in case.mixers]
    heads = [head for case in drawn for head in case.heads]

    def missing(values, things, attribute):
        return set(values) - {getattr(thing, attribute) for thing in things}

    assert not missing(axes.INPUTS, drawn, "inputs")
    assert not missing(axes.DTYPES, drawn, "dtype")
    assert not missing(axes.SIZES, drawn, "size")
    assert not missing(axes.MASKS, drawn, "masked")
    assert not missing(axes.WEIGHTS, drawn, "weights")
    assert not missing((0, 1, 2), drawn, "depth")
    assert not missing((False, True), drawn, "track")
    assert not missing((False, True), drawn, "through_fit")
    assert {len(case.heads) for case in drawn} == {1, 2}
    kinds = ("mixup", "adaptive", "manifold", "cutmix", "choice")
    assert not missing(kinds, mixers, "kind")
    assert not missing((None, *axes.PLACEMENTS), mixers, "placement")
    assert any(case.pastes and case.is_dense for case in drawn)
    assert any(case.pastes and case.masked for case in drawn)
    assert {len(m.slots) for m in mixers if m.kind == "manifold"} == {1, 2, 3}
    assert {tuple(m.kind for m in case.mixers) for case in drawn} == {
        ("mixup",),
        ("cutmix",),
        ("choice",),
        ("adaptive",),
        ("manifold",),
        ("mixup", "mixup"),
        ("mixup", "manifold"),
        ("adaptive", "mixup"),
    }
    assert {mixer.slots[0] for mixer in mixers} == {0, 1, 2}
    assert not missing(axes.ALPHAS, mixers, "alpha")
    assert not missing(axes.PROBS, mixers, "prob")
    assert not missing((False, True), mixers, "per_sample")
    assert not missing((False, True), mixers, "fold")
    assert not missing(axes.PAIRINGS, mixers, "pairing")
    assert not missing((2, 3), mixers, "num_samples")
    assert not missing((1, 2), mixers, "shards")
    assert not missing(axes.VIEWS, mixers, "views")
    assert not missing(axes.POLICIES, mixers, "policy")
    assert not missing(axes.DISTANCES, mixers, "distance")
    assert not missing((False, True), mixers, "features")
    assert not missing(axes.REDUCTIONS, heads, "reduction")
    assert not missing((0, 0.5), heads, "regularization")
    assert not missing((False, True), heads, "flat")
    specs = [[head.labels, head.loss, head.options, head.activation] for head in heads]
    assert all(list(spec) in specs for spec in axes.HEADS)
    assert not missing(("object", "name", "function"), heads, "form")


def mixed_through_and_through(number, dtype):
    """A case in which a fault of any of the parts that it has is to be heard."""
    plain = cases.case(0)
    mixer = dataclasses.replace(
        plain.mixers[0],
        kind="mixup",
        slots=(1,),
        alpha=1.0,
        prob=1.0,
        per_sample=True,
        fold=False,
        pairing="roll",
        num_samples=2,
        shards=1,
        views=None,
        policy=None,
    )
    ids = dataclasses.replace(
        plain.heads[0],
        labels="ids",
        loss=axes.SPARSE,
        options={},
        activation="softmax",
        form="object",
        reduction="sum",
        regularization=0.0,
        weight=1.0,
        flat=False,
    )
    targets = dataclasses.replace(
        ids, labels="numbers", loss="mean_squared_error", activation=None
    )
    return dataclasses.replace(
        plain,
        number=number,
        size=6,
        inputs="vector",
        masked=False,
        confident=False,
        dtype=dtype,
        depth=2,
        hidden="tanh",
        mixers=(mixer,),
        heads=(ids, targets),
        weights="vector",
        track=False,
        through_fit=False,
        way=0.0,
    )


@pytest.mark.parametrize("dtype", sorted(set(axes.DTYPES)))
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_faults_are_noticed(fault, dtype):
    if fault == "rough shares" and dtype != "float32":
        pytest.skip("What 16 bits round anyway cannot be told from it.")
    for number in (1, 2):
        with FAULTS[fault]() if fault else contextlib.nullcontext():
            report = compare.check(mixed_through_and_through(number, dtype))
        assert bool(report.wrong) == bool(fault)


def test_the_reference_knows_nothing_of_the_package():
    names = ("arrays", "axes", "case", "numerics", "policies", "plans", "reference")
    folder = pathlib.Path(__file__).parent
    for path in [*(folder / f"{n}.py" for n in names), folder / "reference_losses.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module]
            else:
                continue
            roots = {module.split(".")[0] for module in modules}
            assert roots <= {"dataclasses", "numpy", "tests", "zlib"}, path
