"""One entry of the ledger as a value, and the one line of text that it is."""

import json
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Time = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Text = Annotated[str, Field(max_length=2000)]


class Kind(StrEnum):
    """What happened."""

    VERDICT = "verdict"
    PROMOTE = "promote"
    APPROVE = "approve"
    ROLLOUT = "rollout"
    ROLLBACK = "rollback"
    QUARANTINE = "quarantine"


class Protection(StrEnum):
    """Whether somebody had to approve before the environment could be deployed to."""

    PROTECTED = "PROTECTED"
    UNPROTECTED = "UNPROTECTED"
    UNKNOWN = "UNKNOWN"


class Entry(BaseModel):
    """What happened to one model, who did it and on what evidence; digests are SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: Kind
    time: Time = Field(description="UTC")
    model: Digest = Field(description="of model.onnx; in a verdict, the challenger's")
    bundle: Digest | None = Field(default=None, description="the bundle with the model in it")
    champion: Digest | None = Field(default=None, description="the model that was champion before")
    anchor: Digest | None = Field(
        default=None, description="the bundle of the best model ever promoted, when it is another"
    )
    decision: Digest | None = Field(default=None, description="of the decision it rests on")
    holdout: Digest | None = None
    look: int | None = Field(default=None, ge=1, description="at the holdout, that it used up")
    verdict: Text | None = None
    commit: Text | None = None
    run_url: Text | None = None
    actor: Text
    protection: Protection = Protection.UNKNOWN
    reason: Text = ""


class Sealed(Entry):
    """An entry in its place: its number, from 1, and the SHA-256 of the line before."""

    number: int = Field(ge=1)
    previous: Digest

    def line(self) -> str:
        """The one line that it is: sorted keys, no spaces, nothing but ASCII, no newline."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
