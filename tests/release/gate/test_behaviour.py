"""Behaviour: what a change of the input may do to a prediction holds in every row or not at all."""

from dataclasses import replace

import numpy as np
import pytest

from contender.release.gate.decision import Outcome, Verdict
from contender.release.gate.evidence import Expectation, Probe
from tests.release.gate.cases import binary, codes, find, judge

WINNER = binary(gain=0.5)
FLAT = np.full(50, 0.5)


def stepped(by: float) -> np.ndarray:
    """The flat predictions with one row moved."""
    moved = FLAT.copy()
    moved[7] += by
    return moved


@pytest.mark.parametrize(
    ("expects", "by", "kept"),
    [
        ("same", 0.0, True),
        ("same", 1e-7, True),
        ("same", 1e-5, False),
        ("same", -1e-5, False),
        ("no-lower", 0.1, True),
        ("no-lower", -1e-7, True),
        ("no-lower", -1e-5, False),
        ("no-higher", -0.1, True),
        ("no-higher", 1e-5, False),
    ],
)
def test_one_row_is_enough_to_break_an_expectation(
    expects: Expectation, by: float, kept: bool
) -> None:
    """Beyond what float32 sums differ by."""
    probe = Probe("a higher age", expects, FLAT, stepped(by))

    decision = judge(replace(WINNER, probes=(probe,)))

    assert decision.verdict is (Verdict.PROMOTE if kept else Verdict.REJECT)
    assert ("behaviour-broken" in codes(decision)) is not kept
    assert ("behaviour-kept" in codes(decision)) is kept


def test_probabilities_of_many_classes_stay_the_same_in_every_class() -> None:
    """A change in one of three columns is a change."""
    before = np.full((20, 3), 1 / 3)
    after = before.copy()
    after[3, 1] += 0.01

    decision = judge(replace(WINNER, probes=(Probe("other ids", "same", before, after),)))

    assert "1 of 20 rows, by up to 0.01" in find(decision, "behaviour-broken").message


@pytest.mark.parametrize(
    "probe",
    [
        Probe("order", "same", FLAT[:0], FLAT[:0]),
        Probe("order", "same", FLAT, FLAT[:10]),
        Probe("order", "same", FLAT, np.full((50, 3), 0.5)),
        Probe("order", "same", FLAT, stepped(np.nan)),
        Probe("order", "no-lower", stepped(np.inf), FLAT),
    ],
)
def test_a_probe_that_shows_nothing_is_an_error(probe: Probe) -> None:
    """No rows, other rows, NaN."""
    decision = judge(replace(WINNER, probes=(probe,)))

    assert (decision.verdict, find(decision, "probe-unusable").outcome) == (
        Verdict.ERROR,
        Outcome.ERROR,
    )


def test_no_probe_at_all_is_an_error() -> None:
    """Behaviour that nobody looked at is not good behaviour."""
    decision = judge(replace(WINNER, probes=()))

    assert decision.verdict is Verdict.ERROR
    assert find(decision, "behaviour-not-probed")


def test_a_column_that_could_not_be_raised_is_skipped() -> None:
    """It is missing or at its largest value in every row."""
    probes = (*WINNER.probes, Probe("a higher age", "no-lower", FLAT[:0], FLAT[:0]))

    decision = judge(replace(WINNER, probes=probes))

    assert find(decision, "nothing-to-change").outcome is Outcome.SKIPPED
    assert decision.verdict is Verdict.PROMOTE
