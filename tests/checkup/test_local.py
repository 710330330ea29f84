"""What a clone says of itself: on copies in which one thing each is not as it should be."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contender.checkup import Finding, State, find_local
from contender.checkup.local import find_template
from contender.cli import main
from contender.errors import RegistryError
from contender.params import read_yaml
from contender.paths import Paths
from contender.reporting.checkup import render_findings
from contender.reproduction import find_stale, parse_lock
from tests import datasets
from tests.conftest import git
from tests.servers.entries import make_entry, shared

NAMES = ("Python", "environment", "result", "data", "registry", "commit", "ledger")
COPIED = ("pyproject.toml", "uv.lock", "dvc.yaml", "params.yaml", ".dvc/config")


@pytest.fixture
def project(tmp_path: Path) -> Paths:
    """A clone of a bare origin, as a new fork has it: one commit, pushed, nothing set up."""
    origin, root = tmp_path / "origin.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(root))
    for name in COPIED:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(datasets.ROOT / name, root / name)
    shutil.copyfile(datasets.ROOT / "dvc.lock", root / "dvc.lock")
    (root / "data/store").mkdir(parents=True)
    git(root, "checkout", "--quiet", "-B", "main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=First")
    git(root, "push", "--quiet", "origin", "main")
    return Paths(root=root, work=root)


def look(paths: Paths, **environment: str) -> dict[str, Finding]:
    """The findings, by name."""
    findings = find_local(paths, lambda: "http://mlflow.invalid", environment)
    assert tuple(it.name for it in findings) == NAMES
    return {it.name: it for it in findings}


def test_a_new_fork_is_in_order(project: Paths) -> None:
    """Nothing is broken but the result, whose inputs this copy does not have."""
    states = {name: it.state for name, it in look(project).items()}

    assert states.pop("result") is State.BROKEN
    assert states == {
        "Python": State.OK,
        "environment": State.OK,
        "data": State.OK,
        "registry": State.OFF,
        "commit": State.OK,
        "ledger": State.OFF,
    }


def test_the_repository_itself_has_its_result(clone: Path) -> None:
    """dvc.lock is about the code, schema and parameters beside it; the raw table is elsewhere."""
    lock = parse_lock((clone / "dvc.lock").read_text())
    pipeline, params = read_yaml(clone / "dvc.yaml"), read_yaml(clone / "params.yaml")

    stale = find_stale(lock, pipeline, params, clone)

    assert stale == [f"`ingest` read another `{params['ingest']['source']}`"]


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new))

    return change


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def _empty(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_text("") and None


@pytest.mark.parametrize(
    ("change", "name", "state"),
    [
        (_replace("pyproject.toml", '">=3.11,<3.14"', '">=3.99"'), "Python", State.BROKEN),
        (_remove("pyproject.toml"), "Python", State.BROKEN),
        (_empty("pyproject.toml"), "Python", State.BROKEN),
        (_replace("uv.lock", 'name = "pandas"', 'name = "other"'), "environment", State.BROKEN),
        (_replace("pyproject.toml", '"dvc>=', '"no-such>=1", "dvc>='), "environment", State.BROKEN),
        (_remove("uv.lock"), "environment", State.BROKEN),
        (_empty("uv.lock"), "environment", State.BROKEN),
        (_remove("dvc.lock"), "result", State.BROKEN),
        (_empty("dvc.lock"), "result", State.BROKEN),
        (_remove("params.yaml"), "result", State.BROKEN),
        (_remove(".dvc/config"), "data", State.BROKEN),
        (_replace(".dvc/config", "remote = store", "remote = other"), "data", State.BROKEN),
        (_replace(".dvc/config", "../data/store", "s3://bucket"), "data", State.OK),
        (_replace("params.yaml", "alpha: 0.05", "alpha: 0.06"), "commit", State.OFF),
    ],
)
def test_what_is_not_as_it_should_be_is_found(
    project: Paths, change: Callable[[Path], None], name: str, state: State
) -> None:
    """A missing or empty file is broken, and never in order."""
    change(project.root)

    finding = look(project)[name]

    assert finding.state is state
    assert state is State.OK or finding.command


def test_a_commit_that_was_not_pushed_is_told(project: Paths) -> None:
    """Also that there is no remote, and no repository."""
    git(project.root, "commit", "--quiet", "--allow-empty", "--message=Second")
    assert "not pushed, commits: 1" in look(project)["commit"].seen

    git(project.root, "remote", "remove", "origin")
    assert "no remote" in look(project)["commit"].seen

    shutil.rmtree(project.root / ".git")
    assert look(project)["commit"].state is State.BROKEN
    assert look(project)["ledger"].state is State.BROKEN


def test_a_ledger_is_counted_unreachable_or_broken(project: Paths) -> None:
    """What cannot be reached is UNKNOWN; what was rewritten is broken."""
    shared(project.root).write(lambda _: [make_entry()])
    assert look(project)["ledger"].state is State.OK
    assert "1 entries" in look(project)["ledger"].seen

    git(project.root, "push", "--quiet", "--force", "origin", "main:refs/heads/ledger")
    assert look(project)["ledger"].state is State.BROKEN

    git(project.root, "remote", "set-url", "origin", "https://127.0.0.1:9/none.git")
    assert look(project)["ledger"].state is State.UNKNOWN


def test_a_registry_that_does_not_answer_is_broken(project: Paths) -> None:
    """Set and silent is not the same as not set."""

    def refuse() -> str:
        raise RegistryError("nobody answers.", hint="look")

    address = {"MLFLOW_TRACKING_URI": "http://mlflow.invalid"}
    finding = find_local(project, refuse, address)[NAMES.index("registry")]

    assert finding.state is State.BROKEN
    assert look(project, **address)["registry"].state is State.OK


def test_updates_of_the_template_need_its_address(project: Paths) -> None:
    """The command has it when GitHub told it."""
    source = "https://example.invalid/template.git"

    finding = find_template(project.root, source)
    assert finding.state is State.OFF
    git(project.root, *finding.command.split()[1:])
    assert find_template(project.root, source).state is State.OK


@pytest.mark.parametrize("width", [0, 40, 100])
def test_every_finding_is_shown(width: int) -> None:
    """With its state in words, and its command whole, so that it can be copied."""
    findings = [Finding(f"thing {state}", state, "seen " * 30, "do this") for state in State]

    text = render_findings(findings, width=width, colour=False)

    assert text.count("→ do this") == len(State)
    assert all(f"thing {state}" in text and f" {state} " in text for state in State)


def test_the_command_works_without_a_network(
    project: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GitHub is UNKNOWN, and what is broken makes the exit code."""
    for name in [it for it in os.environ if it.startswith(("GITHUB_", "GH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(project.root)

    code = main(["doctor", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 1
    assert {"name": "template updates", "state": "off"}.items() <= found[len(NAMES)].items()
    assert {it["state"] for it in found[len(NAMES) + 1 :]} == {"UNKNOWN"}
