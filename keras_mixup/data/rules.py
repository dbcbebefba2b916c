"""How a layer was told to mix what comes beside the inputs."""

from typing import NamedTuple

from keras_mixup._backend.checks import check_box_format
from keras_mixup._backend.checks import check_flag
from keras_mixup._backend.checks import check_real
from keras_mixup._backend.checks import check_threshold
from keras_mixup._backend.structures import flatten


class Rules(NamedTuple):
    """How labels and boxes of a batch are mixed.

    Args:
        label_smoothing: The part of a label that all classes share.
        target_threshold: The share above which a class counts as there, or `None`.
        dense_labels: Which labels are of elements: `True`, `False`, keys, or `None` to
            tell by their shapes.
        bounding_box_format: A format of `keras.utils.bounding_boxes`, or `None`.
        min_visible: The part of a box's area below which what is left of it is dropped.
        dense: For each label of the batch, whether it is of elements, so that a region
            pastes it as it pastes inputs.
        pastes: Whether that is all that is done to those, so that class ids stay such.
        data_format: Of inputs, and of the labels that are dense.
    """

    label_smoothing: float = 0.0
    target_threshold: float | None = None
    dense_labels: object = None
    bounding_box_format: str | None = None
    min_visible: float = 0.1
    dense: tuple = ()
    pastes: bool = False
    data_format: str | None = None

    @classmethod
    def checked(cls, **arguments):
        """The rules that arguments of a layer make, or an error."""
        rules = cls(**arguments)
        return rules._replace(
            label_smoothing=check_real(
                "label_smoothing", rules.label_smoothing, least=0, below=1
            ),
            target_threshold=check_threshold(rules.target_threshold),
            dense_labels=_check_dense_labels(rules.dense_labels),
            bounding_box_format=check_box_format(rules.bounding_box_format),
            min_visible=check_real("min_visible", rules.min_visible, least=0, most=1),
        )

    def config(self):
        """The arguments that these were made of, without those that are the default."""
        given = {name: getattr(self, name) for name in ARGUMENTS}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in given.items()
            if value != self._field_defaults[name]
        }

    def are_pasted(self, labels):
        """For each label, whether it stays as it is until it is pasted."""
        dense = self.dense or [False] * len(flatten(labels))
        return [each and self.pastes for each in dense]


# Those of the fields that are arguments of a layer.
ARGUMENTS = Rules._fields[:5]
AS_THEY_ARE = Rules()


def _check_dense_labels(dense):
    if isinstance(dense, (list, tuple, set, frozenset)):
        return tuple(dense)
    return None if dense is None else check_flag("dense_labels", dense)
