"""The ledger as people read it: who served, on which evidence, who approved."""

import pytest

from contender.ledger import Kind, Protection, Sealed, append, verify
from contender.reporting.history import render_history, render_markdown
from tests.servers.entries import make_entry

DECISION = "d" * 64


def entries() -> tuple[Sealed, ...]:
    """Two champions, the second approved, and a verdict that held."""
    text = ""
    for entry in (
        make_entry(1, verdict="BOOTSTRAP", decision=DECISION),
        make_entry(1, kind=Kind.PROMOTE, decision=DECISION, reason="| first\x1b[31m"),
        make_entry(3),
        make_entry(2, kind=Kind.APPROVE, actor="grace", protection=Protection.PROTECTED),
        make_entry(2, kind=Kind.PROMOTE, time="2026-02-28T08:30:00Z", champion=f"{1:064x}"),
    ):
        text = append(text, entry)
    return verify(text)


def test_the_champion_comes_first() -> None:
    """With when, in whose place, and by whose leave; then those before."""
    shown = render_history(entries(), width=100, colour=False)

    now, then, verdicts = shown.split("\n\n")
    assert "CHAMPION" in now and now.splitlines()[0].endswith(" 000000000000")
    assert "since 2026-02-28 08:30 (UTC), in place of 000000000000" in now
    assert "grace (PROTECTED)" in now
    assert "no verdict in the ledger" in now
    assert "2026-01-31 12:00 to 2026-02-28 08:30 (UTC), in place of none" in then
    assert "BOOTSTRAP at look 1 at the holdout aaaaaaaaaaaa" in then
    assert "nobody on record; the environment was UNKNOWN" in then
    assert verdicts == "verdicts  2 final verdicts: 1 BOOTSTRAP, 1 HOLD"


@pytest.mark.parametrize("width", [40, 100])
def test_it_fits_the_terminal_and_cannot_steer_it(width: int) -> None:
    """No line is wider; nothing in an entry changes a colour."""
    shown = render_history(entries(), width=width, colour=False)

    assert max(map(len, shown.splitlines())) <= width
    assert "\x1b" not in shown
    assert "\x1b" in render_history(entries(), width=width, colour=True)


def test_markdown_is_one_row_a_champion() -> None:
    """And text of an entry cannot end a cell."""
    shown = render_markdown(entries())

    rows = [line for line in shown.splitlines() if line.startswith("| 2026") or "since" in line]
    assert len(rows) == 2
    assert rows[0].startswith("| since 2026-02-28 08:30 |")
    assert all(row.count(" | ") == 5 for row in rows)


def test_nothing_promoted_is_said() -> None:
    """An empty ledger is no empty page."""
    assert "no champion yet" in render_history((), width=80, colour=False)
    assert "none that counted" in render_history((), width=80, colour=False)
    assert "No champion yet" in render_markdown(())
