"""Who is champion, who was, and how often a holdout was used, by the entries alone."""

from contender.ledger import Kind, append, champion_of, judged_on, looks_of, reigns_of, verify
from tests.servers.entries import HOLDOUT, make_entry

DECISION = "d" * 64


def read(*entries: object) -> tuple[object, ...]:
    """The entries as the ledger has them."""
    text = ""
    for entry in entries:
        text = append(text, entry)
    return verify(text)


def test_nobody_is_champion_before_the_first_promotion() -> None:
    """Verdicts make none."""
    entries = read(make_entry(1), make_entry(2))

    assert champion_of(entries) is None
    assert not list(reigns_of(entries))
    assert champion_of(()) is None


def test_a_look_counts_once_a_model_and_a_holdout() -> None:
    """In the order they were taken; a verdict without a look counts nothing."""
    other = "b" * 64
    entries = read(
        make_entry(1),
        make_entry(2, look=2),
        make_entry(1),
        make_entry(3, holdout=other),
        make_entry(4, look=None),
        make_entry(5, kind=Kind.PROMOTE),
    )

    assert judged_on(entries, HOLDOUT) == [f"{1:064x}", f"{2:064x}"]
    assert looks_of(entries)[other] == [f"{3:064x}"]
    assert judged_on(entries, "c" * 64) == []


def test_a_reign_lasts_until_the_next_and_names_its_evidence() -> None:
    """A rollback begins one too; approvals count when they came before its end."""
    entries = read(
        make_entry(1, verdict="BOOTSTRAP", decision=DECISION),
        make_entry(1, kind=Kind.PROMOTE, decision=DECISION),
        make_entry(1, kind=Kind.APPROVE, actor="grace"),
        make_entry(2, kind=Kind.PROMOTE),
        make_entry(1, kind=Kind.ROLLBACK),
    )

    first, second, third = reigns_of(entries)

    assert first.evidence and first.evidence.verdict == "BOOTSTRAP"
    assert [entry.actor for entry in first.approvals] == ["grace"]
    assert first.ended and first.ended.number == 4
    assert (second.evidence, second.approvals) == (None, ())
    assert third.ended is None
    assert champion_of(entries) == third.began
