"""`contender summary` in a repository: what it reads from files, from git and from GitHub."""

from pathlib import Path

import pytest

from contender.cli import main
from contender.paths import Paths
from tests.conftest import git
from tests.reporting.material import make_decision
from tests.servers.github import GitHub, running_github

JOB = {
    "name": "test",
    "started_at": "2026-11-21T10:00:00Z",
    "completed_at": "2026-11-21T10:01:30Z",
    "conclusion": "success",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A repository of two commits that differ in one parameter, and with a decision."""
    paths = Paths(root=tmp_path, work=tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    for alpha in (0.1, 0.05):
        paths.params.write_text(f"gate: {{alpha: {alpha}}}\n")
        git(tmp_path, "add", "params.yaml")
        git(tmp_path, "commit", "--quiet", f"--message={alpha}")
    paths.reports.mkdir()
    paths.decision.write_text(make_decision().model_dump_json())
    for name in ("GITHUB_RUN_ID", "GH_TOKEN", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return paths


def test_the_document_is_printed_or_written(
    project: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same text, however often; the parameters are those of the commit before."""
    assert main(["summary"]) == 0
    printed = capsys.readouterr().out
    for _ in range(2):
        assert main(["summary", "--to", "reports/summary.md"]) == 0

    assert (project.reports / "summary.md").read_text() == printed
    assert printed.startswith("## PROMOTE")
    assert "| `gate.alpha` | `0.1` | `0.05` |" in printed


@pytest.mark.parametrize("base", ["nowhere", "HEAD~9", "HEAD:params.yaml"])
def test_a_base_that_is_not_there_is_not_one_without_a_change(
    project: Paths, base: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a shallow clone."""
    assert main(["summary", "--base", base]) == 0
    assert "Not compared" in capsys.readouterr().out
    assert project.params.is_file()


def test_a_base_that_is_no_yaml_is_not_compared(
    project: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read is not the same."""
    project.params.write_text("gate: [")
    git(project.root, "commit", "--quiet", "--all", "--message=Broken")
    project.params.write_text("gate: {}\n")

    assert main(["summary", "--base", "HEAD"]) == 0
    assert "Not compared" in capsys.readouterr().out


def test_a_run_that_ended_before_the_gate_has_a_document_too(
    project: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that nothing was judged."""
    project.decision.unlink()

    assert main(["summary"]) == 0
    assert capsys.readouterr().out.startswith("## No verdict")


def test_a_decision_that_is_garbage_is_refused(project: Paths) -> None:
    """Nothing is written."""
    project.decision.write_text("{}")

    assert main(["summary", "--to", "summary.md"]) == 1
    assert not (project.root / "summary.md").exists()


@pytest.mark.parametrize("cache", ["uv", "=true", "uv=yes"])
def test_a_cache_that_says_nothing_is_refused(project: Paths, cache: str) -> None:
    """Neither its name nor whether it was found is guessed."""
    assert project.root.is_dir()
    assert main(["summary", "--cache", cache]) == 1


def test_the_jobs_of_the_run_are_read_from_github(
    project: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those that ended; when GitHub does not tell, the document says why it does not know."""
    jobs = [JOB | {"name": f"test {number}"} for number in range(101)]
    running = JOB | {"name": "summary", "completed_at": None}
    github = GitHub(things={"actions/runs/5/jobs": {"total_count": 102, "jobs": [*jobs, running]}})
    monkeypatch.setenv("GITHUB_RUN_ID", "5")
    with running_github(github) as host:
        for name, value in host.environment.items():
            monkeypatch.setenv(name, value)
        assert main(["summary", "--cache", "uv="]) == 0
        told = capsys.readouterr().out
        host.refused["actions/runs/5/jobs"] = 403
        assert main(["summary"]) == 0
        refused = capsys.readouterr().out

    assert "101 jobs so far: 151.5 minutes, 202 as they are billed" in told
    assert "Cache `uv`: not found" in told
    assert "Minutes are not known" in refused
    assert project.decision.is_file()
