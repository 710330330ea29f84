"""The proof in its short form: every fault, and ten honest models, through the real command."""

import pytest

from tests.sabotage.catalogue import CASES
from tests.sabotage.project import Project
from tests.sabotage.proof import Tally, prove


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a champion and a better challenger."""
    return Project.make(tmp_path_factory.mktemp("sabotage"))


@pytest.mark.timeout(900)  # a minute when the machine is free
def test_every_fault_is_caught_and_no_equal_model_blocked(project: Project) -> None:
    """The exact verdict and reason each; `make sabotage` runs the same with 200 honest models."""
    tally = Tally()

    lines = list(prove(project, tally, honest=10))

    assert not tally.wrong
    assert str(tally) == "16/16 caught, 0/10 blocked"
    assert len(lines) == 1 + len(CASES)


def test_a_challenger_without_its_fault_is_not_caught(project: Project) -> None:
    """What catches everything proves nothing."""
    project.restore()
    project.run("record")
    decision = project.judge()

    assert not any(case.is_caught(decision) for case in CASES)


def test_the_catalogue_names_every_fault_once() -> None:
    """Sixteen of them, each with a reason that a person can check."""
    assert len({case.name for case in CASES}) == len(CASES) == 16
    assert all(case.why.endswith(".") for case in CASES)
