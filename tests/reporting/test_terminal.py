"""The last lines of a run."""

import re
from pathlib import Path

import pytest

from contender.release.gate.decision import Check, Decision, Outcome, Verdict
from contender.reporting.terminal import render_decision
from tests.reporting.material import TASKS, make_decision, make_empty_decision

ESCAPES = re.compile("\N{ESCAPE}\\[[0-9;]*m")


def every_decision() -> list[Decision]:
    """Each verdict for each task, and decisions that hold nothing."""
    return [make_decision(verdict, task) for verdict in Verdict for task in TASKS] + [
        make_empty_decision(verdict) for verdict in Verdict
    ]


@pytest.mark.parametrize("decision", every_decision())
def test_the_story_fits_a_screen(decision: Decision) -> None:
    """Verdict, summary and next step in at most 35 lines of 80 columns."""

    text = render_decision(decision, width=80, colour=False)

    assert decision.verdict in text.splitlines()[0]
    assert "reports/report.html" in text
    assert len(text.splitlines()) <= 35
    assert text.endswith("\n") and not text.endswith("\n\n")


@pytest.mark.parametrize("decision", every_decision())
@pytest.mark.parametrize("width", [40, 56, 80, 120])
def test_no_line_is_wider_than_the_terminal(decision: Decision, width: int) -> None:
    """On a narrow terminal columns are left out, the deciding difference never."""

    text = render_decision(decision, width=width, colour=False)

    assert max(map(len, text.splitlines())) <= width
    assert ("Difference" in text) == bool(decision.estimates)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_colour_only_repeats_what_words_say(verdict: Verdict) -> None:
    """Without its escapes the coloured text is the plain one."""

    decision = make_decision(verdict)
    coloured = render_decision(decision, width=90, colour=True)

    assert "\N{ESCAPE}[" in coloured
    assert ESCAPES.sub("", coloured) == render_decision(decision, width=90, colour=False)


def test_what_held_it_back_is_told_with_its_code() -> None:
    """The gravest reason first, all of them up to three, then how many more."""

    check = Check(
        family="slice",
        subject="region=north",
        outcome=Outcome.REJECT,
        code="slice-worse",
        message="Worse.",
    )
    many = tuple(check.model_copy(update={"subject": f"region={n}"}) for n in range(6))

    few_text = render_decision(make_decision(Verdict.REJECT), width=200, colour=False)
    many_text = render_decision(make_decision(checks=many), width=200, colour=False)

    assert few_text.index("slice-harm") < few_text.index("not-proven-better")
    assert many_text.count("[slice-worse]") == 3
    assert "and 3 more" in many_text


def test_a_text_cannot_move_the_cursor() -> None:
    """Control characters in a name are shown as spaces."""

    decision = make_decision(summary="bad \N{ESCAPE}[2J name \r\n end")

    text = render_decision(decision, width=80, colour=False)

    assert "\N{ESCAPE}" not in text and "\r" not in text
    assert "bad  [2J name" in text


def test_nothing_compared_is_said() -> None:
    """A decision without estimates has no table that could be read as "all equal"."""

    text = render_decision(make_empty_decision(), width=80, colour=False)

    assert "none could be compared" in text
    assert "none was made" in text


def test_a_rehearsal_names_its_own_page_and_nothing_to_run() -> None:
    """After a smoke run nobody is told to promote."""
    page = Path("elsewhere/report.html")

    text = render_decision(
        make_decision(Verdict.BOOTSTRAP), width=100, colour=False, rehearsal=page
    )

    assert str(page) in text
    assert "make promote" not in text
    assert "make promote" in render_decision(
        make_decision(Verdict.BOOTSTRAP), width=100, colour=False
    )
