"""The document of a run for a pull request."""

import re

import pytest

from contender.release.gate.decision import Verdict
from contender.reporting.material import Results
from contender.reporting.sketches import sketch_differences
from contender.reporting.summary import Change, Job, Usage, render_summary
from tests.reporting.material import (
    TASKS,
    make_curves,
    make_decision,
    make_empty_decision,
    make_estimate,
    make_explanations,
    make_validation,
)

SAME = Change("main", {"gate": {"alpha": 0.05}}, {"gate": {"alpha": 0.05}})
JOBS = (Job("test", 61.0, "success"), Job("gate", 30.0, "failure"))
USED = Usage(JOBS, (("uv", True), ("dvc", False)))


def results(task: str, *, success: bool = True) -> Results:
    """What all stages made."""
    return Results(
        validation=make_validation(success=success),
        explanations=make_explanations(),
        curves=make_curves(task),
    )


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_document_has_every_part(verdict: Verdict, task: str) -> None:
    """The verdict first, then what it rests on, for every task and verdict."""
    text = render_summary(make_decision(verdict, task), results(task), SAME, USED)

    assert text.startswith(f"## {verdict}")
    headings = [line[4:] for line in text.splitlines() if line.startswith("### ")]
    parts = ["Data checks", "Parameters against `main`", "Plots", "Minutes and caches"]
    assert headings == parts
    assert text.count("```") % 2 == 0
    assert text.count("<details") == text.count("</details>")


@pytest.mark.parametrize("task", TASKS)
def test_no_picture_needs_a_host(task: str) -> None:
    """GitHub strips pictures inside a document and shows none of the repository."""
    text = render_summary(make_decision(task=task), results(task), SAME, USED)

    assert "```mermaid" in text
    assert not re.search(r"!\[|<img|data:|https?:", text)


def test_without_a_verdict_nothing_sounds_like_one() -> None:
    """A run that ended early says so, and how to go on."""
    text = render_summary(None, Results(), Change("main", None, {}), Usage())

    assert text.startswith("## No verdict")
    assert "was not checked" in text
    assert "Not compared" in text
    assert "Nothing can be drawn" in text
    assert "Minutes are not known" in text
    assert not re.search("passed|success|PROMOTE|None of", text)


def test_an_empty_decision_is_told_as_one() -> None:
    """No metric, no plot of differences."""
    assert "No metric could be compared" in render_summary(
        make_empty_decision(), Results(), SAME, USED
    )
    assert sketch_differences(make_empty_decision()) == ""


def test_changed_parameters_are_shown_with_both_values() -> None:
    """Changed, added and removed ones; those that stayed are not listed."""
    before = {"gate": {"alpha": 0.05, "mode": "improve"}, "old": 1}
    after = {"gate": {"alpha": 0.1, "mode": "improve"}, "new": [1, 2]}

    text = render_summary(make_decision(), Results(), Change("ab12", before, after), USED)

    assert "| `gate.alpha` | `0.05` | `0.1` |" in text
    assert "| `old` | `1` | `not set` |" in text
    assert "| `new` | `not set` | `[1, 2]` |" in text
    assert "gate.mode" not in text


def test_data_that_is_not_valid_is_unfolded() -> None:
    """What does not hold is shown with what was found."""
    text = render_summary(make_decision(), results("binary", success=False), SAME, USED)

    assert "<details open><summary>What does not hold" in text
    assert "3 unexpected (east)" in text


def test_minutes_and_caches_are_counted() -> None:
    """Minutes as they passed, and as they are billed: each job rounded up."""
    text = render_summary(make_decision(), Results(), SAME, USED)

    assert "2 jobs so far: 1.5 minutes, 3 as they are billed" in text
    assert "Cache `uv`: found" in text
    assert "Cache `dvc`: not found" in text
    assert "| gate | 0.5 | failure |" in text


@pytest.mark.parametrize(
    ("values", "strip"),
    [
        ((0.1, 0.0, 0.2), " " * 20 + "┿━━━━━━━━━●━━━━━━━━━━"),
        ((-0.1, -0.2, 0.2), "━━━━━━━━━━●━━━━━━━━━┿" + "━" * 20),
        ((0.0, 0.0, 0.0), " " * 20 + "●" + " " * 20),
        ((-0.3, -0.4, -0.2), "━━━━━●━━━━━" + " " * 9 + "│" + " " * 20),
    ],
)
def test_an_interval_is_drawn_around_zero(values: tuple[float, float, float], strip: str) -> None:
    """To the right is better; an interval that reaches zero crosses the middle."""
    middle, low, high = values
    item = make_estimate("f1", (0.5, 0.5, middle), lower=low, upper=high)

    drawn = sketch_differences(make_decision(estimates=(item,))).splitlines()[2]

    assert drawn.startswith(f"F1  {strip}")


def test_text_from_outside_cannot_become_markup() -> None:
    """Neither a parameter nor a job's name breaks out of its cell."""
    change = Change("main", {"a|b": "`x`"}, {"a|b": "<b>|"})
    jobs = Usage((Job("<script>|", 1.0, "success"),))

    text = render_summary(make_decision(), Results(), change, jobs)

    assert "<script>" not in text
    assert "<b>" not in text
    assert r"&lt;b&gt;\|" in text
