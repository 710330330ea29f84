"""What follows from the entries: who is champion, who was, and how often a holdout was used."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from contender.ledger.entries import Kind, Sealed

CROWNING: Final = (Kind.PROMOTE, Kind.ROLLBACK)


@dataclass(frozen=True)
class Reign:
    """One model's time as champion: how it began, on what evidence, who approved, when it ended."""

    began: Sealed
    evidence: Sealed | None
    approvals: tuple[Sealed, ...]
    ended: Sealed | None


def champion_of(entries: Sequence[Sealed]) -> Sealed | None:
    """The entry that made the champion what it is; None before the first promotion."""
    return next((entry for entry in reversed(entries) if entry.kind in CROWNING), None)


def judged_on(entries: Sequence[Sealed], holdout: str) -> list[str]:
    """The digests of the models that used up a look at `holdout`, each once, in order."""
    return looks_of(entries).get(holdout, [])


def looks_of(entries: Sequence[Sealed]) -> dict[str, list[str]]:
    """The digests of the models that used up a look, each once, in order, by holdout."""
    looks: dict[str, list[str]] = {}
    for entry in entries:
        if entry.kind is Kind.VERDICT and entry.holdout and entry.look:
            judged = looks.setdefault(entry.holdout, [])
            if entry.model not in judged:
                judged.append(entry.model)
    return looks


def reigns_of(entries: Sequence[Sealed]) -> Iterator[Reign]:
    """Who served, oldest first."""
    crowned = [entry for entry in entries if entry.kind in CROWNING]
    for began, ended in zip_longest(crowned, crowned[1:]):
        same = [entry for entry in entries if entry.model == began.model]
        verdicts = [e for e in same if e.kind is Kind.VERDICT and e.decision == began.decision]
        until = ended.number if ended else len(entries) + 1
        approvals = [e for e in same if e.kind is Kind.APPROVE and e.number < until]
        yield Reign(began, verdicts[-1] if verdicts else None, tuple(approvals), ended)
