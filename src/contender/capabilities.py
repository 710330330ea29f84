"""What the workflows may do in the repository and the event they run for: values in, values out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contender.errors import ParameterError

BOT: Final = "dependabot[bot]"
DOCUMENTS: Final = ("docs/", ".github/ISSUE_TEMPLATE/")
HEAVY: Final = ("pipeline", "gate", "image", "drill")  # what documents cannot break
REVIEWERS: Final = "required_reviewers"


@dataclass(frozen=True)
class Feature:
    """One optional part of the workflows: whether it is on, why, and what changes that."""

    name: str
    is_on: bool
    why: str
    command: str


@dataclass(frozen=True)
class Occasion:
    """What a run is for: the event, its payload, the repository's variables, who acted.

    `changed` names the files of a pull request; None when nobody looked.
    """

    event: str
    payload: Mapping[str, Any]
    variables: Mapping[str, str]
    actor: str
    changed: Sequence[str] | None = None

    @property
    def is_public(self) -> bool:
        """False too when the payload does not say."""
        return self._repository.get("private") is False

    @property
    def is_own(self) -> bool:
        """True when the repository is no fork."""
        return self._repository.get("fork") is False

    @property
    def is_trusted(self) -> bool:
        """True when the token of the run may write: not for a stranger's pull request."""
        if self.event != "pull_request":
            return True
        head = self.payload.get("pull_request", {}).get("head", {}).get("repo") or {}
        is_ours = head.get("full_name") == self._repository.get("full_name", "")
        return is_ours and self.actor != BOT

    @property
    def _repository(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.payload.get("repository") or {}
        return found

    def says(self, variable: str) -> str:
        """The value of a repository variable, in lower case; empty when it is not set."""
        return self.variables.get(variable, "").strip().lower()


def find_features(occasion: Occasion) -> list[Feature]:
    """Every optional feature, in the order of the table."""
    return [
        _code(occasion),
        _comment(occasion),
        _release(occasion),
        _paid(occasion, "attest", "ATTEST"),
        _paid(occasion, "code_scanning", "CODE_SCANNING"),
        _paid(occasion, "dependency_review", "DEPENDENCY_REVIEW"),
        _opted(occasion, "retrain", "RETRAIN"),
        _scan(occasion),
        _registry(occasion),
    ]


def protection_of(environment: Mapping[str, Any] | None) -> str:
    """Whether somebody must approve a deployment: None is an environment that does not exist."""
    rules = (environment or {}).get("protection_rules") or []
    return "PROTECTED" if any(it.get("type") == REVIEWERS for it in rules) else "UNPROTECTED"


def find_unfinished(needs: str) -> list[str]:
    """The jobs in `needs`, the JSON of that context, that did not do what they were there for.

    Only where nothing but documents changed may a job be skipped.

    Raises:
        ParameterError: there is no job in it, or it is no such JSON.
    """
    try:
        jobs = {str(name): dict(job) for name, job in dict(json.loads(needs)).items()}
    except (TypeError, ValueError) as error:
        raise _no_needs(needs) from error
    if not jobs:
        raise _no_needs(needs)
    outputs = jobs.get("capabilities", {}).get("outputs") or {}
    is_code = json.loads(outputs.get("on") or "{}").get("code", True)
    return [
        f"{name}: {job.get('result')}"
        for name, job in jobs.items()
        if job.get("result") != "success"
        and (is_code or name not in HEAVY or job.get("result") != "skipped")
    ]


def _no_needs(needs: str) -> ParameterError:
    return ParameterError(
        f"`NEEDS` is `{needs[:80]}`; expected the jobs that this one waits for, as JSON.",
        hint="in a workflow: `NEEDS: ${{ toJSON(needs) }}`",
    )


def _code(occasion: Occasion) -> Feature:
    changed = occasion.changed or ()
    others = [name for name in changed if not _is_document(name)]
    command = "gh workflow run ci.yml"
    if changed and not others:
        return Feature("code", False, "only documents changed", command)
    why = f"{len(others)} changed files are no documents" if others else "all is checked"
    return Feature("code", True, why, command)


def _is_document(name: str) -> bool:
    """True for what no job but lint and test reads; params.yaml and data/README.md are none."""
    return name.startswith(DOCUMENTS) or ("/" not in name and name.endswith(".md"))


def _comment(occasion: Occasion) -> Feature:
    command = "push the branch to this repository"
    if occasion.event != "pull_request":
        return Feature("comment", False, "no pull request", command)
    if not occasion.is_trusted:
        return Feature("comment", False, "the token of this pull request may only read", command)
    return Feature("comment", True, "the pull request comes from this repository", command)


def _release(occasion: Occasion) -> Feature:
    if occasion.says("RELEASE") == "off":
        return Feature("release", False, "RELEASE is off", "gh variable delete RELEASE")
    return Feature("release", True, "RELEASE is not off", "gh variable set RELEASE --body off")


def _paid(occasion: Occasion, name: str, variable: str) -> Feature:
    """A feature that GitHub gives to public repositories, and sells to private ones."""
    command = f"gh variable set {variable} --body true"
    if not occasion.is_trusted:
        return Feature(name, False, "the token of this pull request may only read", command)
    if occasion.says(variable) == "true":
        return Feature(name, True, f"{variable} is true", f"gh variable delete {variable}")
    if occasion.says(variable) == "false":
        return Feature(name, False, f"{variable} is false", command)
    if occasion.is_public and occasion.is_own:
        return Feature(name, True, "public repository", f"gh variable set {variable} --body false")
    return Feature(name, False, "private repository or fork: may not be there", command)


def _opted(occasion: Occasion, name: str, variable: str) -> Feature:
    """A feature that costs minutes, also in forks: nobody gets it without asking for it."""
    if occasion.says(variable) == "true":
        return Feature(name, True, f"{variable} is true", f"gh variable delete {variable}")
    return Feature(
        name, False, f"{variable} is not true", f"gh variable set {variable} --body true"
    )


def _scan(occasion: Occasion) -> Feature:
    """What a schedule does besides retraining; a fork has it asked for."""
    if occasion.event != "schedule" or occasion.is_own:
        return Feature("scan", True, "asked for, or no fork", "gh workflow disable scan.yml")
    return _opted(occasion, "scan", "SCAN")


def _registry(occasion: Occasion) -> Feature:
    command = "gh variable set MLFLOW_TRACKING_URI --body https://..."
    if occasion.says("MLFLOW_TRACKING_URI"):
        return Feature("registry", True, "MLFLOW_TRACKING_URI is set", command)
    return Feature("registry", False, "Releases carry the champion from run to run", command)
