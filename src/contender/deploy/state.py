"""The one file that says what is in production and how far a rollout is."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from contender import files
from contender.deploy.rollout import BLAMELESS, Phase, Rollout
from contender.errors import IntegrityError


class Deployment(BaseModel):
    """What one place serves; `rollout` is the one under way, or the last one."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    production: str | None = None
    previous: str | None = None
    quarantine: dict[str, str] = {}  # digests that may not be rolled out again, and why
    rollout: Rollout | None = None

    def follow(self, rollout: Rollout) -> "Deployment":
        """The deployment once `rollout` is as far as it says."""
        changes: dict[str, Any] = {"rollout": rollout}
        if rollout.phase is Phase.DONE and self.production != rollout.challenger:
            changes |= {"production": rollout.challenger, "previous": self.production}
            if rollout.undoes and self.production:
                changes["quarantine"] = {**self.quarantine, self.production: rollout.undoes}
        if rollout.phase is Phase.ROLLED_BACK and rollout.reason not in BLAMELESS:
            why = f"{rollout.reason}: {rollout.message}"
            changes["quarantine"] = {**self.quarantine, rollout.challenger: why}
        return self.model_copy(update=changes)


def read_deployment(path: Path) -> Deployment:
    """The deployment in the file `path`; no file yet means that nothing is in production.

    Raises:
        IntegrityError: the file is not what `write_deployment` writes.
    """
    if not path.exists():
        return Deployment()
    try:
        return Deployment.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise IntegrityError(
            f"`{path}` is not the state of a deployment: {error.error_count()} entries of it are "
            "wrong; expected what `contender rollout` writes. Nothing was changed.",
            hint="restore it from a backup; without it nobody knows what is in production",
        ) from error


def write_deployment(path: Path, deployment: Deployment) -> None:
    """Put `deployment` at `path`, at once or not at all."""
    files.write_text(path, deployment.model_dump_json(indent=2) + "\n")
