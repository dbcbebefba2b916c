"""What README and docs claim of these trainings, each as a test of a difference."""

import dataclasses

from benchmarks.evidence import intervals
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM

LESS, MORE, SAME = "less", "more", "same"
NO_LESS, NO_MORE = "no less", "no more"
# How far apart two means may be that count as the same.
MARGINS = {"error": 1, "scaled_ece": 1, "rmse": 0.3}


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement on the mean difference of two methods on the same seeds.

    Args:
        study: Name of the study.
        text: The statement.
        method: Name of the method that it is about.
        against: Name of the method that this is compared to.
        column: The number that is compared.
        verdict: `LESS` or `MORE`, where the interval of 95% leaves out zero; `SAME`
            where all of it is closer to zero than the margin; `NO_LESS` and `NO_MORE`
            where none of it is beyond the margin on that side.
    """

    study: str
    text: str
    method: str
    against: str
    column: str
    verdict: str

    def difference(self, rows):
        """The mean difference that results give, and half of its 95% interval."""
        versus = (self.study, self.method, self.against, self.column)
        return intervals.difference(rows, *versus)

    def holds(self, mean, half):
        """Whether a difference and its half width bear the statement out."""
        low, high = mean - half, mean + half
        margin = MARGINS.get(self.column, 0)
        return {
            LESS: high < 0,
            MORE: low > 0,
            SAME: -margin < low and high < margin,
            NO_LESS: -margin < low,
            NO_MORE: high < margin,
        }[self.verdict]


STRONG, DECAYED, TRUSTING = "mixup, α = 32", "mixup, α = 32, L2", "confidence, L2"
WEAK, PLAIN, NEAR = "mixup, α = 0.05", "mixup, α = 1", "similarity"
LITTLE, THREE, COOL = "mixup, α = 0.2", "three samples, α = 1", "mixup, α = 1, cooldown"
TARGETS, BY_LABEL = "mixup, α = 2", "mixup, α = 2, LabelKernel"
SMOOTH, SHUFFLED = "label smoothing 0.1", f"similarity, {CONTROL}"
DEEP, DEEP_SHUFFLED = "similarity, hidden", f"similarity, hidden, {CONTROL}"
EACH, THIRDS = "Manifold Mixup, α = 1", "three samples, α = 1/3"
SHUFFLED_TRUST = f"{TRUSTING}, {CONTROL}"

ON_WRONG_LABELS = (
    ("fewer errors with mixup, last epoch", STRONG, ERM, "error", LESS),
    ("and fewer than with weight decay alone", STRONG, f"{ERM}, L2", "error", LESS),
    ("mixup needs weight decay as well", DECAYED, STRONG, "error", LESS),
    ("but makes the network underconfident", DECAYED, STRONG, "gap", LESS),
    ("and has more errors at the best epoch", DECAYED, ERM, "best", MORE),
    ("even fewer errors with confidence", TRUSTING, DECAYED, "error", LESS),
    ("and fewer than with its control", TRUSTING, SHUFFLED_TRUST, "error", LESS),
    ("and at the best epoch as well", TRUSTING, ERM, "best", LESS),
)
CLAIMS = (
    *(Claim(f"noise{n}", *claim) for n in (20, 50, 80) for claim in ON_WRONG_LABELS),
    Claim("mnist1d", "no more errors with mixup", LITTLE, ERM, "error", NO_MORE),
    Claim("mnist1d", "a lower NLL", LITTLE, ERM, "nll", LESS),
    Claim("mnist1d", "a lower ECE", LITTLE, ERM, "ece", LESS),
    Claim("mnist1d", "but not once scaled", LITTLE, ERM, "scaled_ece", NO_LESS),
    Claim("mnist1d", "fewer if mixing stops at the end", COOL, PLAIN, "error", LESS),
    Claim("mnist1d", "and than without mixup", COOL, ERM, "error", LESS),
    Claim("mnist1d", "which lowers NLL, too", COOL, PLAIN, "nll", LESS),
    Claim("mnist1d", "and makes it more confident", COOL, PLAIN, "gap", MORE),
    Claim("mnist1d", "similar pairs gain nothing", NEAR, SHUFFLED, "error", NO_LESS),
    Claim("mnist1d", "nor between features", DEEP, DEEP_SHUFFLED, "error", NO_LESS),
    Claim("mnist1d", "no more with Manifold Mixup", EACH, ERM, "error", NO_MORE),
    Claim("mnist1d", "three samples gain nothing", THIRDS, PLAIN, "error", NO_LESS),
    Claim("mnist1d", "and are worse with α = 1", THREE, PLAIN, "error", MORE),
    Claim("mnist1000", "more errors with mixup", PLAIN, ERM, "error", MORE),
    Claim("mnist1000", "as many with a small α", WEAK, ERM, "error", SAME),
    Claim("mnist1000", "which lowers NLL", WEAK, ERM, "nll", LESS),
    Claim("mnist1000", "and ECE", WEAK, ERM, "ece", LESS),
    Claim("mnist1000", "smoothing labels is better", SMOOTH, WEAK, "error", LESS),
    Claim("mnist1000", "similar pairs gain a little", NEAR, SHUFFLED, "error", LESS),
    Claim("mnist1000", "but are worse than none", NEAR, ERM, "error", MORE),
    Claim("speech", "more errors with mixup", PLAIN, ERM, "error", MORE),
    Claim("speech", "and a higher NLL", PLAIN, ERM, "nll", MORE),
    Claim("cancer", "more errors with mixup", PLAIN, ERM, "error", MORE),
    Claim("wine", "a higher ECE with mixup", PLAIN, ERM, "ece", MORE),
    Claim("diabetes", "smaller errors with mixup", TARGETS, ERM, "rmse", LESS),
    Claim("diabetes", "larger again by label", BY_LABEL, TARGETS, "rmse", MORE),
    Claim("boston", "no difference", TARGETS, ERM, "rmse", SAME),
    Claim("boston", "nor by label", BY_LABEL, ERM, "rmse", SAME),
)
