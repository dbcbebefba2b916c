"""Layers that draw λ from a Beta distribution, or the weights of several samples."""

from keras_mixup._backend.checks import check_alpha
from keras_mixup._backend.checks import check_flag
from keras_mixup.layers.parameter import Parameter
from keras_mixup.layers.region_layer import RegionLayer
from keras_mixup.pairing.lookup import with_labels
from keras_mixup.plans.plan import MixPlan
from keras_mixup.plans.sampling import sampled
from keras_mixup.plans.sampling import symmetric


class BetaLayer(RegionLayer):
    """Mixes by λ from Beta(α, α), or by weights from Dirichlet(α, …, α).

    A subclass may override `distribution`.

    Args:
        alpha: The concentration α, a number ≥ 0.
        fold: Whether λ is folded to [½, 1]. Defaults to so doing without a region.
        **kwargs: Keyword arguments of `RegionLayer`.
    """

    alpha = Parameter(check_alpha, "The concentration α of the distribution of λ.")

    def __init__(self, alpha, *, fold=None, **kwargs):
        super().__init__(parameters={"alpha": alpha}, **kwargs)
        fold = self.region is None if fold is None else fold
        self.fold = check_flag("fold", fold)
        if self.fold and self.region is not None:
            raise ValueError(
                "A large region of B in A is no small one of A in B, so λ cannot be "
                "folded: use CutMix. Received: fold=True with "
                f"region={self.region!r}"
            )

    def distribution(self, x, noise, alpha, labels=None, loss=None):
        """What λ is drawn from, a function as `plans.sampling.symmetric` returns it.

        Args:
            x: The inputs.
            noise: The `Noise` of the batch.
            alpha: The concentration.
            labels: The labels as they came, in a pipeline; else `None`.
            loss: The running mean of the training loss, where it is known.
        """
        return symmetric(alpha, self.num_samples)

    def draw_plan(self, x, noise, *, alpha, prob, labels=None, loss=None, shards=1):
        drawn = sampled(
            noise,
            self.distribution(x, noise, alpha, labels, loss),
            prob=prob,
            per_sample=self.per_sample,
            fold=self.fold,
            pairing=with_labels(self.pairing, labels),
            shards=shards,
        )
        return MixPlan.of_terms(*drawn)

    def may_mix(self):
        return self._pipeline.get("alpha") > 0 and super().may_mix()

    def get_config(self):
        return {
            "alpha": self.alpha,
            **super().get_config(),
            "fold": self.fold,
            "num_samples": self.num_samples,
        }
