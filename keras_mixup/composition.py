"""One plan that equals two, one after the other."""

from keras_mixup.namespaces import namespace
from keras_mixup.plan import MixPlan
from keras_mixup.shards import own_rows
from keras_mixup.shards import take_rows
from keras_mixup.shards import whole_batch


def composed(first, later):
    """The plan that equals `first`, followed by `later`.

    Row i holds its partners of the first plan, its partner j of the later one, and
    those that j has of the first.
    """
    if first.rows.shape[:-1] != later.rows.shape[:-1]:
        return composed(_whole(first), _whole(later))
    ops = namespace(first.share, later.share)
    rows, shares = [], []
    for to, by in _terms(later):
        for row, share in _terms(first):
            taken = take_rows(ops.reshape(row, (-1,)), to)
            rows.append(ops.reshape(taken, ops.shape(to)))
            shares.append(by * take_rows(share, to))
    return MixPlan(ops.stack(rows[1:], axis=-1), ops.stack(shares[1:], axis=-1))


def _terms(plan):
    rows, shares = plan.columns(plan.rows), plan.columns(plan.share)
    own = own_rows(rows[0]) + namespace(rows).zeros_like(rows[0])
    return [(own, plan.lam), *zip(rows, shares)]


def _whole(plan):
    ops = namespace(plan.share)
    rows = [whole_batch(rows) for rows in plan.columns(plan.rows)]
    return MixPlan(*(ops.stack(z, -1) for z in (rows, plan.columns(plan.share))))
