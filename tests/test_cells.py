"""Cells become numbers, truths, categories and times; what is none is named with its row."""

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender import cells
from contender.errors import DataError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def texts(*values: str | None) -> pa.Array:
    """A column as a CSV file gives it when some cell is no number."""
    return pa.array(values, pa.string())


@given(st.lists(st.none() | FINITE))
@settings(deadline=None)
def test_numbers_are_read_as_they_were_printed(values: list[float | None]) -> None:
    """The shortest text of a float64 is that float64; an empty cell is missing."""
    printed = texts(*["" if value is None else repr(value) for value in values])
    assert cells.as_number(printed, "c", whole=False).to_pylist() == values
    assert cells.as_number(pa.array(values, pa.float64()), "c", whole=False).to_pylist() == values


@given(st.lists(st.integers(-(2**53), 2**53)))
@settings(deadline=None)
def test_whole_numbers_are_whole_however_they_come(values: list[int]) -> None:
    """Text, integers and floats of the same numbers are the same column."""
    for column in (
        texts(*map(str, values)),
        pa.array(values, pa.int64()),
        pa.array(map(float, values), pa.float64()),
    ):
        assert cells.as_number(column, "c", whole=True).to_pylist() == values


def test_nan_is_missing() -> None:
    """A NaN in Parquet, or the word in a text, is no value."""
    for column in (pa.array([1.0, float("nan")]), texts("1", "nan")):
        assert cells.as_number(column, "c", whole=False).to_pylist() == [1.0, None]


@pytest.mark.parametrize(
    ("values", "whole", "said"),
    [
        (texts("1", "two"), False, "1 values that are not a number: `two` in row 2"),
        (texts("1,5"), False, "`1,5` in row 1"),
        (texts("1", None, "", "x"), False, "1 values .* `x` in row 4"),
        (texts(None, "2.5"), True, "1 values .* `2.5` in row 2"),
        (texts("a", "b", "c", "d"), False, "4 values .* `a` in row 1, `b` in row 2, `c` in row 3"),
        (texts("1.5", "2"), True, "1 values that are not a whole number: `1.5` in row 1"),
        (pa.array([1.0, float("inf")]), False, "not a finite number: `inf` in row 2"),
        (pa.array([None, -float("inf")]), True, "`-inf` in row 2"),
        (texts("0", "1e999"), False, "`inf` in row 2|`1e999` in row 2"),
    ],
)
def test_what_is_no_number_is_named(values: pa.Array, whole: bool, said: str) -> None:
    """Column, count, and the first three values with their rows."""
    with pytest.raises(DataError, match=f"`amount` .*(?:{said})"):
        cells.as_number(values, "amount", whole=whole)


TRUE, FALSE = ("1", "1.0", "true", "True", "YES", "yes"), ("0", "0.0", "false", "FALSE", "No", "no")


@given(st.lists(st.none() | st.booleans(), min_size=1), st.randoms())
@settings(deadline=None)
def test_truths_are_read_in_any_spelling(values: list[bool | None], random: Any) -> None:
    """Whatever word is used in each row, a truth is 1, a falsehood 0, nothing is missing."""
    spelt = [None if v is None else random.choice(TRUE if v else FALSE) for v in values]
    expected = [None if value is None else float(value) for value in values]
    for column in (texts(*spelt), texts(*spelt).dictionary_encode()):
        assert cells.as_boolean(column, "c").to_pylist() == expected
    plain = pa.array(values, pa.bool_())
    assert cells.as_boolean(plain, "c").to_pylist() == expected


@pytest.mark.parametrize("word", ["2", "maybe", "t", "0.5", "-1"])
def test_a_word_that_is_no_truth_is_named(word: str) -> None:
    """Nothing is guessed: only the six words count."""
    with pytest.raises(DataError, match=f"`flag` .* `{word}` in row 2"):
        cells.as_boolean(texts("yes", word), "flag")


@given(st.lists(st.none() | st.text()))
@settings(deadline=None)
def test_categories_keep_their_text(values: list[str | None]) -> None:
    """A category is its text, but for the empty one and for whole numbers written as floats."""
    got = cells.as_text(texts(*values)).to_pylist()
    for value, category in zip(values, got, strict=True):
        if not value:
            assert category is None
        elif not value.endswith(".0"):
            assert category == value
    assert cells.as_text(texts(*values)).null_count == got.count(None)
    assert cells.as_text(texts(*values).dictionary_encode()).to_pylist() == got
    assert cells.as_text(cells.as_text(texts(*values))).to_pylist() == got


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
@settings(deadline=None)
def test_codes_are_the_same_as_numbers_and_as_text(values: list[int]) -> None:
    """1, 1.0 and `1.0` are one category, with no second one beside it."""
    expected = [str(value) for value in values]
    mixed = [f"{value}.0" if index % 2 else str(value) for index, value in enumerate(values)]
    for column in (pa.array(values), texts(*mixed), texts(*mixed).dictionary_encode()):
        got = cells.as_text(column)
        assert got.to_pylist() == expected
        assert len(got.dictionary) == len(set(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31)),
        ("2026-01-31 10:20:30", datetime(2026, 1, 31, 10, 20, 30)),
        ("2026-01-31T10:20:30.5", datetime(2026, 1, 31, 10, 20, 30, 500_000)),
        ("", None),
    ],
)
def test_times_are_iso(text: str, expected: datetime | None) -> None:
    """Dates and times in the order of ISO 8601, to the microsecond."""
    assert cells.as_time(texts(text), "t").to_pylist() == [expected]


@pytest.mark.parametrize("text", ["31.01.2026", "01/31/2026", "2026-02-30", "soon", "1769817600"])
def test_other_dates_are_not_guessed(text: str) -> None:
    """Day or month first, a day that is none, a word: named, never guessed."""
    with pytest.raises(DataError, match=rf"`placed` .* `{text}` in row 2"):
        cells.as_time(texts("2026-01-01", text), "placed")


def test_ids_are_there_and_unique() -> None:
    """A missing id is named with its row, one given twice with its value."""
    cells.require_unique(cells.as_id(texts("a", "b")), "i")
    with pytest.raises(DataError, match="1 values that are not an id.*row 2"):
        cells.require_unique(cells.as_id(texts("a", "")), "i")
    with pytest.raises(DataError, match="names 1 rows more than once, the first `b`"):
        cells.require_unique(cells.as_id(texts("a", "b", "b", "b")), "i")


def test_no_cells_are_no_values() -> None:
    """An empty column is empty in every type."""
    nothing = texts()
    assert cells.as_text(nothing).to_pylist() == []
    assert cells.as_boolean(nothing, "c").to_pylist() == []
    assert cells.as_number(nothing, "c", whole=True).to_pylist() == []
    assert cells.as_time(nothing, "c").to_pylist() == []
