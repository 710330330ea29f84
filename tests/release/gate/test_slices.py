"""Slices: a gain on the whole does not hide a loss on a part, and noise is not taken for one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contender.problem.schema import Task
from contender.release.gate.decision import Decision, Outcome, SliceFinding, Verdict
from contender.release.gate.evidence import Evidence, Labels
from tests.release.gate import cases
from tests.release.gate.cases import binary, codes, find, judge

ROWS = 4_000


def broken(rows: int = ROWS, *, share: float = 0.5, **changes: Any) -> Evidence:
    """A challenger that wins on the whole and guesses where the level is `b`."""
    case = binary(rows, gain=1.5)
    codes_ = (np.random.default_rng(1).random(rows) < share).astype(np.int64)
    guesses = np.where(codes_ == 1, 0.3, case.challenger.predictions)
    labels = Labels("kind", ("a", "b"), codes_, **({"slices": "report"} | changes))
    return replace(case, challenger=cases.scored("b", guesses), labels=(labels,))


def slice_of(decision: Decision, level: str) -> SliceFinding:
    """The finding of one level."""
    return next(finding for finding in decision.slices if finding.level == level)


@pytest.mark.parametrize("kind", ["report", "critical"])
def test_a_slice_that_is_proven_worse_blocks(kind: str) -> None:
    """Declared critical or not."""
    decision = judge(broken(slices=kind))

    assert decision.verdict is Verdict.REJECT
    assert find(decision, "slice-worse").subject == "kind=b"
    assert slice_of(decision, "b").outcome is Outcome.REJECT
    assert slice_of(decision, "a").outcome is Outcome.PASS


def test_a_gain_on_the_whole_does_not_help() -> None:
    """It is there, and proven."""
    decision = judge(broken(share=0.2))

    assert find(decision, "proven-better")
    assert decision.verdict is Verdict.REJECT


def test_a_critical_slice_must_be_proven_safe() -> None:
    """A small one of a better model is not; the same slice, only reported, does not block."""
    few = np.where(np.arange(2_000) < 150, 1, 0)
    verdicts = {}
    for kind in ("report", "critical"):
        labels = Labels("kind", ("a", "b"), few, slices=kind)
        decision = judge(binary(2_000, seed=1, gain=0.3, labels=(labels,)))
        verdicts[kind] = decision.verdict
        if kind == "critical":
            assert find(decision, "slice-not-proven-safe").subject == "kind=b"

    assert verdicts == {"report": Verdict.PROMOTE, "critical": Verdict.HOLD}


def test_all_critical_slices_safe_let_a_better_model_pass() -> None:
    """Both halves of many rows."""
    decision = judge(binary(20_000, gain=0.5, labels=(cases.halves(20_000, slices="critical"),)))

    assert decision.verdict is Verdict.PROMOTE
    assert "2 of 2 slices were evaluated." == find(decision, "slices-evaluated").message


def test_a_critical_slice_need_not_gain() -> None:
    """Proven to lose less than the margin is proven unharmed."""
    decision = judge(binary(20_000, gain=0.1, labels=(cases.halves(20_000, slices="critical"),)))

    lower = [finding.estimate.lower for finding in decision.slices if finding.estimate]
    assert -cases.GATE.slice_margin < min(lower) < cases.GATE.slice_margin
    assert {finding.outcome for finding in decision.slices} == {Outcome.PASS}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [(99, "99 rows, expected 100"), (0, "0 rows, expected 100"), (101, "rows of the rarest class")],
)
def test_a_slice_that_says_nothing_is_listed_as_not_evaluated(rows: int, reason: str) -> None:
    """Too few rows, or too few of a class; never a pass."""
    case = binary(gain=0.5)
    negatives = np.flatnonzero(case.target == 0)[:rows]
    codes_ = np.zeros(2_000, dtype=np.int64)
    codes_[negatives] = 1

    decision = judge(replace(case, labels=(Labels("kind", ("a", "b"), codes_, "critical"),)))

    small = slice_of(decision, "b")
    assert (small.outcome, small.estimate, small.rows) == (Outcome.SKIPPED, None, rows)
    assert reason in small.message
    assert find(decision, "critical-slice-not-evaluated").subject == "kind=b"


def test_a_slice_of_just_enough_rows_is_evaluated() -> None:
    """A hundred, twenty of them of the rarer class."""
    case = binary(gain=0.5)
    chosen = [np.flatnonzero(case.target == label)[:rows] for label, rows in ((0, 80), (1, 20))]
    codes_ = np.zeros(2_000, dtype=np.int64)
    codes_[np.concatenate(chosen)] = 1

    decision = judge(replace(case, labels=(Labels("kind", ("a", "b"), codes_, "report"),)))

    assert (slice_of(decision, "b").rows, slice_of(decision, "b").estimate is None) == (100, False)


def test_no_slice_evaluated_is_not_a_pass() -> None:
    """All too small, or none declared: the check says so."""
    tiny = Labels("kind", tuple("abcdefghijklmnopqrstuvwxy"), np.arange(2_000) % 25, "report")

    for labels in ((tiny,), ()):
        check = find(judge(binary(gain=0.5, labels=labels)), "slices-not-compared")
        assert check.outcome is Outcome.SKIPPED


def test_rows_without_a_value_are_a_slice() -> None:
    """A loss there blocks as it does elsewhere."""
    case = broken()
    labels = replace(case.labels[0], levels=("a",), codes=-case.labels[0].codes)

    decision = judge(replace(case, labels=(labels,)))

    assert slice_of(decision, "").outcome is Outcome.REJECT
    assert find(decision, "slice-worse").subject == "kind=(missing)"


def test_many_slices_do_not_make_harm_of_noise() -> None:
    """Equal models, 200 times 24 slices: the family errs in at most 5 % of them."""
    blocked = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        labels = tuple(
            Labels(f"column {i}", tuple("abcdef"), rng.integers(6, size=1_000), "report")
            for i in range(4)
        )
        blocked += "slice-worse" in codes(judge(binary(1_000, seed=seed, labels=labels)))

    assert blocked <= 10


def test_slices_of_the_other_tasks_are_judged_by_their_metric() -> None:
    """A regression whose second half got worse, though the whole got better."""
    case = cases.regression()
    assert case.champion is not None
    guess = np.where(np.arange(442) % 2, case.champion.predictions + 60, case.target)
    worse = replace(
        case, challenger=cases.scored("b", guess), labels=(cases.halves(442, slices="report"),)
    )

    decision = judge(worse, primary="rmse")

    assert [finding.outcome for finding in decision.slices] == [Outcome.PASS, Outcome.REJECT]


def test_a_slice_in_which_nothing_varies_is_not_evaluated() -> None:
    """R2 has no meaning there."""
    case = cases.regression()
    flat = np.where(np.arange(442) % 2, 100.0, case.target)

    decision = judge(
        replace(case, target=flat, labels=(cases.halves(442, slices="report"),)), primary="r2"
    )

    assert "every target is the same" in slice_of(decision, "b").message


def test_a_slice_of_few_groups_is_not_evaluated() -> None:
    """Many rows of a handful of patients."""
    groups = np.where(np.arange(2_000) % 2, np.arange(2_000) % 10, np.arange(2_000))

    decision = judge(
        binary(gain=0.5, groups=groups, labels=(cases.halves(2_000, slices="report"),))
    )

    assert slice_of(decision, "a").estimate
    assert "5 groups of rows, expected 20" in slice_of(decision, "b").message


def test_multiclass_slices_need_every_class() -> None:
    """The wines are too few for slices of a hundred rows; a smaller limit lets them in."""
    case = replace(cases.multiclass(), labels=(cases.halves(178, slices="report"),))
    from contender.release.gate.decide import decide

    limits = cases.reading(min_slice_rows=50, min_slice_class_rows=10)
    decision = decide(case, cases.gate(primary="log_loss"), limits)

    assert case.task is Task.MULTICLASS
    assert [bool(finding.estimate) for finding in decision.slices] == [True, True]
