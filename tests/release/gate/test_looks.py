"""Looks at a holdout: each costs, together they cost no more than alpha."""

from dataclasses import replace

import numpy as np
import pytest

from contender.release.gate.decision import Verdict
from contender.release.gate.looks import allowed_error, equal_pass_probability
from tests.release.gate.cases import binary, codes, judge


def test_all_looks_together_may_err_as_often_as_one() -> None:
    """1 / (k (k + 1)) adds up to one."""
    assert allowed_error(0.05, 1) == 0.025
    assert sum(allowed_error(0.05, look) for look in range(1, 100_000)) == pytest.approx(
        0.05, rel=1e-4
    )


def test_a_later_look_asks_for_more() -> None:
    """The interval grows, the provable gain with it."""
    first, tenth = (judge(binary(gain=0.5, look=look)) for look in (1, 10))

    assert first.holdout and tenth.holdout
    assert tenth.estimates[0].lower < first.estimates[0].lower
    assert tenth.holdout.provable_gain > first.holdout.provable_gain
    assert tenth.estimates[0].level == pytest.approx(1 - 0.05 / 110)


def test_a_gain_that_is_proven_at_the_first_look_may_not_be_at_the_twentieth() -> None:
    """The same evidence, nineteen challengers later."""
    case = binary(gain=0.1, seed=3)

    verdicts = [judge(replace(case, look=look)).verdict for look in (1, 20)]

    assert verdicts == [Verdict.PROMOTE, Verdict.HOLD]


@pytest.mark.parametrize("look", [21, 10**9])
def test_an_exhausted_holdout_decides_nothing_more(look: int) -> None:
    """Whatever the gain: nothing is even estimated."""
    decision = judge(binary(gain=5.0, look=look))

    assert (decision.verdict, codes(decision)) == (Verdict.HOLD, ["holdout-exhausted"])
    assert decision.estimates == ()
    assert decision.holdout and decision.holdout.look == look


def test_the_last_look_still_decides() -> None:
    """A gain that is large enough is proven at alpha / 420."""
    assert judge(binary(gain=1.0, look=20)).verdict is Verdict.PROMOTE


def test_the_provable_gain_is_found_four_times_of_five() -> None:
    """Among models that really are better by it."""
    decisions = [
        judge(binary(1_000, seed=seed, gain=0.155), bootstrap_replicates=200) for seed in range(300)
    ]

    provable = np.mean([decision.holdout.provable_gain for decision in decisions])
    gain = np.mean([decision.estimates[0].difference for decision in decisions])
    found = np.mean([decision.verdict is Verdict.PROMOTE for decision in decisions])
    assert gain == pytest.approx(provable, rel=0.05)
    assert found == pytest.approx(0.8, abs=0.07)


def test_an_equal_challenger_passes_as_often_as_is_said() -> None:
    """With no uncertainty always; with a margin of one standard error at 2.5 %, one time of six."""
    assert equal_pass_probability(0.0, 0.005, 0.025) == 1
    assert equal_pass_probability(0.005, 0.005, 0.025) == pytest.approx(0.168, abs=0.001)
    assert judge(binary()).holdout.equal_pass_probability is None
