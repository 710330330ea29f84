"""The chain: what was appended is read again, and no line changes unnoticed."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.errors import LedgerError
from contender.ledger import Entry, Kind, Protection, append, head_of, parse, verify
from tests.servers.entries import make_entry, make_text

DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)
TEXTS = st.text(max_size=20)
ENTRIES = st.builds(
    Entry,
    kind=st.sampled_from(Kind),
    time=st.just("2026-01-31T12:00:00Z"),
    model=DIGESTS,
    bundle=st.none() | DIGESTS,
    decision=st.none() | DIGESTS,
    look=st.none() | st.integers(1, 50),
    verdict=st.none() | TEXTS,
    actor=TEXTS,
    protection=st.sampled_from(Protection),
    reason=TEXTS,
)
SIZE = 5
TEXT = make_text(SIZE)
LINES = TEXT.splitlines()


def join(lines: list[str]) -> str:
    """The lines as a text."""
    return "".join(f"{line}\n" for line in lines)


def first_bad(text: str) -> int:
    """The entry that is named as the first bad one, by someone who has seen TEXT."""
    with pytest.raises(LedgerError) as caught:
        verify(text, seen=head_of(TEXT))
    named = re.match(r"entry (\d+) of the ledger", str(caught.value))
    assert named, caught.value
    return int(named[1])


@settings(max_examples=40, deadline=None)
@given(st.lists(ENTRIES, max_size=5))
def test_what_was_appended_is_read_again(entries: list[Entry]) -> None:
    """Whatever is in it, line ends and quotes too; printing what was parsed gives the same text."""
    text = ""
    for entry in entries:
        text = append(text, entry)

    found = verify(text, seen=head_of(text))

    kept = [Entry(**it.model_dump(exclude={"number", "previous"})) for it in found]
    assert kept == entries
    assert found == parse(text)
    assert join([entry.line() for entry in found]) == text
    assert text.isascii() and text.count("\n") == len(entries)


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, SIZE - 1), data=st.data())
def test_any_changed_byte_is_found_and_named(place: int, data: st.DataObject) -> None:
    """In whichever line, the last one too, and whatever it becomes."""
    line = LINES[place]
    at = data.draw(st.integers(0, len(line) - 1))
    mark = data.draw(st.characters(codec="utf-8").filter(lambda it: it not in {line[at], "\n"}))

    changed = line[:at] + mark + line[at + 1 :]

    assert first_bad(join([*LINES[:place], changed, *LINES[place + 1 :]])) == place + 1


@settings(max_examples=40, deadline=None)
@given(place=st.integers(0, SIZE - 1), entry=ENTRIES)
def test_a_well_made_other_entry_is_found_and_named(place: int, entry: Entry) -> None:
    """A forger who knows the format keeps number and chain, and is found by what comes after."""
    forged = append(join(LINES[:place]), entry)

    assert first_bad(forged + join(LINES[place + 1 :])) == place + 1


@pytest.mark.parametrize("place", range(SIZE))
def test_a_removed_entry_is_named(place: int) -> None:
    """The first, one in the middle, the last."""
    assert first_bad(join([*LINES[:place], *LINES[place + 1 :]])) == place + 1


@pytest.mark.parametrize("place", range(SIZE))
def test_an_added_entry_is_named(place: int) -> None:
    """A copy is named where it stands, as the second of its number."""
    assert first_bad(join([*LINES[: place + 1], LINES[place], *LINES[place + 1 :]])) == place + 2


@settings(max_examples=40, deadline=None)
@given(st.permutations(LINES).filter(lambda lines: lines != LINES))
def test_another_order_is_found(lines: list[str]) -> None:
    """The first entry that is out of place is named."""
    expected = next(at for at, line in enumerate(lines) if line != LINES[at]) + 1

    assert first_bad(join(lines)) == expected


@pytest.mark.parametrize("count", range(SIZE))
def test_a_missing_end_is_named_by_who_saw_it(count: int) -> None:
    """Alone a shorter chain is whole, which is why heads are remembered."""
    shorter = join(LINES[:count])

    assert len(verify(shorter)) == count
    assert first_bad(shorter) == count + 1


@pytest.mark.parametrize("garbage", ["\n", "{}\n", "[1]\n", "\x00\n", "null\n", "entry", TEXT[:-1]])
def test_garbage_is_no_ledger(garbage: str) -> None:
    """Empty lines, other JSON, half a line."""
    with pytest.raises(LedgerError, match=r"entry \d of the ledger is damaged"):
        verify(garbage)


def test_another_way_to_write_an_entry_is_damage() -> None:
    """One value, one line: spaces, another order of keys or a doubled key are no entry."""
    loose = json.dumps(json.loads(LINES[0]))
    doubled = LINES[0].replace("{", '{"actor":"eve",', 1)

    for line in (loose, doubled):
        with pytest.raises(LedgerError, match="entry 1 of the ledger is damaged"):
            verify(join([line]))


def test_an_empty_ledger_is_whole() -> None:
    """Before the first entry there is nothing, and the head says so."""
    assert not verify("")
    assert head_of("").number == 0
    assert head_of(append("", make_entry())).number == 1


@pytest.mark.parametrize(
    "wrong", [{"bundle": "abc"}, {"time": "yesterday"}, {"look": 0}, {"kind": "win"}, {"more": 1}]
)
def test_what_is_no_entry_cannot_be_made(wrong: dict[str, object]) -> None:
    """Digests, times and kinds have their form before they are written."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_entry(**wrong)
