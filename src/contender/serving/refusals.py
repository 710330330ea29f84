"""How the service says no: a status, a sentence, and the field that is wrong."""

import re
from typing import Final

import msgspec

_AT: Final = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>.*)`", re.DOTALL)
_VALUE: Final = re.compile(r"Invalid enum value .*", re.DOTALL)
MAX_LENGTH: Final = 500  # characters that are told: a caller must not fill a log by what it sends
Header = tuple[bytes, bytes]

CLOSE: Final = (b"connection", b"close")
_NAMED: Final = re.compile(
    r"Object (?:missing required|contains unknown) field `(?P<name>.*)`", re.DOTALL
)


class Refusal(Exception):
    """The answer to a call that cannot be answered: nothing of it was done."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        field: str | None = None,
        header: Header | None = None,
    ) -> None:
        super().__init__(_clip(message))
        self.status = status
        self.field = _clip(field) if field else None
        self.header = header


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of every answer that is no success."""

    error: str
    request_id: str
    field: str | None = None


def unavailable(reason: str) -> Refusal:
    """The refusal of a service that is busy, loading or about to end."""
    return Refusal(503, reason, header=(b"retry-after", b"1"))


def unprocessable(field: str, what: str) -> Refusal:
    """The refusal of JSON that does not say what it should."""
    return Refusal(422, f"`{field}`: {what}" if field else what, field=field or None)


def from_validation(error: msgspec.ValidationError, *, inside: str = "") -> Refusal:
    """The refusal that names what `error` found, in a value that lies at the path `inside`."""
    match = _AT.fullmatch(str(error))
    what, path = (match["what"], match["path"]) if match else (str(error), "")
    # Values stay out of answers and logs: they may be of a protected column.
    what = _VALUE.sub("Not one of the values that are allowed", what)
    if named := _NAMED.match(what):
        path = f"{path}.{named['name']}" if path else named["name"]
    joint = "." if inside and path and not path.startswith("[") else ""
    return unprocessable(f"{inside}{joint}{path}", what[0].lower() + what[1:])


def _clip(text: str) -> str:
    return text if len(text) <= MAX_LENGTH else f"{text[:MAX_LENGTH]}..."
