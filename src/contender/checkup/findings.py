"""One thing that was looked at: how it stands, what was seen, and the command that changes it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a thing stands; what nobody could look at is UNKNOWN, and never one of the others."""

    OK = "ok"
    OFF = "off"  # it may stay so
    BROKEN = "broken"  # it may not
    PROTECTED = "PROTECTED"
    UNPROTECTED = "UNPROTECTED"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class Finding:
    """A thing by its name; `command` is empty where there is nothing to do."""

    name: str
    state: State
    seen: str
    command: str = ""
