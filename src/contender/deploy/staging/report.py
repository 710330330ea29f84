"""What staging found: one line a check, and the reason for which a server may have no traffic."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

import httpx

from contender.bundle import Bundle
from contender.deploy.probe import connect
from contender.deploy.staging.cases import Cases, Subject, Unmet
from contender.deploy.staging.contract import check_contract
from contender.deploy.staging.fuzz import check_fuzz
from contender.deploy.staging.golden import check_golden
from contender.deploy.staging.integration import check_integration
from contender.deploy.staging.load import check_load
from contender.params import Params

Check = Callable[[Subject, Cases], str]
CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "contract": check_contract,
        "golden": check_golden,
        "integration": check_integration,
        "fuzz": check_fuzz,
        "load": check_load,
    }
)


@dataclass(frozen=True)
class Finding:
    """What one check has seen in so many cases; `fault` is "" when it has passed."""

    name: str
    cases: int
    seconds: float
    seen: str
    fault: str


@dataclass(frozen=True)
class Report:
    """What all checks have found in the server at `address`."""

    address: str
    digest: str
    findings: tuple[Finding, ...]

    @property
    def fault(self) -> str:
        """Why the server may have no traffic, by the first check that says so; "" for nothing."""
        if not self.findings:
            return "nothing was checked"
        return next((f"{item.name}: {item.fault}" for item in self.findings if item.fault), "")

    def to_json(self) -> dict[str, Any]:
        """The report as it is kept."""
        return {"is_passed": not self.fault, "fault": self.fault, **asdict(self)}

    def render(self) -> str:
        """The report in lines, for people."""
        lines = [f"{self.digest[:12]} at {self.address}"]
        for item in self.findings:
            outcome = "FAIL" if item.fault else "pass"
            told = f"{item.cases:>6,} cases  {item.seconds:4.1f} s  {item.fault or item.seen}"
            lines.append(f"{outcome}  {item.name:<12}{told}")
        return "\n".join(lines)


def run_checks(
    address: str, bundle: Bundle, params: Params, checks: Mapping[str, Check] = CHECKS
) -> Report:
    """What `checks` find in the server at `address`, which should serve `bundle`.

    Raises:
        ParameterError: it is no address.
    """
    with connect(address) as client:
        subject = Subject(address, client, bundle.digest, bundle.schema(), bundle.golden(), params)
        findings = tuple(_run(name, check, subject) for name, check in checks.items())
    return Report(address, bundle.digest, findings)


def _run(name: str, check: Check, subject: Subject) -> Finding:
    cases, seen, fault = Cases(), "", ""
    try:
        seen = check(subject, cases)
    except Unmet as error:
        fault = str(error)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        fault = f"`{subject.address}` does not answer: {error or type(error).__name__}"
    if not cases.count:
        fault = fault or "it has tried no case"
    return Finding(name, cases.count, round(cases.seconds, 3), seen, fault)
