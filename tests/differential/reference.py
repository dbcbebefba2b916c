"""One training step with mixup, computed from its plan in float64 and plain NumPy.

It shares nothing with the package but the numbers of the plan, and takes no operation
of Keras: what both compute alike is right, or wrong for two reasons.
"""

import dataclasses

import numpy as np

from tests.differential import numerics
from tests.differential import reference_losses
from tests.differential.arrays import VIEWS


@dataclasses.dataclass
class Plan:
    """Partners `(samples, partners)` of a batch, and their shares."""

    partners: np.ndarray
    share: np.ndarray
    # Of boxes, where each begins and ends, and the partner's share inside.
    edges: np.ndarray | None = None
    inside: np.ndarray | None = None
    # Whether samples are left alone that have no share of their partner.
    blends: bool = False

    def of_elements(self, sizes):
        """The partner's share in every element of a grid, where it is pasted."""
        share = self.inside.reshape(-1, *[1] * len(sizes))
        for axis, size in enumerate(sizes):
            centres = (np.arange(size) + 0.5) / size
            begins, ends = (self.edges[:, axis, end, None] for end in (0, 1))
            within = (centres >= begins) & (centres < ends)
            shape = [1] * len(sizes)
            shape[axis] = size
            share = share * within.reshape(-1, *shape)
        if self.blends:
            mixed = (self.share[:, 0] > 0).reshape(-1, *[1] * len(sizes))
            share = np.where(mixed, share, 0)
        return share

    def counted(self, sizes, mask=None):
        """What part of each sample is its partner's, of valid steps where some are."""
        share = self.of_elements(sizes).reshape(len(self.partners), -1)
        # A sample that is its own partner has nothing of another, unless it is blended.
        alone = self.partners[:, 0] == np.arange(len(self.partners))
        share = np.where((alone & (self.inside >= 1))[:, None], 0, share)
        mean = share.mean(-1)
        if mask is None:
            return mean
        own, other = (1 - share) * mask, share * mask[self.partners[:, 0]]
        total = (own + other).sum(-1)
        counted = other.sum(-1) / np.where(total > 0, total, 1)
        return np.where(self.inside >= 1, counted, mean)

    @property
    def terms(self):
        """For each sample of a blend, which it is, and its share."""
        own = np.arange(len(self.partners)), 1 - self.share.sum(-1)
        return [own, *zip(self.partners.T, self.share.T)]

    def then(self, later):
        """The plan of this one, and then a later one."""
        rows, shares = zip(
            *(
                (row[to], by * share[to])
                for to, by in later.terms
                for row, share in self.terms
            )
        )
        return Plan(np.stack(rows[1:], -1), np.stack(shares[1:], -1))


class Step:
    """What one training step comes to.

    Args:
        case: The `Case`.
        x: The inputs.
        mask: Which steps of them are valid, or `None`.
        labels: The labels of each output.
        weight: The weights of samples `(samples, ...)`, or `None`.
        plans: The `Plan` of each mixing layer.
        sites: At which of its sites each of them mixed.
    """

    def __init__(self, case, x, mask, labels, weight, plans, sites):
        self.case, self.x, self.mask = case, x, mask
        self.labels, self.weight = labels, weight
        self.plans, self.sites = plans, sites
        self.kinks = numerics.Kinks()
        self.plan = plans[0]
        for later in plans[1:]:
            self.plan = self.plan.then(later)

    def forward(self, variables):
        """The model's states and predictions.

        Returns:
            The states before and behind each mixing layer, by its place in the chain;
            the predictions of each output; and the mask of these, or `None`.
        """
        x, mask, states = self.x, self.mask, {}
        for place, (name, *which) in enumerate(self.case.chain):
            match name:
                case "embedding":
                    x = variables["embedding"][0][x]
                case "masking":
                    x = x * mask[..., None]
                case "mix":
                    before = x
                    x, mask = self._mixed(x, mask, *which)
                    states[place] = before, x
                case "merge":
                    parts = list(x.values()) if isinstance(x, dict) else list(x)
                    parts = parts[:-1] if self.case.confident else parts
                    x = np.concatenate(
                        [part.reshape(len(part), -1) for part in parts], -1
                    )
                case "dense":
                    kernel, bias = variables[f"hidden{which[0]}"]
                    x = self._activated(x @ kernel + bias, self.case.hidden)
                case "pool":
                    x = _pooled(x, mask)
        predictions = []
        for index, head in enumerate(self.case.heads):
            kernel, bias = variables[f"head{index}"]
            predictions.append(self._activated(x @ kernel + bias, head.activation))
        return states, predictions, mask if self.case.is_dense else None

    def losses(self, variables, off=0.0):
        """The loss of each output.

        Args:
            variables: The model's weights, by the name of their layer.
            off: What all predictions are off by: probabilities over themselves, and
                other numbers over the largest of them.
        """
        _, predictions, mask = self.forward(variables)
        return [
            self._loss(head, y, _moved(head, p, off), mask)
            for head, y, p in zip(self.case.heads, self.labels, predictions)
        ]

    def total(self, variables, off=0.0):
        """What is trained on."""
        losses = self.losses(variables, off)
        return sum(h.weight * each for h, each in zip(self.case.heads, losses))

    def gradients(self, variables, off=0.0):
        """The derivative by each of the model's weights, by complex steps."""
        step = 1e-30
        gradients = {}
        for name, arrays in variables.items():
            gradients[name] = [np.zeros(array.shape) for array in arrays]
            for which, array in enumerate(arrays):
                for at in np.ndindex(array.shape):
                    moved = array.astype("complex128")
                    moved[at] += 1j * step
                    group = [*arrays[:which], moved, *arrays[which + 1 :]]
                    total = self.total(variables | {name: group}, off)
                    gradients[name][which][at] = np.imag(total) / step
        return gradients

    def _mixed(self, x, mask, index, site):
        mixer, plan = self.case.mixers[index], self.plans[index]
        if site != self.sites[index]:
            return x, mask

        def blend(x):
            x = np.asarray(x, None if np.iscomplexobj(x) else "float64")
            if plan.edges is not None:
                share = plan.of_elements(_grid(x))
                share = share[..., None] if x.ndim > 2 else share
                return (1 - share) * x + share * x[plan.partners[:, 0]]
            own = other = x
            if mixer.views:
                own, other = (scale * x + offset for scale, offset in VIEWS)
            mixed = 0
            for number, (rows, share) in enumerate(plan.terms):
                taken = other[rows] if number else own
                mixed = mixed + share.reshape(-1, *[1] * (x.ndim - 1)) * taken
            return mixed

        if mask is not None and plan.edges is not None:
            share = plan.of_elements(mask.shape[1:])
            mask = (share < 1) & mask | (share > 0) & mask[plan.partners[:, 0]]
        elif mask is not None:
            mask = np.any([mask[rows] for rows, _ in plan.terms], axis=0)
        if isinstance(x, dict):
            return {key: blend(each) for key, each in x.items()}, mask
        if isinstance(x, (list, tuple)):
            return [blend(each) for each in x], mask
        return blend(x), mask

    def _activated(self, x, activation):
        if activation == "relu":
            return self.kinks.relu(x)
        functions = {
            None: lambda x: x,
            "sigmoid": numerics.sigmoid,
            "softmax": numerics.softmax,
            "softplus": numerics.softplus,
            "tanh": np.tanh,
        }
        return functions[activation](x)

    def _loss(self, head, labels, p, mask):
        """The pair loss: a mean of all terms that count, each by its share."""
        valid = np.ones(p.shape[:-1]) if mask is None else mask.astype("float64")
        hides = mask is not None or "ignore_class" in head.options
        total = counts = weights = 0
        for rows, share in self._terms(head, p):
            y = labels[rows]
            share = _over(share, valid) * reference_losses.counted(head, y, p) * valid
            values = reference_losses.values(head, y, p, self.kinks)
            if head.regularization:
                off = reference_losses.error(head, y, p, self.kinks)
                values = values + head.regularization * off
            weight = 1 if self.weight is None else _over(self.weight[rows], valid)
            total = total + (share * weight * values).sum()
            counts = counts + share.sum()
            weights = weights + share * weight
        if head.reduction == "sum":
            return total
        over = counts
        if head.reduction == "mean_with_sample_weight":
            over = weights.sum()
            if self.weight is not None and not hides and not self._pastes(head):
                # Keras sums the weights that it got, as many as they are.
                over = over * self.weight.size / weights.size
        return total / over if over else 0 * total

    def _pastes(self, head):
        """Whether each element has the label of the sample that it is from."""
        return self.plan.edges is not None and head.is_dense

    def _terms(self, head, p):
        if not self._pastes(head):
            return self.plan.terms
        share = self.plan.of_elements(p.shape[1:-1])
        return [
            (np.arange(len(p)), 1 - share),
            (self.plan.partners[:, 0], share),
        ]


def _grid(x):
    return x.shape[1:] if x.ndim == 2 else x.shape[1:-1]


def _moved(head, p, off):
    if head.activation in ("sigmoid", "softmax"):
        return p * (1 + off)
    return p + off * max(1, np.abs(p).max())


def _pooled(x, mask):
    if mask is not None:
        return (x * mask[..., None]).sum(1) / mask.sum(1)[:, None]
    return x.mean(tuple(range(1, x.ndim - 1)))


def _over(weight, values):
    """Weights of samples with the axes of what they weigh."""
    if weight.ndim > values.ndim:
        weight = weight[..., 0]
    return weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
