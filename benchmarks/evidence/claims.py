"""What README and docs claim of these trainings, each as a test of a difference."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Claim:
    """A statement on the mean difference of two methods on the same seeds.

    Args:
        text: The statement.
        versus: Names of the study, of the method and of what it is compared to.
        column: The number that is compared.
        sign: −1 for less, 1 for more, 0 for no difference of which these seeds tell:
            an interval of 95% that leaves out zero, or that holds it.
    """

    text: str
    versus: tuple
    column: str
    sign: int

    def holds(self, mean, half):
        """Whether a difference and its half width bear the statement out."""
        if self.sign:
            return self.sign * mean > half
        return abs(mean) <= half


CLAIMS = ()
