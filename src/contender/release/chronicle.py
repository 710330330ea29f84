"""What a verdict and a promotion write into the ledger, and how registry and ledger agree.

The ledger is written first: its push decides which of two promotions won. The registry follows,
and a promotion that was killed in between is finished by the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contender.errors import LedgerError, RaceError
from contender.ledger import (
    Book,
    Circumstances,
    Entry,
    Kind,
    Ledger,
    Sealed,
    champion_of,
    judged_on,
)
from contender.release.gate.decision import Decision, Digests, HoldoutUse
from contender.release.promote import WINNERS, digest_of
from contender.release.adoption import OVER, tags_of
from contender.tracking import BUNDLED, PROMOTED, Registry, Version


@dataclass(frozen=True)
class Prize:
    """What a winner ships as: its bundle, and that of the best model ever when it is another."""

    bundle: str
    anchor: str | None


def enter(
    ledger: Ledger, decision: Decision, who: Circumstances, *, before: Book, prize: Prize | None
) -> Book:
    """The ledger with the final `decision` in it, and with a promotion when there is a `prize`.

    `before` is the ledger that the challenger was judged by. An ERROR is no verdict and is not
    entered; the same decision again changes nothing.

    Raises:
        RaceError: the champion, or the count of looks, is no longer what the decision rests on:
            the verdict is entered and the promotion is not. It names who was first.
        LedgerError: the ledger cannot be read or written.
    """
    digests, use = decision.digests, decision.holdout
    if decision.provisional or decision.verdict == "ERROR" or digests is None or use is None:
        return ledger.read()
    said = digest_of(decision)
    verdict = _entry(Kind.VERDICT, decision, digests, who, holdout=use.digest, look=use.look)
    promotion = None
    if prize and decision.verdict in WINNERS:
        facts = {"bundle": prize.bundle, "anchor": prize.anchor}
        promotion = _entry(Kind.PROMOTE, decision, digests, who, **facts)

    def compose(entries: Sequence[Sealed]) -> list[Entry]:
        wanted = [verdict, promotion if not _lost(entries, before, digests, use) else None]
        known = {entry.kind for entry in entries if entry.decision == said}
        return [entry for entry in wanted if entry and entry.kind not in known]

    book = ledger.write(compose)
    entered = {entry.kind for entry in book.entries if entry.decision == said}
    if promotion and Kind.PROMOTE not in entered:
        raise _lost(book.entries, before, digests, use) or RaceError(
            "the promotion was not entered: the ledger changed while it was written.",
            hint="run `contender gate` again",
        )
    return book


def _entry(
    kind: Kind, decision: Decision, digests: Digests, who: Circumstances, **facts: Any
) -> Entry:
    return Entry(
        kind=kind,
        model=digests.challenger,
        champion=digests.champion,
        decision=digest_of(decision),
        verdict=str(decision.verdict),
        reason=decision.summary[:500],
        **facts,
        **who.facts(),
    )


def _lost(
    entries: Sequence[Sealed], before: Book, digests: Digests, use: HoldoutUse
) -> RaceError | None:
    """Why the challenger may not be promoted by these entries; None when it may."""
    hint = "run `contender gate` again, against the champion there is now"
    winner = champion_of(entries)
    if (winner and winner.model) not in (digests.champion, digests.challenger):
        who = f"entry {winner.number}, by {winner.actor} at {winner.time}" if winner else "nobody"
        return RaceError(
            f"the champion is `{winner.model[:12] if winner else 'none'}` ({who}); expected "
            f"`{(digests.champion or 'none')[:12]}`, which the challenger was judged against.",
            hint=hint,
        )
    known = {*judged_on(before.entries, use.digest), digests.challenger}
    others = [
        entry
        for entry in entries
        if entry.kind is Kind.VERDICT and entry.holdout == use.digest and entry.model not in known
    ]
    if not others:
        return None
    return RaceError(
        f"look {use.look} at the holdout was taken by `{others[0].model[:12]}` (entry "
        f"{others[0].number}, by {others[0].actor}) while the challenger was judged; expected to "
        "be alone with it, because each look allows a smaller error.",
        hint=hint,
    )


def reconcile(ledger: Ledger, registry: Registry, who: Circumstances) -> str:
    """What had to be repaired so that registry and ledger name the same champion; empty if nothing.

    Raises:
        LedgerError: they name two, and nothing tells that one of them was only interrupted.
    """
    known = ledger.read().entries
    told, serving = champion_of(known), registry.champion()
    if (told and told.model) == (serving and serving.digest):
        return ""
    interrupted = registry.find(told.model) if told else None
    if told and interrupted and (serving and serving.digest) == told.champion:
        moved = registry.move_champion(interrupted, expected=serving)
        registry.tag(moved, tags_of(told))
        return f"finished the promotion of entry {told.number}, which was interrupted"
    if serving and (told is None or serving.tags.get(OVER) == told.model):
        ledger.write(lambda now: [_found(serving, told, who)] if now == known else [])
        return f"wrote down the promotion of version {serving.number}, which the ledger lacked"
    raise LedgerError(
        f"the ledger says that `{told.model[:12] if told else 'none'}` is the champion, the "
        f"registry `{serving.digest[:12] if serving else 'none'}`; expected one.",
        hint="`contender restore --from PLACE` brings the ledger's champion into the registry",
    )


def _found(serving: Version, told: Sealed | None, who: Circumstances) -> Entry:
    return Entry(
        kind=Kind.PROMOTE,
        model=serving.digest,
        bundle=serving.tags.get(BUNDLED),
        champion=told.model if told else None,
        decision=serving.tags.get("decision_sha256"),
        verdict=serving.tags.get("verdict"),
        reason=f"the registry's champion since {serving.tags.get(PROMOTED, 'an unknown time')}; "
        "its promotion was not in the ledger",
        **who.facts(),
    )
