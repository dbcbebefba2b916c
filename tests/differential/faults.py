"""Faults to put into the package, each of which the comparison must notice."""

import contextlib
from unittest import mock

from keras import ops

import keras_mixup

_Plan, _Loss = keras_mixup.MixPlan, keras_mixup.MixupLoss


def _swapped_shares():
    """A sample's label gets the share of its partner's, and the other way round."""
    return mock.patch.object(
        _Plan, "lam", property(lambda plan: ops.reshape(plan.share, (-1,)))
    )


def _unmixed_labels():
    """The loss is that of the sample's own label."""

    def call(loss, y_true, y_pred, sample_weight=None):
        loss._source.read()  # That nothing has read it would be a warning.
        return loss.loss(y_true, y_pred, sample_weight)

    return mock.patch.object(_Loss, "__call__", call)


def _weights_of_the_sample():
    """The partner's label is weighted by the weight of the sample."""
    terms, call = _Plan.terms, _Loss.__call__

    @contextlib.contextmanager
    def patched():
        state = {"calls": 0}

        def counted(plan, inputs):
            state["calls"] += 1
            found = terms(plan, inputs)
            # The labels come first, and the weights after them.
            return found if state["calls"] == 1 else [inputs for _ in found]

        def called(loss, *args, **kwargs):
            state["calls"] = 0
            with mock.patch.object(_Plan, "terms", counted):
                return call(loss, *args, **kwargs)

        with mock.patch.object(_Loss, "__call__", called):
            yield

    return patched()


def _labels_of_another_draw():
    """The loss knows the partners of another plan."""
    terms = _Plan.terms

    def moved(plan, inputs):
        own, *others = terms(plan, inputs)
        return [own, *(ops.roll(other, 1, axis=0) for other in others)]

    return mock.patch.object(_Plan, "terms", moved)


def _rough_shares():
    """The shares in the loss are rounded to 8 bits."""

    def lam(plan):
        share = plan.share
        share = share if len(share.shape) == 1 else ops.sum(share, axis=-1)
        return ops.cast(ops.cast(1 - share, "bfloat16"), "float32")

    return mock.patch.object(_Plan, "lam", property(lam))


def _no_gradient_by_partners():
    """Nothing is learnt from what a partner contributes."""
    mix = _Plan.mix_tensor

    def mixed(plan, inputs, dtype=None, data_format=None):
        own = _Plan(plan.partners, ops.zeros_like(plan.share))
        own, both = mix(own, inputs, dtype), mix(plan, inputs, dtype)
        lam = ops.reshape(plan.lam, (-1,) + (1,) * (len(own.shape) - 1))
        kept = own * ops.cast(lam, own.dtype)
        return ops.stop_gradient(both - kept) + kept

    return mock.patch.object(_Plan, "mix_tensor", mixed)


def _half_mixed_inputs():
    """Inputs take half the share of their partners that labels do."""
    mix = _Plan.mix_tensor

    def mixed(plan, inputs, dtype=None, data_format=None):
        return mix(_Plan(plan.partners, plan.share / 2), inputs, dtype)

    return mock.patch.object(_Plan, "mix_tensor", mixed)


FAULTS = {
    "swapped shares": _swapped_shares,
    "unmixed labels": _unmixed_labels,
    "weights of the sample": _weights_of_the_sample,
    "labels of another draw": _labels_of_another_draw,
    "rough shares": _rough_shares,
    "no gradient by partners": _no_gradient_by_partners,
    "half mixed inputs": _half_mixed_inputs,
}
