"""What GitHub says of the repository; whatever it does not tell is UNKNOWN, with the reason."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contender.capabilities import Occasion, find_features, protection_of
from contender.checkup.findings import Finding, State
from contender.errors import ContenderError
from contender.github import Host

REPOSITORY: Final = "repos/{owner}/{repo}"  # `gh` knows which
CHECK: Final = "required"  # the one job that needs all others
ENVIRONMENT: Final = "production"
PER_RUN: Final = ("code", "comment")  # features of an event, not of a repository
GROW_ONLY: Final = frozenset({"deletion", "non_fast_forward"})


@dataclass(frozen=True)
class Hosted:
    """What was found, and where the repository was copied from, if GitHub says so."""

    findings: list[Finding]
    source: str = ""


def find_hosted(host: Host | None, unknown: str = "") -> Hosted:
    """Every finding on GitHub; with no `host`, all are UNKNOWN for the reason `unknown`."""
    if host is None:
        return Hosted(_all_unknown(unknown))
    try:
        repository = host.get("")
    except ContenderError as error:
        return Hosted(_all_unknown(error.args[0]))
    if not repository:
        return Hosted(_all_unknown(f"`{host.name}` is not there, or the token may not see it"))
    source = repository.get("template_repository") or repository.get("parent") or {}
    branch = repository["default_branch"]
    findings = [
        _ask(f"branch {branch}", RULESET, lambda: _branch(host, branch)),
        _ask("branch ledger", GROWING, lambda: _ledger(host)),
        _ask(f"environment {ENVIRONMENT}", REVIEWER, lambda: _environment(host)),
        *_features(host, repository),
    ]
    return Hosted(findings, source.get("clone_url", ""))


def _all_unknown(reason: str) -> list[Finding]:
    names = ["branch main", "branch ledger", f"environment {ENVIRONMENT}", "features"]
    return [Finding(name, State.UNKNOWN, reason, TELL) for name in names]


def _ask(name: str, command: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    """Whether the thing is protected, as `look` sees it."""
    try:
        is_protected, seen = look()
    except ContenderError as error:
        return Finding(name, State.UNKNOWN, error.args[0], command)
    return Finding(
        name,
        State.PROTECTED if is_protected else State.UNPROTECTED,
        seen,
        "" if is_protected else command,
    )


def _branch(host: Host, branch: str) -> tuple[bool, str]:
    """Whether nothing gets into `branch` without a pull request and the check."""
    rules = host.get_all(f"rules/branches/{branch}")
    checks = _checks_of(rules) | _checks_before_rulesets(host.get(f"branches/{branch}"))
    kinds = {rule["type"] for rule in rules}
    missing = [
        what
        for what, is_there in {
            "a pull request": "pull_request" in kinds,
            f"the check `{CHECK}`": CHECK in checks,
        }.items()
        if not is_there
    ]
    return not missing, f"not required: {', '.join(missing)}" if missing else "both are required"


def _checks_of(rules: Iterable[Mapping[str, Any]]) -> set[str]:
    return {
        check["context"]
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in rule["parameters"]["required_status_checks"]
    }


def _checks_before_rulesets(branch: Mapping[str, Any] | None) -> set[str]:
    """The checks of the older kind of protection."""
    told = (branch or {}).get("protection") or {}
    return set((told.get("required_status_checks") or {}).get("contexts") or ())


def _ledger(host: Host) -> tuple[bool, str]:
    """Whether nobody can rewrite the ledger or delete it."""
    missing = GROW_ONLY - {rule["type"] for rule in host.get_all("rules/branches/ledger")}
    seen = f"allowed: {', '.join(sorted(missing))}" if missing else "it can only grow"
    return not missing, seen


def _environment(host: Host) -> tuple[bool, str]:
    """Whether somebody must approve what goes to production."""
    found = host.get(f"environments/{ENVIRONMENT}")
    if found is None:
        return False, "it does not exist: the first run makes it, without reviewers"
    is_protected = protection_of(found) == State.PROTECTED
    return is_protected, "somebody must approve" if is_protected else "nobody has to approve"


def _features(host: Host, repository: Mapping[str, Any]) -> list[Finding]:
    """The optional parts of the workflows, as the variables of the repository switch them."""
    unknown = ""
    variables: dict[str, str] = {}
    try:
        found = host.get_all("actions/variables", key="variables")
        variables = {it["name"]: it["value"] for it in found}
    except ContenderError as error:
        unknown = error.args[0]
    occasion = Occasion("", {"repository": repository}, variables, "")
    return [
        Finding(
            feature.name.replace("_", " "),
            State.UNKNOWN if unknown else State.OK if feature.is_on else State.OFF,
            unknown or feature.why,
            feature.command,
        )
        for feature in find_features(occasion)
        if feature.name not in PER_RUN
    ]


TELL: Final = "export GITHUB_REPOSITORY=owner/name GH_TOKEN=$(gh auth token)"
RULESET: Final = f"gh api -X POST {REPOSITORY}/rulesets --input .github/rulesets/main.json"
GROWING: Final = f"gh api -X POST {REPOSITORY}/rulesets --input .github/rulesets/ledger.json"
REVIEWER: Final = (
    f"gh api -X PUT {REPOSITORY}/environments/{ENVIRONMENT} -F 'reviewers[][type]=User' "
    '-F "reviewers[][id]=$(gh api user --jq .id)"'
)
