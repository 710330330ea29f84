"""The story that `make demo` tells, told once and held to what it promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data.test_sample import moved_out
from tests.drills.demo import Demo
from tests.drills.project import Project

pytestmark = [moved_out, pytest.mark.timeout(900)]  # two minutes when the machine is free


@pytest.fixture(scope="module")
def told(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, str]]:
    """The story once it was told, and its lines."""
    lines: list[str] = []
    folder = tmp_path_factory.mktemp("demo") / "project"
    demo = Demo(Project.clone(folder, snapshot), say=lines.append)
    try:
        demo.tell()
        yield demo, "\n".join(lines)
    finally:
        demo.end()


def test_every_chapter_ends_as_its_title_says(told: tuple[Demo, str]) -> None:
    """A first model, a better one, one refused by the gate, one that only traffic finds out."""
    demo, text = told

    assert demo.verdicts == ["BOOTSTRAP", "PROMOTE", "REJECT", "PROMOTE"]
    assert demo.outcomes == ["in production", "in production", "rolled back"]
    assert "refused: only a winner gets a server" in text


def test_no_caller_notices_a_promotion(told: tuple[Demo, str]) -> None:
    """Calls while one model takes over from another: every one is answered, by either."""
    demo, _ = told
    promoted = demo.calls[0]

    assert set(promoted.statuses) == {200}
    assert promoted.failures == 0
    assert len(promoted.models) == 2
    assert min(promoted.models.values()) >= 500


def test_few_callers_notice_a_model_that_breaks(told: tuple[Demo, str]) -> None:
    """Only calls that the canary itself fails to answer, and few of them, before it is gone."""
    demo, _ = told
    broken = demo.calls[1]

    assert set(broken.statuses) == {200, 500}
    assert broken.failures == 0
    assert broken.statuses[500] < 0.02 * broken.calls


def test_the_end_names_who_serves_and_how_it_came_to_be(told: tuple[Demo, str]) -> None:
    """The better model serves, the broken one is quarantined, and the report is there."""
    demo, text = told
    served = text.split("production   ")[1][:12]

    assert "ready, predicts its golden records" in text
    assert f"bundle    {served}" in text.split("CHAMPION")[1].split("before")[0]
    assert "quarantine" in text
    assert demo.project.paths.report.read_text(encoding="utf-8").startswith("<!")
