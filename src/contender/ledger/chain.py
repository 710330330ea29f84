"""The text of the ledger: lines that each hold the digest of the one before."""

import hashlib
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from contender.errors import LedgerError
from contender.ledger.entries import Entry, Sealed

ORIGIN: Final = "0" * 64  # what stands before the first entry
HINT: Final = "nothing is read from a broken ledger; restore the branch `ledger` from another clone"


@dataclass(frozen=True)
class Head:
    """The last entry at some time: its number, 0 before the first, and the SHA-256 of its line."""

    number: int
    digest: str


def append(text: str, entry: Entry) -> str:
    """`text` with `entry` as its next line."""
    head = head_of(text)
    sealed = Sealed(number=head.number + 1, previous=head.digest, **entry.model_dump())
    return f"{text}{sealed.line()}\n"


def head_of(text: str) -> Head:
    """Where `text` ends; it is not verified."""
    lines = _lines(text)
    return Head(len(lines), _sha256(lines[-1])) if lines else Head(0, ORIGIN)


def parse(text: str) -> tuple[Sealed, ...]:
    """The entries of `text`, whether the chain holds or not.

    Raises:
        LedgerError: a line is not exactly what an entry is printed as.
    """
    found = []
    for place, line in enumerate(_lines(text), start=1):
        entry = _parse_line(line)
        if isinstance(entry, str):
            raise LedgerError(f"entry {place} of the ledger {entry}.", hint=HINT)
        found.append(entry)
    return tuple(found)


def verify(text: str, *, seen: Head | None = None) -> tuple[Sealed, ...]:
    """The entries of `text`, once every one is proven to be the one that was written.

    Only a head that was `seen` before can tell that the end is missing, or that the last entry is
    another one: no later line speaks for it.

    Raises:
        LedgerError: an entry was changed, removed, added or moved; it names the first.
    """
    lines = _lines(text)
    fault = None
    if seen and seen.number > len(lines):
        what = f"is missing: entry {seen.number} was the last one when it was read before"
        fault = (len(lines) + 1, what)
    told: str | None = None  # what the next line says of this one, if that line can be believed
    for place in range(len(lines), 0, -1):
        known = {told, seen.digest if seen and seen.number == place else None} - {None}
        entry = _check(lines[place - 1], place, known)
        if isinstance(entry, str):
            fault = (place, entry)
        told = None if isinstance(entry, str) else entry.previous
    if fault:
        raise LedgerError(f"entry {fault[0]} of the ledger {fault[1]}.", hint=HINT)
    return parse(text)


def _check(line: str, place: int, known: set[str | None]) -> Sealed | str:
    """The entry at `place`, or what is wrong with it."""
    entry = _parse_line(line)
    if isinstance(entry, str):
        return entry
    if entry.number > place:
        return f"is missing: entry {entry.number} stands in its place"
    if entry.number < place:
        return f"does not belong there: it is a second entry {entry.number}"
    if place == 1 and entry.previous != ORIGIN:
        return f"speaks of an entry `{entry.previous[:12]}` before it; expected to be the first"
    if other := known - {_sha256(line)}:
        return (
            f"was changed: it has the digest `{_sha256(line)[:12]}`; "
            f"expected `{str(min(map(str, other)))[:12]}`, which was on record for it"
        )
    return entry


def _parse_line(line: str) -> Sealed | str:
    """The entry that `line` is, or why it is none."""
    try:
        entry = Sealed.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the line"
        return f"is damaged: `{where}`: {first['msg']}"
    return entry if entry.line() == line else "is damaged: it is not written as entries are"


def _lines(text: str) -> list[str]:
    """The lines of `text`; one that was not ended stays damaged."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else [*lines[:-1], f"{lines[-1]} "]


def _sha256(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()
