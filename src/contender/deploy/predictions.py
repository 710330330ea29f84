"""How the canary's predictions are distributed beside the control's: a size first, then chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import chdtrc, rel_entr

from contender.deploy.evidence import is_count
from contender.errors import ObservationError

SMOOTHING: Final = 0.5  # predictions added to each bin, so that an empty one is not infinitely far


@dataclass(frozen=True)
class Comparison:
    """Two histograms of predictions over the same bins."""

    canary: int
    control: int
    statistic: float  # G: two times the log likelihood ratio
    p_value: float
    psi: float

    def is_extreme(self, *, max_psi: float, alpha: float) -> bool:
        """True where the two lie further apart than `max_psi`, and not by chance.

        A challenger is there to predict something else: the index is to be 1 or more, which is
        all predictions moved by one standard deviation. For one look, when a step is to be left.
        """
        return self.psi > max_psi and self.p_value < alpha


def compare_predictions(canary_counts: Sequence[int], control_counts: Sequence[int]) -> Comparison:
    """The G test and the population stability index of two histograms.

    The index is Jeffreys' divergence, KL(p, q) + KL(q, p), with half a prediction added to each
    bin that either version has used. Unlike the statistic it does not grow with the counts.

    Raises:
        ObservationError: not the same bins, a count is no whole number from 0, or all are 0.
    """
    if len(canary_counts) != len(control_counts):
        raise ObservationError(
            f"`{len(canary_counts)}` and `{len(control_counts)}` bins of predictions; expected "
            "the same bins for both versions.",
            hint="take the edges of the bins from the control, for both",
        )
    table = np.array([_check(canary_counts), _check(control_counts)], dtype=np.float64)
    canary, control = table.sum(axis=1)
    table = table[:, table.any(axis=0)]
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = max(0.0, float(2 * rel_entr(table, expected).sum()))
    freedom = table.shape[1] - 1
    p, q = (table + SMOOTHING) / (table + SMOOTHING).sum(axis=1, keepdims=True)
    return Comparison(
        canary=int(canary),
        control=int(control),
        statistic=statistic,
        p_value=float(chdtrc(freedom, statistic)) if freedom else 1.0,
        psi=float((rel_entr(p, q) + rel_entr(q, p)).sum()),
    )


def _check(counts: Sequence[int]) -> Sequence[int]:
    """The same counts, if they are a histogram of something."""
    if not all(map(is_count, counts)) or not sum(counts):
        raise ObservationError(
            f"`{list(counts)}` is no histogram of predictions; expected whole numbers from 0, "
            "not all of them 0.",
            hint="compare once both versions have predicted something",
        )
    return counts
