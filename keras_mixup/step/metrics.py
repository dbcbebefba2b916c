"""The metrics of a layer: what it reports of its plans, and what ends its steps."""

import keras
from keras import ops

from keras_mixup._backend.ops import values
from keras_mixup._backend.traces import check_passed

# A property of a parent class breaks off a step that torch compiles.
_metrics_of = keras.layers.Layer.metrics.fget


def metrics_of(layer, but):
    """The metrics that Keras finds in a layer, but for one of them."""
    return [each for each in _metrics_of(layer) if each is not but]


class QuietMetric(keras.metrics.Metric):
    """A metric that a loop of the user's may update, which changes nothing.

    Loops as in Keras's guides hand labels and predictions to all metrics of a model,
    those of its layers among them.

    Args:
        name: Name of the metric.
        channel: The `PlanChannel` of the layer.
    """

    def __init__(self, name, channel):
        super().__init__(name=name)
        self._channel = channel

    def update_state(self, *args, **kwargs):
        """Takes no notice of labels and predictions."""

    def save_own_variables(self, store):
        """Saves nothing: an epoch's means are of no use after it."""

    def load_own_variables(self, store):
        """Loads nothing."""


class PlanWatch(QuietMetric):
    """Notices at the end of a step that its plan was not read."""

    def result(self):
        self._channel.end()
        return {}

    def reset_state(self):
        self._channel.close()


class TrackedMeans(QuietMetric):
    """What a loss with `track=True` has recorded of the plans since the epoch began.

    Attributes:
        tracked: Whether there is such a loss.
    """

    def __init__(self, name, channel):
        super().__init__(name, channel)
        self.tracked = False
        self._recorded = ()
        self._samples, self._totals = (
            {
                name: self.add_variable((), "zeros", name=f"{of}_{name}")
                for name in ("lam", "accuracy")
            }
            for of in ("samples", "total")
        )

    def record(self, lam, accuracy=None):
        """Records one more step.

        Args:
            lam: The weight of the dominant sample, for each sample of the batch.
            accuracy: The accuracy of each sample, if it is recorded.
        """
        check_passed(self._totals["lam"], lam, "With `track=True` the means of a layer")
        recorded = (
            {"lam": lam} if accuracy is None else {"lam": lam, "accuracy": accuracy}
        )
        # Of several losses, not all may have an accuracy.
        names = (*recorded, *self._channel.recorded)
        self._channel.recorded = self._recorded = tuple(dict.fromkeys(names))
        for name, samples in recorded.items():
            size = ops.cast(ops.shape(samples)[0], "float32")
            self._samples[name].assign(self._samples[name] + size)
            total = self._totals[name]
            total.assign(total + ops.sum(ops.cast(samples, "float32")))

    def result(self):
        # Between compiled steps, only the variables tell whether any recorded.
        names = self._channel.recorded or (self._recorded if self._is_fed() else ())
        return {
            f"mixup_{name}": self._totals[name] / ops.maximum(self._samples[name], 1)
            for name in names
        }

    def reset_state(self):
        self._channel.recorded = ()
        super().reset_state()

    def _is_fed(self):
        samples = values(self._samples["lam"] + 0) if self._recorded else None
        return samples is not None and samples > 0
