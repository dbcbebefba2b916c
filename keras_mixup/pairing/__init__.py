"""Which sample of the batch each sample is mixed with.

A pairing is a function of one uniform draw per sample: `pairing(noise)` takes a
float32 tensor of shape `(batch_size,)` and returns the partner of every sample, an
integer tensor of the same shape. The randomness comes in from outside, so a
pairing is deterministic given its noise, works on any backend, in `tf.data` and
on NumPy arrays, and can be tested without a model. Write your own with the same
call and pass it as `MixUp(pairing=...)`. One with the attribute
`needs_labels = True` is called as `pairing(noise, labels=labels)`, in pipelines.
A partner that is not in the batch is an error; in compiled code, where no value can be
seen, its sample becomes NaN, and so does the loss.
With `MixUp(shards=...)`, noise and partners have the shape `(shards, samples per
shard)`, and partners are counted within their shard.
"""

from keras_mixup.pairing.builtin import derangement
from keras_mixup.pairing.builtin import itself
from keras_mixup.pairing.builtin import reverse
from keras_mixup.pairing.builtin import roll
from keras_mixup.pairing.builtin import shuffle
from keras_mixup.pairing.label_kernel import LabelKernel
from keras_mixup.pairing.lookup import get
from keras_mixup.pairing.lookup import serialize

__all__ = [
    "LabelKernel",
    "derangement",
    "get",
    "itself",
    "reverse",
    "roll",
    "serialize",
    "shuffle",
]


def __dir__():
    return __all__
