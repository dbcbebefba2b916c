"""What the literature leads one to expect of these trainings, each as a test.

Written down before the run that the tables are of. Those that fail are reported.
"""

from benchmarks.evidence.claims import LESS
from benchmarks.evidence.claims import MORE
from benchmarks.evidence.claims import NO_LESS
from benchmarks.evidence.claims import NO_MORE
from benchmarks.evidence.claims import Claim
from benchmarks.evidence.methods import CONTROL
from benchmarks.evidence.methods import ERM

MIXUP, CUTMIX, STRONG = "mixup, α = 1", "CutMix, α = 1", "mixup, α = 8"
LITTLE = "mixup, α = 0.2"
EACH, BATCH = "both, per sample", "both, per batch"
COOL, MIXUP_COOL = f"{EACH}, cooldown", f"{MIXUP}, cooldown"
MANIFOLD, SMOOTH = "Manifold Mixup, α = 2", "label smoothing 0.1"
NEAR, TRUSTING = "similarity", "confidence"
DECAYED = "more weight decay"
STRONG_DECAYED = f"{STRONG}, {DECAYED}"

FEWER = (
    ("fewer errors with mixup", MIXUP, ERM, "error", LESS),
    ("with CutMix", CUTMIX, ERM, "error", LESS),
)
LOWER_NLL = ("a lower NLL with mixup", MIXUP, ERM, "nll", LESS)
WITH_CONFIDENCE = ("fewer with confidence", TRUSTING, ERM, "error", LESS)

ON_CLEAN_LABELS = (
    *FEWER,
    ("with both in turn", EACH, ERM, "error", LESS),
    ("with Manifold Mixup", MANIFOLD, ERM, "error", LESS),
    ("CutMix has no more than mixup", CUTMIX, MIXUP, "error", NO_MORE),
    ("per sample no more than per batch", EACH, BATCH, "error", NO_MORE),
    ("mixup no more than smooth labels", MIXUP, SMOOTH, "error", NO_MORE),
    ("more weight decay is no substitute", MIXUP, DECAYED, "error", LESS),
    ("fewer if mixing stops at the end", MIXUP_COOL, MIXUP, "error", LESS),
    ("of both in turn, too", COOL, EACH, "error", LESS),
    ("and a lower NLL", COOL, EACH, "nll", LESS),
    ("a lower NLL than without mixing", COOL, ERM, "nll", LESS),
    ("a lower ECE with a little mixup", LITTLE, ERM, "ece", LESS),
    ("but not once scaled", LITTLE, ERM, "scaled_ece", NO_LESS),
    ("similar pairs gain nothing", NEAR, f"{NEAR}, {CONTROL}", "error", NO_LESS),
)
ON_WRONG_LABELS = (
    *FEWER,
    ("fewer than by weight decay alone", MIXUP, DECAYED, "error", LESS),
    WITH_CONFIDENCE,
)
ON_MANY_WRONG_LABELS = (
    ("stronger mixup has fewer errors", STRONG, MIXUP, "error", LESS),
    ("and fewer with weight decay", STRONG_DECAYED, STRONG, "error", LESS),
    ("confidence has fewer", TRUSTING, MIXUP, "error", LESS),
    ("which its control has not", TRUSTING, f"{TRUSTING}, {CONTROL}", "error", LESS),
    LOWER_NLL,
)
# Written down when one training of each of the first two methods was done.
IN_LONG_TRAININGS = (
    *FEWER,
    ("with both in turn", COOL, ERM, "error", LESS),
    LOWER_NLL,
    ("and a lower ECE", MIXUP, ERM, "ece", LESS),
)
ON_WRONG_LABELS_IN_LONG_TRAININGS = (
    FEWER[0],
    ("fewer with strong mixup and weight decay", STRONG_DECAYED, ERM, "error", LESS),
    WITH_CONFIDENCE,
    ("and fewer than with mixup", TRUSTING, MIXUP, "error", LESS),
    LOWER_NLL,
)
CLAIMS = (
    *(Claim("clean_long", *claim) for claim in IN_LONG_TRAININGS),
    *(Claim("worse_long", *claim) for claim in ON_WRONG_LABELS_IN_LONG_TRAININGS),
    *(Claim("clean", *claim) for claim in ON_CLEAN_LABELS),
    *(Claim("worse", *claim) for claim in ON_WRONG_LABELS + ON_MANY_WRONG_LABELS),
    *(Claim("aggre", *claim) for claim in ON_WRONG_LABELS),
)
# Written down from the first run of the short trainings, as the second began.
MORE_ERRORS = (
    ("more errors with mixup", MIXUP, ERM, "error", MORE),
    ("with CutMix", CUTMIX, ERM, "error", MORE),
)
FOUND_CLEAN = (
    *MORE_ERRORS,
    ("with both in turn", EACH, ERM, "error", MORE),
    ("with Manifold Mixup", MANIFOLD, ERM, "error", MORE),
    ("fewer with a little mixup than with much", LITTLE, MIXUP, "error", LESS),
)
FOUND_WORSE = (
    *MORE_ERRORS,
    ("even more with strong mixup", STRONG, MIXUP, "error", MORE),
    ("more with confidence", TRUSTING, ERM, "error", MORE),
)
FOUND = (
    *(Claim("clean", *claim) for claim in FOUND_CLEAN),
    *(Claim("worse", *claim) for claim in FOUND_WORSE),
)
