"""No gate passes on nothing; the same table is printed by `make vacuity`."""

from dataclasses import replace
from pathlib import Path

import pytest

from contender.release.gate.decision import Verdict
from tests.release.gate import cases
from tests.vacuity.cells import PASSED, WINNER, Cell, Ground, judged, said, stage, workspace
from tests.vacuity.matrix import FEEDS, GROUPS, MATRIX, SLICED, cells

EVERY = list(cells())


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Ground:
    """A project that went through the stages."""
    return Ground.make(tmp_path_factory.mktemp("vacuity"), empty_database)


@pytest.mark.parametrize(
    "cell", [cell for *_, cell in EVERY], ids=[f"{gate} {feed}" for gate, feed, _ in EVERY]
)
def test_nothing_is_refused_by_name(cell: Cell, ground: Ground, tmp_path: Path) -> None:
    """Each cell that applies ends with an error of its own kind or a check that is no pass."""
    words = cell(replace(ground, folder=tmp_path))

    assert words != PASSED
    assert words.endswith("Error") or ": " in words


@pytest.mark.parametrize("name", ["ingest", "validate", "split", "train"])
def test_a_stage_that_is_fed_properly_passes(name: str, ground: Ground, tmp_path: Path) -> None:
    """Otherwise the refusals above would prove nothing."""
    assert stage(name, lambda _: None)(replace(ground, folder=tmp_path)) == PASSED


def test_a_gate_that_is_fed_properly_passes(ground: Ground, tmp_path: Path) -> None:
    """In every family that has a row of the matrix."""
    fed = replace(WINNER, labels=(SLICED, replace(GROUPS, column="group")))
    decision = cases.judge(fed, fairness={"max_gap": 0.9, "max_widening": 0.5, "waivers": []})

    assert decision.verdict is Verdict.PROMOTE
    assert {said(decision, family) for family in ("quality", "slice", "fairness", "cost")} == {
        PASSED
    }
    assert judged("quality")(ground) == PASSED
    assert workspace(lambda _: None)(replace(ground, folder=tmp_path)) == PASSED


def test_every_gate_has_every_cell() -> None:
    """A cell is fed, or says in words why it does not apply."""
    assert all(set(row) == set(FEEDS) for row in MATRIX.values())
    assert set(MATRIX) == {
        "schema", "expectations", "split", "train", "quality",
        "slices", "fairness", "cost", "registry", "digest",
    }  # fmt: skip
    assert len(EVERY) >= 40
