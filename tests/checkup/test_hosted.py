"""What GitHub is asked of a repository, against a stand-in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from contender.checkup import Finding, State, find_hosted
from contender.checkup.hosted import GROWING
from contender.github import Host, find_host
from tests import datasets
from tests.servers.github import REPOSITORY, TOKEN, GitHub, running_github

PULL: dict[str, Any] = {"type": "pull_request"}
CHECK = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [{"context": "required"}]},
}
OTHER_CHECK = {
    "type": "required_status_checks",
    "parameters": {"required_status_checks": [{"context": "lint"}]},
}
GROW = [{"type": "deletion"}, {"type": "non_fast_forward"}]


@pytest.fixture
def github() -> Iterator[GitHub]:
    """A stand-in for GitHub with a new, public repository in which nothing was set up."""
    host = GitHub(
        things={
            "": {
                "full_name": REPOSITORY,
                "default_branch": "trunk",
                "private": False,
                "fork": False,
            },
            "branches/trunk": {"name": "trunk", "protected": False},
            "rules/branches/trunk": [],
            "rules/branches/ledger": [],
            "actions/variables": {"total_count": 0, "variables": []},
        }
    )
    with running_github(host):
        yield host


def found(github: GitHub) -> dict[str, Finding]:
    """The findings, by name."""
    return {it.name: it for it in find_hosted(find_host(github.environment)).findings}


def test_nothing_that_was_not_set_up_is_called_protected(github: GitHub) -> None:
    """Each with a command; an environment that does not exist is one that nobody guards."""
    findings = found(github)

    for name in ("branch trunk", "branch ledger", "environment production"):
        assert findings[name].state is State.UNPROTECTED
        assert findings[name].command.startswith("gh api ")
    assert "does not exist" in findings["environment production"].seen


def test_what_is_set_up_is_found(github: GitHub) -> None:
    """Rules of the branches, reviewers of the environment, and variables."""
    github.things["rules/branches/trunk"] = [PULL, CHECK]
    github.things["rules/branches/ledger"] = GROW
    github.things["environments/production"] = {
        "protection_rules": [{"type": "required_reviewers"}]
    }
    told = [{"name": "RETRAIN", "value": "true"}]
    github.things["actions/variables"] = {"total_count": 1, "variables": told}

    findings = found(github)

    for name in ("branch trunk", "branch ledger", "environment production"):
        assert findings[name].state is State.PROTECTED
        assert not findings[name].command
    assert findings["retrain"].state is State.OK
    assert findings["registry"].state is State.OFF


@pytest.mark.parametrize("rules", [[PULL], [CHECK], [PULL, OTHER_CHECK], GROW])
def test_half_a_protection_is_none(github: GitHub, rules: list[Any]) -> None:
    """A branch needs a pull request and the check that needs all others."""
    github.things["rules/branches/trunk"] = rules

    assert found(github)["branch trunk"].state is State.UNPROTECTED


def test_the_older_kind_of_protection_counts_for_the_check(github: GitHub) -> None:
    """It is told of the branch itself."""
    github.things["rules/branches/trunk"] = [PULL]
    github.things["branches/trunk"]["protection"] = {
        "required_status_checks": {"contexts": ["required"]}
    }

    assert found(github)["branch trunk"].state is State.PROTECTED


@pytest.mark.parametrize("rule", GROW)
def test_a_ledger_that_can_be_rewritten_is_not_protected(
    github: GitHub, rule: dict[str, str]
) -> None:
    """Neither by a forced push nor by deletion."""
    github.things["rules/branches/ledger"] = [rule]

    assert found(github)["branch ledger"].state is State.UNPROTECTED


def test_an_environment_without_reviewers_is_not_protected(github: GitHub) -> None:
    """A timer or a rule on branches asks nobody."""
    rules = [{"type": "wait_timer"}, {"type": "branch_policy"}]
    github.things["environments/production"] = {"protection_rules": rules}

    assert found(github)["environment production"].state is State.UNPROTECTED


@pytest.mark.parametrize("status", [401, 403, 500])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("rules/branches/trunk", "branch trunk"),
        ("rules/branches/ledger", "branch ledger"),
        ("environments/production", "environment production"),
        ("actions/variables", "retrain"),
    ],
)
def test_what_github_does_not_tell_is_unknown(
    github: GitHub, path: str, name: str, status: int
) -> None:
    """With the reason; the other findings stand."""
    github.refused[path] = status

    findings = found(github)

    assert findings[name].state is State.UNKNOWN
    assert str(status) in findings[name].seen
    unknown = [it for it in findings.values() if it.state is State.UNKNOWN]
    assert path == "actions/variables" or len(unknown) == 1


def test_a_repository_that_nobody_can_see_leaves_everything_unknown(github: GitHub) -> None:
    """Gone, not allowed, not there at all: the same findings, and no other word."""
    host = find_host(github.environment)
    gone = Host("http://127.0.0.1:9", REPOSITORY, TOKEN)
    del github.things[""]
    results = [find_hosted(host), find_hosted(gone), find_hosted(None, "nobody said which")]
    github.refused[""] = 401
    results.append(find_hosted(host))

    for result in results:
        assert len(result.findings) == 4
        assert {it.state for it in result.findings} == {State.UNKNOWN}
        assert all(it.seen and TOKEN not in it.seen for it in result.findings)


@pytest.mark.parametrize("origin", ["template_repository", "parent"])
def test_where_a_copy_came_from_is_told(github: GitHub, origin: str) -> None:
    """So that updates of the template can be fetched."""
    github.things[""][origin] = {"clone_url": "https://example.invalid/template.git"}

    result = find_hosted(find_host(github.environment))

    assert result.source == "https://example.invalid/template.git"


def test_the_rules_that_the_command_sends_are_those_that_are_looked_for() -> None:
    """The file is there, and makes the ledger PROTECTED."""
    (name,) = (word for word in GROWING.split() if word.startswith(".github/"))
    content = json.loads((datasets.ROOT / name).read_text())

    assert content["conditions"]["ref_name"]["include"] == ["refs/heads/ledger"]
    assert content["rules"] == GROW
    assert content["enforcement"] == "active"
