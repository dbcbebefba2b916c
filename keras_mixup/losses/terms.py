"""The terms of a loss of mixed samples: labels, and the share of each."""

from typing import NamedTuple

from keras_mixup._backend.ops import ops_for
from keras_mixup.losses.dense import dense_shares
from keras_mixup.losses.dense import pasted
from keras_mixup.losses.values import safe_labels
from keras_mixup.plans.blend import above
from keras_mixup.plans.blend import blend
from keras_mixup.plans.sample_weight import weigh_terms


class Terms(NamedTuple):
    """The labels that a loss is computed at, each with its share.

    Args:
        labels: List of labels.
        shares: List of the share of each, `(batch_size,)` or one for each element.
        plan: The `MixPlan` of the batch.
        of_plan: The shares of a sample and of its partners, of which these are made.
    """

    labels: list
    shares: list
    plan: object
    of_plan: list

    def weigh(self, sample_weight):
        """The weighted share of each label, and the weight of their sum.

        Args:
            sample_weight: `None`, a number, or weights of samples or of elements.
        """
        if sample_weight is None or len(sample_weight.shape) == 0:
            return self.shares, sample_weight
        weights = self.plan.terms(sample_weight)
        weighted, total = weigh_terms(self.of_plan, weights)
        if len(self.labels) == 1:
            return self.shares, total
        # To the bit 0, where a label has no weight or no share in the blend.
        ops = ops_for(total)
        empty = ops.equal(total, 0)
        return [ops.where(empty, 0.0, share) for share in weighted], total

    def weighed(self, dtype, sample_weight):
        """`WeighedTerms` of these, in the dtype of a loss.

        Args:
            dtype: The dtype.
            sample_weight: As for `weigh`.
        """
        weights, total = self.weigh(sample_weight)
        always_one = weights is self.shares
        # As Keras casts them, since a share may be rounded to 0.
        labels, weights = (
            [ops_for(each).cast(each, dtype) for each in several]
            for several in (self.labels, weights)
        )
        return WeighedTerms(labels, weights, self.shares, total, always_one)


class WeighedTerms(NamedTuple):
    """The labels that a loss is computed at, each with its weighted share.

    Args:
        labels: List of labels, in floats.
        weights: List of the weighted share of each, of which the sum is 1, or 0 where
            none has weight.
        shares: List of the share of each.
        total: The weight of their sum, `None` without weights.
        always_one: Whether of every sample at least one label has weight.
    """

    labels: list
    weights: list
    shares: list
    total: object
    always_one: bool

    def each(self):
        """Triples of labels, their weighted share and their share."""
        return list(zip(self.labels, self.weights, self.shares))

    def safe(self, loss):
        """These terms with `safe_labels`.

        Args:
            loss: The loss that the labels are for.
        """
        labels = safe_labels(loss, self.labels, self.weights, self.always_one)
        return self._replace(labels=labels)


def terms_of(plan, loss, y_true, y_pred, dense, threshold=None):
    """The terms of the labels of a batch.

    Args:
        plan: The `MixPlan`.
        loss: The loss.
        y_true: The labels.
        y_pred: The predictions.
        dense: Whether they are of the elements of samples, in which the plan pastes.
        threshold: The share above which a class counts as there, or `None`.
    """
    shares = [plan.lam, *plan.shares]
    if dense:
        shares = dense_shares(plan, loss, y_true, y_pred)
        if plan.region.pastes:
            return _of_one(pasted(plan, loss, y_true, y_pred), plan, shares)
    labels = plan.terms(y_true)
    if threshold is not None:
        ops = ops_for(y_true)
        mixed = blend([ops.cast(y, loss.dtype) for y in labels], shares, loss.dtype)
        return _of_one(above(mixed, threshold), plan, shares)
    return Terms(labels, shares, plan, shares)


def _of_one(labels, plan, shares):
    ones = ops_for(plan.share).ones_like(plan.share)
    return Terms([labels], [ones], plan, shares)
