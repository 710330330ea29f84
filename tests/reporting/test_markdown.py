"""The report of a pull request."""

import re

import pytest

from contender.release.gate.decision import Decision, Verdict
from contender.reporting.markdown import render_decision
from tests.reporting.material import TASKS, WAIVER, make_decision, make_empty_decision


def tables(text: str) -> list[list[str]]:
    """The lines of each table in `text`."""
    found = re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.MULTILINE)
    return [table.splitlines() for table in found]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_row_of_every_table_has_as_many_cells_as_its_header(
    verdict: Verdict, task: str
) -> None:
    """GitHub drops cells that are too many and the table that has too few."""

    for lines in tables(render_decision(make_decision(verdict, task))):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
        assert len(widths) == 1


@pytest.mark.parametrize("decision", [make_decision(), make_decision(Verdict.REJECT)])
def test_the_whole_story_is_told(decision: Decision) -> None:
    """Verdict, every metric with its interval, every slice, every gap, the waiver, every check."""

    text = render_decision(decision)

    assert text.startswith(f"## {decision.verdict}")
    assert "+0.0018 to +0.0120" in text
    assert all(item.level in text for item in decision.slices)
    assert WAIVER in text
    assert all(check.code in text for check in decision.checks)
    assert "91bc" * 16 in text


def test_what_blocks_is_unfolded() -> None:
    """Slices are closed when all pass and open when one blocks."""

    blocked = render_decision(make_decision(slices=make_decision().slices[2:3]))
    passed = render_decision(make_decision(slices=make_decision().slices[:2]))

    assert "<details open><summary>Slices" in blocked
    assert "<details><summary>Slices" in passed


def test_every_fold_is_closed_again() -> None:
    """As many ends as beginnings."""

    text = render_decision(make_decision(Verdict.REJECT))

    assert text.count("<details") == text.count("</details>") > 3


@pytest.mark.parametrize("verdict", list(Verdict))
def test_nothing_is_said_to_be_nothing(verdict: Verdict) -> None:
    """A decision with empty lists names what is missing and shows no success."""

    text = render_decision(make_empty_decision(verdict))

    for sentence in ("No metric could be", "No slice was", "No group was", "No cost was"):
        assert sentence in text
    assert "passed" not in text


def test_a_name_cannot_become_markup() -> None:
    """A level with tags, bars and backticks is shown as it is."""

    level = "<script>x</script>|`y`"
    part = make_decision().slices[0].model_copy(update={"level": level})

    text = render_decision(make_decision(slices=(part,)))

    assert "<script>" not in text
    assert "&lt;script&gt;x&lt;/script&gt;\\|\\`y\\`" in text
