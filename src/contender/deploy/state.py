"""The one file that says what is in production and how far a rollout is."""

import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from contender import files
from contender.deploy.rollout import BLAMELESS, Phase, Rollout, fail, is_decided, undo
from contender.errors import DeployError, IntegrityError, ObservationError


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
        if rollout.phase is Phase.DONE and rollout.undoes and rollout.champion:
            changes["quarantine"] = {**self.quarantine, rollout.champion: rollout.undoes}
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
    except (ValidationError, ObservationError) as error:
        raise IntegrityError(
            f"`{path}` is not the state of a deployment; expected what `contender rollout` writes. "
            "Nothing was changed.",
            hint="restore it from a backup; without it nobody knows what is in production",
        ) from error


def write_deployment(path: Path, deployment: Deployment) -> None:
    """Put `deployment` at `path`, at once or not at all."""
    files.write_text(path, deployment.model_dump_json(indent=2) + "\n")


def begin(deployment: Deployment, digest: str) -> Rollout:
    """The rollout of the bundle `digest`: at its start, under way, or done when it serves already.

    Raises:
        DeployError: it is quarantined, or another rollout is under way.
    """
    under_way = deployment.rollout
    if under_way and not under_way.is_over and under_way.challenger != digest:
        raise DeployError(
            f"`{under_way.challenger[:12]}` is being rolled out (phase `{under_way.phase}`); "
            "expected no rollout, or that of the same bundle.",
            hint="`contender rollout` alone goes on with it, `contender rollback` ends it",
        )
    if why := deployment.quarantine.get(digest):
        raise DeployError(
            f"`{digest[:12]}` is quarantined: {why}; expected a bundle that did no harm.",
            hint="change what was wrong: the new bundle has another digest",
        )
    if under_way and not under_way.is_over:
        return under_way
    phase = Phase.DONE if digest == deployment.production else Phase.STAGING
    return _make(deployment, digest, phase=phase)


def step_back(deployment: Deployment, *, to: str | None, reason: str) -> Rollout:
    """What undoes the rollout under way, or the last one: the champion before, at 100 %.

    A return that is under way goes on. To what is in production already, it tells the registry.

    Raises:
        DeployError: nothing was in production before, or it is quarantined.
    """
    under_way = deployment.rollout
    if under_way and under_way.undoes and not under_way.is_over and to is None:
        return under_way
    if under_way and to is None and is_decided(under_way):
        return undo(under_way, reason)
    if under_way and not under_way.is_over and to is None:
        return fail(under_way, "stopped", reason)
    digest = to or deployment.previous
    if digest is not None and (why := deployment.quarantine.get(digest)):
        raise DeployError(
            f"`{digest[:12]}` is quarantined: {why}; expected one that did no harm.",
            hint="`contender history` names what served before; `--to` takes its digest",
        )
    if digest is None:
        raise DeployError(
            "there is nothing to go back to: nothing was in production before.",
            hint="`contender history` names what served before; `--to` takes its digest",
        )
    back = _make(deployment, digest, phase=Phase.RETURN)
    champion = back.champion if digest != back.champion else None  # then nobody must go
    return back.model_copy(update={"champion": champion, "undoes": reason})


def _make(deployment: Deployment, digest: str, *, phase: Phase) -> Rollout:
    name = f"{time.time_ns():x}-{digest[:8]}"
    return Rollout(name=name, champion=deployment.production, challenger=digest, phase=phase)
