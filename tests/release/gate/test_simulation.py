"""The gate itself is measured, in small: how often equal models pass, and better ones do not.

The large simulations are in benchmarks/; these have seeds, and bounds that could be missed.
"""

from collections import Counter

import numpy as np
import pytest

from contender.release.gate.decision import Verdict
from contender.release.gate.evidence import Labels
from tests.release.gate.cases import binary, halves, judge

REPLICATES = 400


def verdicts(rows: int, *, gain: float = 0.0, **changes: object) -> Counter[Verdict]:
    """How often each verdict is reached, with slices and groups to be judged too."""
    found = Counter[Verdict]()
    for seed in range(REPLICATES):
        rng = np.random.default_rng([seed, rows])
        labels = (
            Labels("kind", tuple("abcd"), rng.integers(4, size=rows), "report"),
            halves(rows, "half", sensitive=True),
        )
        case = binary(rows, seed=seed, gain=gain, labels=labels)
        limits = {"max_gap": 0.3, "max_widening": 0.02, "waivers": []}
        found[judge(case, fairness=limits, bootstrap_replicates=200, **changes).verdict] += 1
    return found


@pytest.mark.parametrize("rows", [500, 2_000])
def test_equal_models_are_seldom_promoted_and_seldom_blamed(rows: int) -> None:
    """The first look may promote 2.5 % of them; two standard errors are allowed for chance."""
    allowed = 0.025 + 2 * np.sqrt(0.025 * 0.975 / REPLICATES)

    found = verdicts(rows)

    assert found[Verdict.PROMOTE] <= allowed * REPLICATES
    assert found[Verdict.REJECT] <= 0.02 * REPLICATES
    assert found[Verdict.HOLD] >= 0.95 * REPLICATES


def test_a_model_at_the_margin_is_seldom_taken_for_not_worse() -> None:
    """In refresh mode a loss of just epsilon is the boundary."""
    loss = -np.mean(
        [judge(binary(20_000, seed=s, gain=-0.06)).estimates[0].difference for s in range(20)]
    )

    found = verdicts(2_000, gain=-0.06, mode="refresh", epsilon=float(loss))

    assert found[Verdict.PROMOTE] <= (0.025 + 2 * np.sqrt(0.025 * 0.975 / REPLICATES)) * REPLICATES


def test_a_model_that_is_much_better_is_promoted() -> None:
    """A gain of .05 on 2,000 rows."""
    assert verdicts(2_000, gain=0.3)[Verdict.PROMOTE] >= 0.95 * REPLICATES
