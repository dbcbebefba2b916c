"""What a layer has to know of a pairing."""

from typing import NamedTuple


class Contract(NamedTuple):
    """What a pairing says of itself, by attributes of these names.

    A pairing that lacks one does not have the property.

    Args:
        needs_labels: Whether it is called as `pairing(noise, labels=labels)`, which is
            possible in a data pipeline only.
        labels_are_targets: Whether these labels are numbers of a regression and not
            class ids, whatever they look like.
        knows_shards: Whether it pairs within each row of noise `(shards, n)`, so that
            a batch that is spread over devices may be paired on each of them.
        can_compile: Whether XLA knows its operations.
        stays_in_batch: Whether its partners are in the batch for certain, so that
            nobody has to look.
        draws_nothing: Whether its partners are the same whatever the noise is, so that
            it cannot give a sample several.
    """

    needs_labels: bool = False
    labels_are_targets: bool = False
    knows_shards: bool = False
    can_compile: bool = False
    stays_in_batch: bool = False
    draws_nothing: bool = False


def says(pairing, name):
    """Whether a pairing says of itself that it has a property of the `Contract`.

    Args:
        pairing: The pairing.
        name: The name of the property.
    """
    return bool(getattr(pairing, name, False))


def keeps(**properties):
    """Decorates a function that is a pairing with what it says of itself."""

    def decorated(pairing):
        for name, value in Contract(**properties)._asdict().items():
            setattr(pairing, name, value)
        return pairing

    return decorated
