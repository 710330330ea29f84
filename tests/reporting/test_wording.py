"""Numbers and names read the same everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contender.reporting import figures, wording
from contender.release.gate.decision import Check, HoldoutUse, Outcome, Verdict
from tests.reporting.material import make_decision, make_estimate

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)


def read(text: str) -> float:
    """The number that a reader takes from `text`."""
    return float(text.replace(",", "").replace("\N{MINUS SIGN}", "-"))


@given(FINITE, st.integers(0, 6))
def test_a_number_reads_back_within_its_last_digit(value: float, decimals: int) -> None:
    """What is printed is what was measured, rounded."""

    shown = read(figures.number(value, decimals))

    assert shown == pytest.approx(value, rel=1e-12, abs=0.51 * 10**-decimals)


@given(FINITE)
def test_a_sign_is_shown_exactly_when_the_printed_number_has_one(value: float) -> None:
    """Plus and minus are both told; a number that rounds to zero has neither."""

    text = figures.signed(value, 3)
    signs = {1: "+", -1: "\N{MINUS SIGN}", 0: ""}
    rounded = read(text)

    assert text.startswith(signs[(rounded > 0) - (rounded < 0)])
    assert not (rounded == 0 and text[0] in "+-\N{MINUS SIGN}")


def test_nothing_is_a_dash() -> None:
    """A value that is missing never becomes a zero."""

    assert figures.number(None) == figures.gap(None) == figures.cost(None) == figures.NOT_MEASURED


def test_decimals_follow_the_interval() -> None:
    """A narrow interval of a large number is shown finely enough to have two digits."""

    wide = make_estimate("rmse", (5432.1, 5431.7, 0.4), lower=-0.003, upper=0.004)

    assert wording.estimate_decimals(wide) == 4
    assert figures.interval(wide.lower, wide.upper, 4) == "−0.0030 to +0.0040"


@pytest.mark.parametrize(
    ("lower", "upper", "word"),
    [(0.1, 0.2, "▲ better"), (-0.2, -0.1, "▼ worse"), (-0.1, 0.1, "· open"), (0.0, 0.0, "· open")],
)
def test_only_an_interval_beside_zero_proves_a_direction(
    lower: float, upper: float, word: str
) -> None:
    """A bound at zero proves nothing."""

    assert wording.direction(lower, upper) == word


def test_intervals_of_different_levels_share_no_name() -> None:
    """A header never claims a level that only some of its intervals have."""

    found = [make_estimate("f1", (0.5, 0.4, 0.1), level=level) for level in (0.95, 0.975)]

    assert wording.interval_name(found[:1]) == "90% interval"
    assert wording.interval_name(found) == wording.interval_name([]) == "Interval"


def test_every_verdict_and_outcome_has_words() -> None:
    """Nothing the gate can say is left without a sentence."""

    assert all(wording.verdict_meaning(make_decision(verdict)) for verdict in Verdict)
    assert set(wording.OUTCOMES) == set(wording.SEVERITY) == set(Outcome)
    assert all(len(wording.next_steps(make_decision(verdict))) > 1 for verdict in Verdict)


def test_rows_that_are_needed_are_told_with_and_without_a_probability() -> None:
    """Too few rows to judge, and too few to pass in fairness, are two sentences."""

    use = HoldoutUse(
        digest="d",
        rows=90,
        judged_rows=90,
        look=1,
        alpha=0.025,
        provable_gain=None,
        equal_pass_probability=None,
        rows_needed=200,
    )
    likely = use.model_copy(update={"equal_pass_probability": 0.4})

    assert wording.power(use, "f1") == "200 holdout rows are needed"
    assert str(wording.power(likely, "f1")).split("; ") == [
        "an equal challenger passes with probability 40%",
        "200 rows would let it pass 80% of the time",
    ]
    assert wording.power(use.model_copy(update={"rows_needed": None}), "f1") is None


def test_a_gain_of_nothing_is_not_told_as_power() -> None:
    """Between identical models any gain could be shown, which says nothing."""

    use = make_decision().holdout
    assert use
    nothing = {"provable_gain": 0.0, "equal_pass_probability": None, "rows_needed": None}

    assert wording.power(use.model_copy(update=nothing), "f1") is None


def test_a_finding_names_its_subject_once() -> None:
    """A message that begins with the subject does not get it again."""

    check = Check(
        family="floor", subject="f1", outcome=Outcome.PASS, code="kept", message="f1 is 0.5."
    )

    assert wording.finding(check) == "f1 is 0.5."
    assert wording.finding(check.model_copy(update={"subject": "floor"})) == "floor: f1 is 0.5."


def test_a_missing_level_has_a_name() -> None:
    """An empty level is shown as what it is."""

    assert wording.slice_name("region", "") == "region = (missing)"


def test_a_gap_of_one_class_names_it() -> None:
    """For many classes a rate is that of one class against the rest."""

    assert wording.gap_name("region", "selection_rate[red]") == "selection rate of red by region"
    assert wording.gap_name("region", "selection_rate") == "selection rate by region"
