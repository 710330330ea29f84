"""Eight ways to meet the workflows, and which jobs each of them should see run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from contender.capabilities import BOT, Occasion, find_features

OURS: Final = "owner/contender"
PAID: Final = frozenset({"attest", "code_scanning", "dependency_review"})

CI: Final = frozenset(
    f"ci.{job}" for job in "capabilities lint test pipeline gate image drill required".split()
)
RELEASE: Final = frozenset(
    f"release.{job}"
    for job in "capabilities pipeline gate image staging canary.drill production".split()
)
SCAN: Final = frozenset({"scan.capabilities", "scan.audit"})


@dataclass(frozen=True)
class Persona:
    """A repository, what happens in it, and by whom; `has` are features that GitHub sells."""

    name: str
    event: str
    runs: frozenset[str]
    private: bool = False
    fork: bool = False
    head: str = OURS
    actor: str = "ada"
    has: frozenset[str] = frozenset()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def may_write(self) -> bool:
        """What the token of a run may do: not for a stranger, nor for Dependabot."""
        return self.event != "pull_request" or (self.head == OURS and self.actor != BOT)

    @property
    def payload(self) -> dict[str, Any]:
        """What GitHub tells the workflow."""
        told: dict[str, Any] = {
            "repository": {"full_name": OURS, "private": self.private, "fork": self.fork}
        }
        if self.event == "pull_request":
            told["pull_request"] = {"number": 7, "head": {"repo": {"full_name": self.head}}}
        return told

    def features(self) -> dict[str, bool]:
        """What the first job finds out, by the very code that it runs."""
        occasion = Occasion(self.event, self.payload, self.variables, self.actor, ["src/a.py"])
        return {feature.name: feature.is_on for feature in find_features(occasion)}


PERSONAS: Final = (
    Persona("canonical push", "push", CI | RELEASE, has=PAID),
    Persona(
        "canonical pull request",
        "pull_request",
        CI | SCAN | {"ci.gate.comment", "scan.codeql", "scan.dependencies"},
        has=PAID,
    ),
    Persona("fork's pull request", "pull_request", CI | SCAN, head="eve/contender", has=PAID),
    Persona("fresh fork's first push", "push", CI | RELEASE, fork=True),
    Persona("public copy of the template", "push", CI | RELEASE, has=PAID),
    Persona("private copy of the template", "push", CI | RELEASE, private=True),
    Persona("Dependabot's pull request", "pull_request", CI | SCAN, actor=BOT, has=PAID),
    Persona(
        "schedule in a fork",
        "schedule",
        frozenset({"retrain.capabilities", "scan.capabilities"}),
        fork=True,
    ),
)
