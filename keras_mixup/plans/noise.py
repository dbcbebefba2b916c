"""The uniforms of one batch, by what they are for."""

from typing import NamedTuple

from keras_mixup._backend.numpy_ops import NumpyOps
from keras_mixup._backend.ops import ops_for
from keras_mixup.random import dirichlet
from keras_mixup.random.hashed import counted_uniforms
from keras_mixup.random.uniforms import uniform


class Noise(NamedTuple):
    """Uniforms in [0, 1), each tensor with one number for each sample.

    All randomness of a batch is here. What is computed from it is deterministic, and
    the same on every backend.

    Args:
        u: One of two tensors `(batch_size,)` that draw λ from a Beta distribution.
        v: The other one.
        prob: Tensor `(batch_size,)`: whether a sample is mixed at all.
        pairing: Tuple of one tensor `(batch_size,)` for each partner: who it is.
        weights: Tensor `(n, batch_size)` to draw the weights of more than two samples
            with, or `None` for pairs.
        shuffle: Tensor `(batch_size,)` that a policy shuffles by, or `None`.
        site: Tensor `(batch_size,)`, of which the first number chooses among the
            places of a `ManifoldMixUp`, or `None`.
        region: Tensor `(n, batch_size)` to place a region with, or `None`.
        choice: Tensor `(batch_size,)` that chooses among several layers, or `None`.
    """

    u: object
    v: object
    prob: object
    pairing: tuple
    weights: object = None
    shuffle: object = None
    site: object = None
    region: object = None
    choice: object = None

    @classmethod
    def count(cls, num_samples=2, extra=None):
        """How many uniforms a sample needs.

        Args:
            num_samples: How many samples are mixed into one.
            extra: Dict of the names of further fields and of their numbers of uniforms.
        """
        weights = dirichlet.draws(num_samples) if num_samples > 2 else 0
        return 3 + (num_samples - 1) + weights + sum((extra or {}).values())

    @classmethod
    def of(cls, uniforms, num_samples=2, extra=None):
        """Names uniforms.

        Args:
            uniforms: Tensor `(n, batch_size)`, `n` as `count` says.
            num_samples: As for `count`.
            extra: As for `count`.
        """
        used = 0

        def take(count):
            nonlocal used
            used += count
            return uniforms[used - count : used]

        def take_one():
            return take(1)[0]

        fields = {name: take_one() for name in ("u", "v", "prob")}
        fields["pairing"] = tuple(take_one() for _ in range(num_samples - 1))
        for name, count in (extra or {}).items():
            fields[name] = take(count) if name == "region" else take_one()
        if num_samples > 2:
            fields["weights"] = uniforms[used:]
        return cls(**fields)

    @classmethod
    def drawn(cls, samples, seed, num_samples=2, extra=None):
        """Draws uniforms.

        Args:
            samples: A tensor of the batch: of the kind that the uniforms become.
            seed: As `random.uniforms.uniform` takes it, or a generator of seeds whose
                `next_on_host` gives the seed of an array.
            num_samples: As for `count`.
            extra: As for `count`.
        """
        ops = ops_for(samples)
        shape = (cls.count(num_samples, extra), ops.shape(samples)[0])
        if ops is NumpyOps and hasattr(seed, "next_on_host"):
            uniforms = counted_uniforms(shape, seed.next_on_host())
        else:
            # A seed of words is NumPy's, for batches of any kind.
            uniforms = ops.convert_to_tensor(uniform(shape, seed))
        return cls.of(uniforms, num_samples, extra)

    def of_the_first(self):
        """The noise in which the first sample draws for the whole batch."""

        def first(several):
            return None if several is None else several[..., :1]

        return self._replace(
            u=first(self.u),
            v=first(self.v),
            prob=first(self.prob),
            weights=first(self.weights),
            shuffle=first(self.shuffle),
        )

    def field(self, name, per_sample):
        """A field as it came, or with the numbers of the first sample for all of them.

        Args:
            name: The name of the field.
            per_sample: Whether every sample has numbers of its own.
        """
        noise = getattr(self, name)
        return noise if per_sample else noise[..., :1] + self.ops.zeros_like(noise)

    @property
    def ops(self):
        """The operations for these tensors."""
        return ops_for(self.u)
