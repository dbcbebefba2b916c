"""From uniforms to partners and shares: the draw behind every plan."""

from keras_mixup import dirichlet
from keras_mixup.checks import check_partners
from keras_mixup.namespaces import namespace
from keras_mixup.pairing import is_built_in
from keras_mixup.random import folded_beta_from_uniforms
from keras_mixup.shards import own_rows
from keras_mixup.shards import split

# What a row needs: two uniforms for λ, one for `prob`, one to pair.
DRAWS = 4


def draws(num_samples):
    """How many uniforms a row needs to be mixed of so many samples."""
    more = num_samples - 2
    return DRAWS + (more + dirichlet.draws(num_samples) if more else 0)


def symmetric(alpha, num_samples=2):
    """The law of plain mixup: Beta(α, α), or Dirichlet(α, …, α) of more than two.

    A law is a function of uniforms, of the partner rows and of `fold` to a list of
    shares, one a partner.
    """

    def beta(noise, rows, fold):
        return fold_or_not(*folded_beta_from_uniforms(noise[0], noise[1], alpha), fold)

    def several(noise, rows, fold):
        end = draws(num_samples)
        noise = noise[end - dirichlet.draws(num_samples) : end]
        weights = dirichlet.dirichlet_from_uniforms(noise, alpha, num_samples)
        weights = dirichlet.with_largest_first(weights) if fold else weights
        return [weights[i] for i in range(1, num_samples)]

    return beta if num_samples == 2 else several


def fold_or_not(share, row_dominates, fold):
    """The one share of a pair, given the smaller of λ and 1 − λ.

    Args:
        share: The smaller of the two.
        row_dominates: Whether λ is the larger.
        fold: Whether the partner always takes the smaller.
    """
    return [share if fold else namespace(share).where(row_dominates, share, 1 - share)]


def rows_and_shares(
    noise, law, *, prob, per_sample, fold, pairing, num_samples=2, shards=1
):
    """The partner rows and their shares that uniforms determine.

    Args:
        noise: Uniforms of shape `(draws, batch_size)`.
        law: Function of uniforms, partner rows and `fold`, as `symmetric` returns.
        prob: The chance that a row is mixed at all.
        per_sample: Whether every row has a draw of its own.
        fold: Whether a row keeps the largest share of itself.
        pairing: Function of one uniform a row to partner rows.
        num_samples: How many samples a row is mixed of, itself among them.
        shards: How many parts of the batch find their partners among themselves.

    Returns:
        The rows and the share of a `MixPlan`.
    """
    ops = namespace(noise)
    rows = []
    are_there = []
    for i in range(3, num_samples + 2):
        to_pair = noise[i] if shards == 1 else split(noise[i], shards)
        own = own_rows(to_pair)
        paired = pairing(to_pair)
        if not is_built_in(pairing):
            check_partners(paired, to_pair)
            there = ops.logical_and(paired >= 0, paired < ops.shape(to_pair)[-1])
            are_there.append(ops.reshape(there, (-1,)))
        rows.append(ops.cast(paired, own.dtype))
    drawn = noise if per_sample else noise[:, :1]
    shares = law(drawn, rows, fold)
    shares = [
        ops.where(drawn[2] < prob, share, 0.0) + ops.zeros_like(noise[3])
        for share in shares
    ]
    if are_there:
        # Compiled code cannot raise. It would take the nearest sample (TensorFlow and
        # JAX), 0 (TensorFlow on a GPU) or anything: a loss of NaN does not pass.
        shares = [
            ops.where(ops.logical_or(there, share <= 0), share, float("nan"))
            for share, there in zip(shares, are_there)
        ]
    # A row that is not mixed is its own partner, so that whatever stands in
    # another row (a NaN, say) cannot reach it.
    rows = [
        ops.where(ops.reshape(share > 0, ops.shape(each)), each, own)
        for share, each in zip(shares, rows)
    ]
    if num_samples > 2:
        return ops.stack(rows, axis=-1), ops.stack(shares, axis=-1)
    return rows[0] if shards == 1 else ops.expand_dims(rows[0], -1), shares[0]
