"""The ledger for people: who served when, on which evidence, and who approved."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from contender.ledger import Kind, Reign, Sealed, reigns_of
from contender.reporting import figures
from contender.reporting.markup import code, escape, table
from contender.reporting.terminal import MIN_WIDTH, Paint, painter, paragraphs

NOW: Final = "1;32"
THEN: Final = "2"
NOBODY: Final = "nobody on record"


def render_history(entries: Sequence[Sealed], *, width: int, colour: bool) -> str:
    """One block a champion, the present one first; colour only repeats the words."""
    width, paint = max(width, MIN_WIDTH), painter(colour)
    blocks = [
        "\n".join([_headline(reign, width, paint), *paragraphs(_facts(reign), width, paint)])
        for reign in reversed(list(reigns_of(entries)))
    ] or ["no champion yet: nothing was ever promoted"]
    verdicts = "\n".join(paragraphs([("verdicts", _tally(entries))], width, paint))
    return "\n\n".join([*blocks, verdicts])


def render_markdown(entries: Sequence[Sealed]) -> str:
    """A table with one row a champion, the present one first."""
    header = ["Served (UTC)", "Model", "In place of", "Evidence", "Approved by", "By"]
    rows = [
        [
            escape(_span(reign)),
            code(_short(reign.began.model)),
            code(_short(reign.began.champion)),
            escape(_evidence(reign)),
            escape(_approval(reign)),
            escape(_origin(reign.began)),
        ]
        for reign in reversed(list(reigns_of(entries)))
    ]
    shown = table(header, rows) if rows else "No champion yet: nothing was ever promoted."
    return f"## Champions\n\n{shown}\n\nVerdicts: {_tally(entries)}\n"


def _headline(reign: Reign, width: int, paint: Paint) -> str:
    title, hue = ("CHAMPION", NOW) if reign.ended is None else ("before", THEN)
    model = _short(reign.began.model)
    rule = "━" * (width - len(title) - len(model) - 5)
    return f"{paint('━━', hue)} {paint(title, hue)} {paint(rule, hue)} {model}"


def _facts(reign: Reign) -> Iterator[tuple[str, str]]:
    began = reign.began
    yield "served", f"{_span(reign)} (UTC), in place of {_short(began.champion)}"
    yield "bundle", _short(began.bundle)
    yield "evidence", _evidence(reign)
    if began.reason:
        yield "", began.reason
    yield "approved", _approval(reign)
    yield "by", _origin(began)
    if began.run_url:
        yield "run", began.run_url


def _span(reign: Reign) -> str:
    began = _minute(reign.began)
    return f"{began} to {_minute(reign.ended)}" if reign.ended else f"since {began}"


def _minute(entry: Sealed) -> str:
    return entry.time[:16].replace("T", " ")


def _evidence(reign: Reign) -> str:
    began, found = reign.began, reign.evidence
    how = "" if began.kind is Kind.PROMOTE else f"{began.kind}; "
    if found is None:
        return f"{how}no verdict in the ledger"
    look = f"look {found.look} at the holdout {_short(found.holdout)}"
    return f"{how}{found.verdict} at {look}, decision {_short(found.decision)}"


def _approval(reign: Reign) -> str:
    names = ", ".join(f"{it.actor} ({it.protection})" for it in reign.approvals)
    return names or f"{NOBODY}; the environment was {reign.began.protection}"


def _origin(entry: Sealed) -> str:
    return f"{entry.actor}, on commit {(entry.commit or 'none')[:12]}, entry {entry.number}"


def _tally(entries: Sequence[Sealed]) -> str:
    found = Counter(str(entry.verdict) for entry in entries if entry.kind is Kind.VERDICT)
    each = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.items()))
    total = figures.counted(sum(found.values()), "final verdict")
    return f"{total}: {each}" if each else "none that counted"


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "none"
