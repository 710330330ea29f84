"""Everybody who meets the workflows sees each job run, or skipped, as they should."""

import re
import shutil
from pathlib import Path

import pytest

from tests.fork_matrix.__main__ import ROOT, main
from tests.fork_matrix.model import evaluate, jobs_of
from tests.fork_matrix.personas import PERSONAS

STRANGER = PERSONAS[2]


def test_every_job_is_as_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """Eight personas, every job; the last line counts them."""
    assert main() == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(r"(\d{3})/\1 as expected", last)


def test_every_job_runs_for_somebody_or_by_hand() -> None:
    """No condition keeps a job from ever running, but of those that are started by hand."""
    ran = {job.name for persona in PERSONAS for job in jobs_of(ROOT, persona) if job.runs}
    known = {job.name for job in jobs_of(ROOT, STRANGER)}
    assert known - ran == {
        "retrain.retrain",
        "retrain.propose",
        "rollback.capabilities",
        "rollback.rollback",
        "scan.newest",
    }


@pytest.mark.parametrize(
    ("place", "change", "said"),
    [
        ("gate", ("always() && inputs.comment", "always()"), "lacks the right to write"),
        ("release", ("on).attest", "on).release"), "lacks the feature attest"),
        (
            "scan",
            ("fromJSON(needs.capabilities.outputs.on).code_scanning", "true"),
            "code_scanning",
        ),
        ("retrain", ("github.event_name != 'schedule' || ", "true || "), "expected the opposite"),
        ("ci", ("on).code", "on).nothing"), "expected the opposite"),
        ("test", ("make test", "make test KEY=${{ secrets.KEY }}"), "lacks a secret"),
    ],
)
def test_the_model_finds_what_breaks_a_fork(
    place: str,
    change: tuple[str, str],
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A right, a feature or a secret too much, or a condition turned around, is not as expected."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / f".github/workflows/{place}.yml"
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")

    assert main(tmp_path) == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("always() && inputs.comment", True),
        ("${{ inputs.no == 'x' || !inputs.comment }}", False),
        ("inputs.missing != 'x'", True),
        ("fromJSON(inputs.text).code", True),
    ],
)
def test_expressions_are_what_github_makes_of_them(expression: str, value: bool) -> None:
    """What is missing is empty text, as on GitHub."""
    inputs = {"comment": True, "no": "y", "text": '{"code": true}'}

    assert bool(evaluate(expression, {"inputs": inputs})) is value
