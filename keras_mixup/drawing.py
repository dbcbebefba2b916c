"""From uniforms to partners and shares: the draw behind every plan."""

from keras_mixup.checks import check_partners
from keras_mixup.namespaces import namespace
from keras_mixup.random import folded_beta_from_uniforms
from keras_mixup.shards import own_rows
from keras_mixup.shards import split

# What a row needs: two uniforms for λ, one for `prob`, one to pair.
DRAWS = 4


def symmetric_beta(alpha):
    """The law of plain mixup: λ from Beta(α, α), whoever the partner is."""
    return lambda u, v, rows: folded_beta_from_uniforms(u, v, alpha)


def rows_and_shares(noise, law, *, prob, per_sample, fold, pairing, shards=1):
    """The partner rows and their shares that uniforms determine.

    Args:
        noise: Uniforms of shape `(4, batch_size)`.
        law: Function of two uniforms a draw, and of the partner rows, to the
            smaller of λ and 1 − λ and to whether λ is the larger.
        prob: The chance that a row is mixed at all.
        per_sample: Whether every row has a draw of its own.
        fold: Whether the partner always takes the smaller share.
        pairing: Function of one uniform a row to partner rows.
        shards: How many parts of the batch find their partners among themselves.

    Returns:
        The rows and the share of a `MixPlan`.
    """
    ops = namespace(noise)
    to_pair = noise[3] if shards == 1 else split(noise[3], shards)
    rows = pairing(to_pair)
    check_partners(rows, to_pair)
    own = own_rows(to_pair)
    rows = ops.cast(rows, own.dtype)
    u, v, coin = (noise[i] if per_sample else noise[i, :1] for i in range(3))
    share, row_dominates = law(u, v, rows)
    if not fold:
        share = ops.where(row_dominates, share, 1 - share)
    share = ops.where(coin < prob, share, 0.0) + ops.zeros_like(noise[3])
    # A row that is not mixed is its own partner, so that whatever stands in
    # another row (a NaN, say) cannot reach it.
    mixed = ops.reshape(share > 0, ops.shape(rows))
    rows = ops.where(mixed, rows, own)
    return rows if shards == 1 else ops.expand_dims(rows, -1), share
