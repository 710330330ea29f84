"""What a pull request sees: green, or red with the reason."""

import re
from pathlib import Path

import pytest

from tests.conftest import git
from tests.pipeline.projects import run
from tests.workflows.runs import HOSTILE, Fork

pytestmark = pytest.mark.timeout(900)


def test_a_sound_pull_request_is_green(fork: Fork) -> None:
    """Every job does its work, and the report is in the summary and in one comment.

    The names that a stranger chooses, of branch, tag, commit and title, are commands: none is run.
    """
    git(fork.work, "tag", "--", HOSTILE)
    git(fork.work, "push", "--quiet", "origin", f"refs/tags/{HOSTILE}")
    fork.commit(HOSTILE, lambda root: (root / "src/contender/__init__.py").write_text('"""."""\n'))

    green = fork.pull_request()

    assert green.code == 0, green.said[-5000:]
    assert set(green.jobs.values()) == {"success"}
    assert "BOOTSTRAP" in green.summary
    (comment,) = fork.github.comments
    assert comment["issue"] == 7
    assert "BOOTSTRAP" in comment["body"]
    assert not fork.github.releases, "a pull request releases nothing"
    assert not fork.planted()
    assert not any(image["pushed"] for image in fork.images().values())


def test_bad_data_is_red(fork: Fork) -> None:
    """A row out of range ends the pipeline with the rule that it breaks; nothing is judged."""

    def spoil(root: Path) -> None:
        (source,) = (root / "data/raw").glob("*.csv")
        lines = source.read_text(encoding="utf-8").splitlines()
        lines[5] = lines[5].replace(",road,", ",canoe,").replace(",rail,", ",canoe,")
        lines[6] = lines[6].replace(",north,", ",moon,").replace(",south,", ",moon,")
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for command in (("add", str(source)), ("push", f"{source}.dvc")):
            assert run(root, "dvc", *command, "--quiet", source=root / "src").code == 0

    fork.commit("Add new rows", spoil)

    red = fork.pull_request()

    assert red.code == 1
    assert red.jobs["pipeline"] == "failure"
    assert not {"gate", "required"} & set(red.jobs)  # act ends at a called workflow that fails
    assert "ValidationError" in red.said
    assert "(moon)" in red.said


@pytest.mark.soak
def test_a_sabotaged_challenger_is_red(fork: Fork) -> None:
    """A model that learned nothing is refused, and the summary and the comment say why."""

    def ruin(root: Path) -> None:
        path = root / "params.yaml"
        text = path.read_text(encoding="utf-8")
        ruined = re.sub(r"(strength: )\S+", r"\g<1>1.0e+15", text)
        assert ruined != text
        path.write_text(ruined, encoding="utf-8")
        assert run(root, "dvc", "repro", "--quiet", source=root / "src").code == 0

    fork.commit("Make it simpler", ruin)

    red = fork.pull_request()

    assert red.code == 1
    assert red.jobs["pipeline"] == "success", red.said[-3000:]
    assert red.jobs["gate"] == "failure"
    assert not {"image", "required"} & set(red.jobs)  # act ends at a called workflow that fails
    assert "REJECT" in red.summary
    assert "REJECT" in fork.github.comments[0]["body"]
