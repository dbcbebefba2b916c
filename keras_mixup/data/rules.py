"""How a layer was told to mix what comes beside the inputs."""

from typing import NamedTuple

from keras import tree

from keras_mixup._backend.checks import check_box_format
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_real
from keras_mixup._backend.checks import check_threshold


class Rules(NamedTuple):
    """How labels and boxes of a batch are mixed.

    Args:
        smoothing: The part of a label that all classes share.
        threshold: The share above which a class counts as there, or `None`.
        said: Which labels are of elements: `True`, `False`, keys, or `None`.
        box_format: A format of `keras.utils.bounding_boxes`, or `None`.
        min_visible: The part of a box's area below which what is left of it is dropped.
        dense: For each label of the batch, whether it is of elements, so that a region
            pastes it as it pastes inputs.
        pastes: Whether that is all that is done to those, so that class ids stay such.
        data_format: Of inputs, and of the labels that are dense.
    """

    smoothing: float = 0.0
    threshold: float | None = None
    said: object = None
    box_format: str | None = None
    min_visible: float = 0.1
    dense: tuple = ()
    pastes: bool = False
    data_format: str | None = None

    @classmethod
    def checked(
        cls,
        label_smoothing=0.0,
        target_threshold=None,
        dense_labels=None,
        bounding_box_format=None,
        min_visible=0.1,
    ):
        """The rules that the arguments of a layer make, or an error."""
        return cls(
            check_real("label_smoothing", label_smoothing, least=0, below=1),
            check_threshold(target_threshold),
            check_dense_labels(dense_labels),
            check_box_format(bounding_box_format),
            check_real("min_visible", min_visible, least=0, most=1),
        )

    def config(self):
        """The arguments that these were made of, without those that say nothing."""
        said = list(self.said) if isinstance(self.said, tuple) else self.said
        arguments = {
            "label_smoothing": self.smoothing or None,
            "target_threshold": self.threshold,
            "dense_labels": said,
            "bounding_box_format": self.box_format,
            "min_visible": None if self.min_visible == 0.1 else self.min_visible,
        }
        return {name: each for name, each in arguments.items() if each is not None}

    def are_pasted(self, labels):
        """For each label, whether it stays as it is until it is pasted."""
        dense = self.dense or [False] * len(tree.flatten(labels))
        return [each and self.pastes for each in dense]


AS_THEY_ARE = Rules()


def check_dense_labels(dense):
    """Returns a flag, a tuple of the keys of labels, or `None`, or raises."""
    if isinstance(dense, (list, tuple, set, frozenset)):
        return tuple(dense)
    return None if dense is None else check_flag("dense_labels", dense)
