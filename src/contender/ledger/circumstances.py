"""Who is at work, on which commit and in which run: what every entry says besides."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from contender.errors import ParameterError
from contender.ledger.entries import Protection
from contender.ledger.git import Repository

PROTECTION: Final = "ENVIRONMENT_PROTECTION"


@dataclass(frozen=True)
class Circumstances:
    """The same for every entry that one command writes."""

    actor: str
    commit: str | None
    run_url: str | None
    protection: Protection

    def facts(self) -> dict[str, Any]:
        """The part of an entry that they are, with the time it is now."""
        return asdict(self) | {"time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def find_circumstances(root: Path, environment: Mapping[str, str] = os.environ) -> Circumstances:
    """What GitHub says of the run, or else what git says of the clone around `root`.

    Raises:
        ParameterError: `ENVIRONMENT_PROTECTION` is none of its three words.
    """
    repository = Repository(root)
    given = environment.get(PROTECTION, "").strip() or Protection.UNKNOWN
    if given not in list(Protection):
        raise ParameterError(
            f"`{PROTECTION}` is `{given}`; expected one of `{', '.join(Protection)}`.",
            hint="unset it where nobody has looked: that is UNKNOWN",
        )
    head = repository.ask("rev-parse", "--quiet", "--verify", "HEAD")
    return Circumstances(
        actor=environment.get("GITHUB_ACTOR") or repository.setting("user.name") or "local",
        commit=environment.get("GITHUB_SHA") or head.out.strip() or None,
        run_url=_run_url(environment),
        protection=Protection(given),
    )


def _run_url(environment: Mapping[str, str]) -> str | None:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(name) for name in names)
    return f"{server}/{repository}/actions/runs/{run}" if server and repository and run else None
