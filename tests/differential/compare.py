"""A step of the package beside the same step in float64."""

import dataclasses
import itertools

import numpy as np

from tests.differential import arrays
from tests.differential import plans
from tests.differential import policies
from tests.differential import step
from tests.differential.reference import Step

# The distance of two numbers around 1 in each dtype, and what rounding may come to of
# it: in what a layer makes, in a loss, and in a gradient.
_UNITS = {"float32": 2.0**-23, "mixed_float16": 2.0**-10, "mixed_bfloat16": 2.0**-7}
_STATES, _LOSSES, _GRADIENTS = 4, 8, 16
# Of predictions, up or down, which a loss may blow up: a probability near 1 by its
# complement, and a vector near the origin by its length.
_ROUNDINGS = 2 * _UNITS["float32"], -2 * _UNITS["float32"]


@dataclasses.dataclass
class Report:
    """What came of a case.

    Attributes:
        wrong: What differs, in words.
        worst: The largest difference, over what is allowed.
        skipped: Whether a corner was too near to compare gradients at.
    """

    wrong: list
    worst: float = 0.0
    skipped: bool = False

    def check(self, what, got, expected, tolerance):
        """Notes if two arrays differ by more than `tolerance`."""
        got, expected = np.asarray(got, "float64"), np.asarray(expected, "float64")
        if got.shape != expected.shape:
            self.wrong.append(f"{what}: shape {got.shape}, expected {expected.shape}")
            return
        off = np.abs(got - expected).max(initial=0.0) / tolerance
        self.worst = max(self.worst, off if np.isfinite(off) else np.inf)
        if not off <= 1:
            self.wrong.append(
                f"{what}: off by {off:.3g} times the tolerance {tolerance:.1e}\n"
                f"got {got.tolist()}\nexpected {expected.tolist()}"
            )


def check(case, way=None):
    """Runs a case, and reports what is wrong with it."""
    report = Report([])
    for outcome in step.run(case, way):
        for spec, plan in zip(case.mixers, outcome.plans):
            report.wrong += [f"no plan: {flaw}" for flaw in plans.flaws(spec, plan)]
        if not report.wrong:
            _check_step(case, outcome, report)
    return report


def _check_step(case, outcome, report):
    expected = _expected(case, outcome)
    _check_states(case, outcome, expected, report)
    _check_losses(case, outcome, expected, report)
    if expected.kinks.margin < 2 * _STATES * _UNITS[case.dtype]:
        report.skipped = True
        return
    _check_gradients(case, outcome, expected, report)


def _expected(case, outcome):
    """The step in float64, at those sites that it went through."""
    labels = [arrays.labels_of(case, head) for head in case.heads]
    data = arrays.inputs_of(case), arrays.mask_of(case), labels, _weight(case, labels)
    sites = itertools.product(*(range(len(mixer.slots)) for mixer in case.mixers))
    steps = [Step(case, *data, outcome.plans, at) for at in sites]

    def distance(each):
        states, _, _ = each.forward(outcome.before)
        return sum(
            np.abs(got - leaf).sum()
            for place, (_, state) in states.items()
            for got, leaf in zip(outcome.states[place], arrays.leaves_of(state))
        )

    return min(steps, key=distance) if len(steps) > 1 else steps[0]


def _weight(case, labels):
    if case.weights != "classes":
        return arrays.sample_weight_of(case)
    ids = labels[0].argmax(-1) if case.heads[0].labels == "onehot" else labels[0]
    of_class = dict(enumerate(arrays.CLASS_WEIGHTS))
    # Of a class without a weight it is 1.
    return np.array([of_class.get(int(each), 1.0) for each in ids.reshape(-1)])


def _check_states(case, outcome, expected, report):
    unit = _UNITS[case.dtype]
    states, _, _ = expected.forward(outcome.before)
    for place, (before, state) in states.items():
        for got, leaf in zip(outcome.states[place], arrays.leaves_of(state)):
            tolerance = _STATES * unit * max(1, np.abs(leaf).max(initial=0))
            report.check(f"state at {place}", got, leaf, tolerance)
        index = case.chain[place][1]
        spec, plan = case.mixers[index], outcome.plans[index]
        if spec.placement:
            first = arrays.leaves_of(before)[0]
            sizes = first.shape[1:-1] if first.ndim > 2 else first.shape[1:]
            counted = plan.counted(sizes, arrays.mask_of(case))
            report.check("share of the box", plan.share[:, 0], counted, 1e-6)
        shares = policies.shares(case, spec, plan, before)
        if shares is not None:
            got = plan.share[:, 0]
            known = (got > 0) & np.isfinite(shares)
            what = f"share by the policy {spec.policy}"
            report.check(what, got[known], shares[known], 2 * _STATES * unit)


def _check_losses(case, outcome, expected, report):
    losses, total = expected.losses(outcome.before), expected.total(outcome.before)
    unit = _UNITS[case.dtype]
    tolerance = _LOSSES * unit * max(1, *map(abs, losses))
    near = [expected.losses(outcome.before, off) for off in _ROUNDINGS]
    tolerance += np.abs(np.subtract(near, losses)).max()
    report.check("loss", outcome.logs["loss"], total, 2 * tolerance)
    for index, (head, loss) in enumerate(zip(case.heads, losses)):
        name = f"{'flat' if head.flat else 'head'}{index}_loss"
        # Of a single output, Keras logs no loss beside the total.
        got = outcome.logs[name] if len(losses) > 1 else loss
        report.check(name, got, loss, tolerance)
    if case.track:
        shares = [share for _, share in expected.plan.terms]
        mean = np.max(shares, axis=0).mean()
        report.check("mixup_lam", outcome.logs["mixup_lam"], mean, 1e-6)


def _check_gradients(case, outcome, expected, report):
    gradients = expected.gradients(outcome.before)
    largest = max(1, *(np.abs(g).max() for each in gradients.values() for g in each))
    tolerance = _GRADIENTS * _UNITS[case.dtype] * largest
    near = expected.gradients(outcome.before, _ROUNDINGS[0])
    tolerance += max(
        np.abs(moved - gradient).max()
        for name, parts in gradients.items()
        for moved, gradient in zip(near[name], parts)
    )
    for name, parts in gradients.items():
        for which, gradient in enumerate(parts):
            moved = outcome.before[name][which] - outcome.after[name][which]
            what = f"gradient of {name} {('kernel', 'bias')[which]}"
            report.check(what, moved / step.RATE, gradient, tolerance)
