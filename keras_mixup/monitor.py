"""The metric of a layer: it ends the layer's steps, and reports on them."""

import keras
from keras import ops

from keras_mixup.namespaces import values


class PlanMonitor(keras.metrics.Metric):
    """Closes the step of a layer, and notices that its plan was not read.

    Keras asks the metrics of all layers for their results when a step ends,
    also while it traces one. This one reports what a loss with `track=True` has
    recorded of the plans since the epoch began, and else nothing.

    Args:
        channel: The `PlanChannel` of the layer.
    """

    def __init__(self, channel):
        super().__init__(name=f"{channel.name}_monitor")
        self._channel = channel
        self._recorded = ()
        self._rows, self._totals = (
            {
                name: self.add_variable((), "zeros", name=f"{of}_{name}")
                for name in ("lam", "accuracy")
            }
            for of in ("rows", "total")
        )

    def update_state(self, lam, accuracy=None):
        """Records one more step.

        Args:
            lam: The weight of the dominant row, for each row of the batch.
            accuracy: The accuracy of each row, if it is recorded.
        """
        recorded = (
            {"lam": lam} if accuracy is None else {"lam": lam, "accuracy": accuracy}
        )
        # Of several losses, not all may have an accuracy.
        names = (*recorded, *self._channel.recorded)
        self._channel.recorded = self._recorded = tuple(dict.fromkeys(names))
        for name, rows in recorded.items():
            size = ops.cast(ops.shape(rows)[0], "float32")
            self._rows[name].assign(self._rows[name] + size)
            total = self._totals[name]
            total.assign(total + ops.sum(ops.cast(rows, "float32")))

    def result(self):
        self._channel.end()
        # Between compiled steps, only the variables tell whether any recorded.
        names = self._channel.recorded or (self._recorded if self._is_fed() else ())
        return {
            f"mixup_{name}": self._totals[name] / ops.maximum(self._rows[name], 1)
            for name in names
        }

    def reset_state(self):
        self._channel.close()
        self._channel.recorded = ()
        super().reset_state()

    def _is_fed(self):
        rows = values(self._rows["lam"] + 0) if self._recorded else None
        return rows is not None and rows > 0

    def save_own_variables(self, store):
        """Saves nothing: an epoch's means are of no use after it."""

    def load_own_variables(self, store):
        """Loads nothing."""
