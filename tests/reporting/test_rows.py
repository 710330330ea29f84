"""The rows that every renderer lays out."""

from contender.release.gate.decision import Outcome, Verdict
from contender.reporting import rows
from tests.reporting.material import (
    make_decision,
    make_empty_decision,
    make_fairness,
    make_material,
    make_slices,
)


def test_the_deciding_metric_comes_first() -> None:
    """Whatever order the gate measured in."""

    decision = make_decision()
    turned = decision.model_copy(update={"estimates": decision.estimates[::-1]})

    assert [row.decides for row in rows.metric_rows(turned)][:2] == [True, False]


def test_the_worst_slice_comes_first_and_one_not_evaluated_last() -> None:
    """What blocks is never below what passes."""

    found = rows.slice_rows(make_decision())

    assert [row.name for row in found] == [
        "region = north",
        "region = south",
        "colour = red",
        "colour = green",
        "region = (missing)",
    ]


def test_what_was_not_evaluated_never_passed() -> None:
    """Not even when the gate let it pass; and when it holds back, that is said first."""

    small = make_slices("binary")[-1]
    passed = small.model_copy(update={"outcome": Outcome.PASS})
    held = small.model_copy(update={"outcome": Outcome.HOLD})
    gap = make_fairness()[-1].model_copy(update={"outcome": Outcome.PASS})
    decision = make_decision(slices=(passed, held), fairness=(gap,))

    words = [row.word for row in rows.slice_rows(decision)]
    assert words == ["not evaluated, holds back", "not evaluated"]
    assert [row.word for row in rows.fairness_rows(decision)] == ["not evaluated"]


def test_a_slice_that_was_only_compared_was_not_judged() -> None:
    """Without a champion slices are shown, and none of them passed."""

    part = make_slices("binary")[0].model_copy(update={"outcome": Outcome.SKIPPED})

    assert [row.word for row in rows.slice_rows(make_decision(slices=(part,)))] == ["not judged"]


def test_a_slice_is_never_said_to_be_safer_than_was_proven() -> None:
    """Only a critical slice that passes was proven unharmed."""

    words = {row.name: row.word for row in rows.slice_rows(make_decision())}

    assert words["colour = green"] == "proven unharmed"
    assert words["colour = red"] == "no proven harm"


def test_what_holds_back_is_told_by_gravity() -> None:
    """Harm comes before doubt."""

    outcomes = [check.outcome for check in rows.held_back(make_decision(Verdict.REJECT))]

    assert outcomes == [Outcome.REJECT, Outcome.HOLD]


def test_a_verdict_that_blocks_rests_on_what_held_it_back() -> None:
    """And one that lets pass on what carried it."""

    held = rows.reasons(make_decision(Verdict.HOLD))
    carried = rows.reasons(make_decision(Verdict.PROMOTE))

    assert [check.outcome for check in held] == [Outcome.HOLD]
    assert [check.outcome for check in carried] == [Outcome.PASS]


def test_no_check_is_not_all_passed() -> None:
    """An empty list of checks says so."""

    assert rows.tally(make_empty_decision()) == "none was made"


def test_every_check_is_counted_once() -> None:
    """The tally adds up to the checks there are."""

    decision = make_decision(Verdict.REJECT)
    numbers = [int(word) for word in rows.tally(decision).split() if word.isdigit()]

    assert sum(numbers) == len(decision.checks)


def test_a_metric_that_was_not_compared_is_still_shown() -> None:
    """What only the evaluation measured stands apart from the comparison."""

    assert rows.other_metrics(make_material()) == [("Calibration error (ECE)", "0.0210")]
