"""How a layer was told to mix what comes beside the inputs."""

from typing import NamedTuple

from keras import tree


class Rules(NamedTuple):
    """How labels and boxes of a batch are mixed.

    Args:
        dense: For each label, whether a region pastes it as it pastes inputs.
        pastes: Whether that is all that is done to those, so that class ids stay such.
        data_format: Of inputs, and of the labels that are dense.
        smoothing: The part of a label that all classes share.
        threshold: The share above which a class counts as there, or `None`.
        box_format: A format of `keras.utils.bounding_boxes`, or `None`.
        min_visible: The part of a box's area below which what is left of it is dropped.
    """

    dense: tuple = ()
    pastes: bool = False
    data_format: str | None = None
    smoothing: float = 0.0
    threshold: float | None = None
    box_format: str | None = None
    min_visible: float = 0.1

    def are_pasted(self, labels):
        """For each label, whether it stays as it is until it is pasted."""
        dense = self.dense or [False] * len(tree.flatten(labels))
        return [each and self.pastes for each in dense]


AS_THEY_ARE = Rules()
