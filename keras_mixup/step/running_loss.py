"""The running mean of the training loss, as a layer keeps it."""

from keras import ops

from keras_mixup._backend.traces import check_passed


class RunningLoss:
    """A mean of all losses so far, whose weights fall by `decay` a step.

    Args:
        layer: The layer that the two numbers behind it are weights of.
        decay: The weight of the past, in [0, 1).
    """

    def __init__(self, layer, decay):
        self._decay = decay
        self._total, self._weight = (
            layer.add_weight(
                shape=(),
                initializer="zeros",
                # In float32 under every dtype policy: bfloat16 has three digits.
                dtype="float32",
                autocast=False,
                trainable=False,
                # Replicas have seen the losses of their own samples.
                aggregation="mean",
                name=name,
            )
            for name in ("loss_total", "loss_weight")
        )

    @property
    def value(self):
        """The mean, a scalar tensor; 0 before the first loss."""
        return self._total / ops.maximum(self._weight, 1e-7)

    def update(self, loss):
        """Takes in the loss of one more step, unless it is not finite."""
        loss = ops.stop_gradient(ops.cast(loss, "float32"))
        check_passed(self._total, loss, "The running losses of a layer")
        # One loss that overflows would stay in the mean for good.
        finite = ops.isfinite(loss)
        loss = ops.where(finite, loss, 0.0)
        for variable, term in ((self._total, loss), (self._weight, 1.0)):
            updated = self._decay * variable.value + (1 - self._decay) * term
            variable.assign(ops.where(finite, updated, variable.value))
