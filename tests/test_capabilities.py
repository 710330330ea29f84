"""What the workflows may do: found from the event, never from hope."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contender.capabilities import (
    BOT,
    Occasion,
    find_features,
    find_unfinished,
    protection_of,
)
from contender.errors import ParameterError
from tests.datasets import ROOT
from tests.servers.github import GitHub, running_github

PUBLIC = {"repository": {"full_name": "ada/boxes", "private": False, "fork": False}}


def occasion(event: str = "push", actor: str = "ada", **changes: Any) -> dict[str, bool]:
    """The features of an occasion in a public repository."""
    variables, payload = changes.pop("variables", {}), changes.pop("payload", PUBLIC)
    made = Occasion(event, payload, variables, actor, **changes)
    return {feature.name: feature.is_on for feature in find_features(made)}


def pull_request(head: str) -> dict[str, Any]:
    """The payload of a pull request from the repository `head`."""
    return PUBLIC | {"pull_request": {"head": {"repo": {"full_name": head}}}}


def test_a_public_repository_has_what_github_gives_it() -> None:
    """Attestations and scanning are on, what costs minutes is not."""
    found = occasion()
    assert found["attest"] and found["code_scanning"] and found["release"]
    assert not found["retrain"]
    assert not found["registry"]


@pytest.mark.parametrize("payload", [{}, {"repository": {}}, {"repository": {"private": True}}])
def test_what_is_not_known_is_off(payload: dict[str, Any]) -> None:
    """An event without a repository, or a private one, gets no paid feature."""
    found = occasion(payload=payload)
    assert not found["attest"]
    assert not found["dependency_review"]


@pytest.mark.parametrize(
    ("head", "actor", "may"),
    [("ada/boxes", "ada", True), ("eve/boxes", "eve", False), ("ada/boxes", BOT, False)],
)
def test_only_our_own_pull_requests_are_commented(head: str, actor: str, may: bool) -> None:
    """A stranger's token may only read, and Dependabot's too; a deleted fork is a stranger."""
    assert occasion("pull_request", actor, payload=pull_request(head))["comment"] is may
    gone = PUBLIC | {"pull_request": {"head": {"repo": None}}}
    assert not occasion("pull_request", actor, payload=gone)["comment"]


def test_a_stranger_turns_nothing_on() -> None:
    """A variable that allows scanning does not give the token of a fork the right to write."""
    found = occasion(
        "pull_request", payload=pull_request("eve/boxes"), variables={"CODE_SCANNING": "true"}
    )
    assert not found["code_scanning"]


@pytest.mark.parametrize(
    ("variable", "value", "feature", "is_on"),
    [
        ("ATTEST", "false", "attest", False),
        ("RETRAIN", " TRUE ", "retrain", True),
        ("RETRAIN", "yes", "retrain", False),
        ("RELEASE", "off", "release", False),
        ("MLFLOW_TRACKING_URI", "https://mlflow.invalid", "registry", True),
    ],
)
def test_a_variable_turns_a_feature(variable: str, value: str, feature: str, is_on: bool) -> None:
    """Only the words of the table, in any case and with spaces around them."""
    assert occasion(variables={variable: value})[feature] is is_on


@pytest.mark.parametrize(
    ("changed", "is_on"),
    [
        (["README.md", "docs/a.md"], False),
        (["docs/a.md", "src/a.py"], True),
        (["data/README.md"], True),
        (["params.yaml"], True),
        ([], True),
        (None, True),
    ],
)
def test_only_documents_skip_the_heavy_jobs(changed: list[str] | None, is_on: bool) -> None:
    """Nothing seen is not "nothing changed": everything is checked."""
    assert occasion("pull_request", payload=pull_request("a/b"), changed=changed)["code"] is is_on


def test_protection_is_a_reviewer_who_must_approve() -> None:
    """An environment that does not exist, or only waits, is unprotected."""
    assert protection_of(None) == "UNPROTECTED"
    assert protection_of({"protection_rules": [{"type": "wait_timer"}]}) == "UNPROTECTED"
    assert protection_of({"protection_rules": [{"type": "required_reviewers"}]}) == "PROTECTED"


def needs(code: bool = True, **results: str) -> str:
    """The context of a job that waited for these."""
    jobs: dict[str, Any] = {name: {"result": result} for name, result in results.items()}
    outputs = {"on": json.dumps({"code": code})}
    return json.dumps({"capabilities": {"result": "success", "outputs": outputs}} | jobs)


def test_required_is_every_job() -> None:
    """Failed, cancelled and skipped jobs are named; skipped ones not where documents changed."""
    assert not find_unfinished(needs(lint="success", gate="success"))
    assert find_unfinished(needs(lint="failure", gate="cancelled", drill="skipped")) == [
        "lint: failure",
        "gate: cancelled",
        "drill: skipped",
    ]
    assert not find_unfinished(needs(code=False, gate="skipped"))
    assert find_unfinished(needs(code=False, lint="skipped", gate="failure")) == [
        "lint: skipped",
        "gate: failure",
    ]
    assert find_unfinished('{"capabilities": {"result": "failure"}, "gate": {"result": "skipped"}}')


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "{", '{"gate": 3}'])
def test_nothing_is_not_every_job(text: str) -> None:
    """Without a job to look at, `required` cannot pass."""
    with pytest.raises(ParameterError, match="NEEDS"):
        find_unfinished(text)


def run(folder: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`python -m contender` with the standard library alone, as the first job has it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-S", "-m", "contender", *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(ROOT / "src")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_job_needs_no_package(tmp_path: Path) -> None:
    """The table is a page for the summary, the switches are one output; production is asked."""
    with running_github(GitHub(things={"environments/production": {"protection_rules": []}})) as it:
        event = tmp_path / "event.json"
        event.write_text(json.dumps(PUBLIC), encoding="utf-8")
        done = run(
            tmp_path,
            "capabilities",
            GITHUB_EVENT_PATH=str(event),
            GITHUB_OUTPUT=str(tmp_path / "outputs"),
            **it.environment,
        )
    assert done.returncode == 0, done.stderr
    assert "| attest | on | public repository |" in done.stdout
    lines = (tmp_path / "outputs").read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    assert json.loads(outputs["on"])["attest"] is True
    assert outputs["protection"] == "UNPROTECTED"


def test_production_that_nobody_can_ask_about_is_unknown(tmp_path: Path) -> None:
    """Not unprotected, and not protected either."""
    done = run(tmp_path, "capabilities", GITHUB_OUTPUT=str(tmp_path / "outputs"))
    assert done.returncode == 0, done.stderr
    assert "protection=UNKNOWN" in (tmp_path / "outputs").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["capabilities"], {"GITHUB_EVENT_PATH": "none.json"}),
        (["capabilities", "--changed", "none.txt"], {}),
        (["required"], {}),
        (["required"], {"NEEDS": '{"gate": {"result": "skipped"}}'}),
    ],
)
def test_what_cannot_be_read_is_no_permission(
    arguments: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    """Exit code 1."""
    assert run(tmp_path, *arguments, **environment).returncode == 1
