"""From the text of cells to typed columns, or an error that names the column and its bad rows."""

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contender.errors import CellError, DataError

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
_TRUTHS: Final = {"1": 1.0, "1.0": 1.0, "true": 1.0, "yes": 1.0}
_FALSEHOODS: Final = {"0": 0.0, "0.0": 0.0, "false": 0.0, "no": 0.0}


def as_text(values: pa.Array) -> pa.Array:
    """The values as categories; `1.0` and `1` become the same one, and an empty text is missing."""
    if not pa.types.is_dictionary(values.type):
        values = values.cast(pa.string()).dictionary_encode()
    texts = [_category(text) for text in values.dictionary.cast(pa.string()).to_pylist()]
    if None not in texts and len(set(texts)) == len(texts):
        return pa.DictionaryArray.from_arrays(values.indices, pa.array(texts, pa.string()))
    merged = pa.array(texts, pa.string()).take(values.indices)
    return merged.dictionary_encode()


def _category(text: str | None) -> str | None:
    whole = (text or "").removesuffix(".0")
    return whole if whole.lstrip("-").isdigit() else text or None


def as_id(values: pa.Array) -> pa.Array:
    """The values as text, null where empty."""
    return _without_blanks(values.cast(pa.string()))


def as_boolean(values: pa.Array, name: str) -> pa.Array:
    """The values as 0.0 and 1.0, null where missing or NaN.

    Raises:
        CellError: a value is none of 0, 1, true, false, yes and no.
    """
    expected = "a boolean (0, 1, true, false, yes or no)"
    if _is_number(values.type):
        numbers = _without_nan(values.cast(pa.float64(), safe=False))
        truths = pc.equal(numbers, 1).cast(pa.float64())
        refuse(values, pc.not_equal(numbers, truths), name, expected)
        return numbers
    values = as_text(values)
    meanings = _TRUTHS | _FALSEHOODS
    read = [meanings.get(str(text).lower()) for text in values.dictionary.to_pylist()]
    numbers = pa.array(read, pa.float64()).take(values.indices)
    refuse(values, pc.and_(pc.is_null(numbers), pc.is_valid(values)), name, expected)
    return numbers


def as_number(values: pa.Array, name: str, *, whole: bool) -> pa.Array:
    """The values as finite float64, null where missing or NaN.

    Raises:
        CellError: a value is no number, is infinite, or has a fraction where `whole` is asked.
    """
    numbers = _without_nan(_converted(values, name, pa.float64(), "a number"))
    bad = pc.invert(pc.is_finite(numbers))
    if whole:
        bad = pc.or_(bad, pc.not_equal(numbers, pc.floor(numbers)))
    refuse(values, bad, name, "a whole number" if whole else "a finite number")
    return numbers


def _converted(values: pa.Array, name: str, kind: pa.DataType, expected: str) -> pa.Array:
    try:
        return _without_blanks(values).cast(kind, safe=False)  # an int64 may need rounding
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        texts = _without_blanks(values.cast(pa.string()))
        bad = pa.array([_fails(text, kind) for text in texts.to_pylist()], pa.bool_())
        raise _bad_cells(texts, bad, name, expected) from None


def _is_number(kind: pa.DataType) -> bool:
    kinds = pa.types
    return bool(kinds.is_boolean(kind) or kinds.is_integer(kind) or kinds.is_floating(kind))


def _without_nan(numbers: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _without_blanks(values: pa.Array) -> pa.Array:
    """The values with null for the empty texts that a quoted empty cell leaves."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return values
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


def _fails(text: str | None, kind: pa.DataType) -> bool:
    try:
        pa.scalar(text, pa.string()).cast(kind)
    except pa.ArrowInvalid:
        return True
    return False


def refuse(values: pa.Array, bad: pa.Array, name: str, expected: str) -> None:
    """Nothing, once no entry of `bad` is true.

    Raises:
        CellError: one is; it names the column and the first bad rows.
    """
    if pc.any(bad).as_py():
        raise _bad_cells(values, bad, name, expected)


def require_there(values: pa.Array, name: str, expected: str) -> None:
    """Nothing, once no value is missing.

    Raises:
        CellError: one is.
    """
    if values.null_count:
        raise _bad_cells(values, pc.is_null(values), name, expected)


def _bad_cells(values: pa.Array, bad: pa.Array, name: str, expected: str) -> CellError:
    rows = pc.indices_nonzero(pc.fill_null(bad, False)).to_pylist()
    return CellError(
        name,
        expected,
        count=len(rows),
        shown={row + 1: values[row].as_py() for row in rows[:3]},
        hint="correct those cells, or the `dtype` of the column in data/schema.yaml",
    )


def as_time(values: pa.Array, name: str, layout: str | None = None) -> pa.Array:
    """The values as timestamps in microseconds, null where missing.

    Texts are read by `layout`, in the notation of strptime; by ISO 8601 without one.

    Raises:
        CellError: a value is no such date or time.
    """
    if layout is None or pa.types.is_temporal(values.type):
        return _converted(values, name, pa.timestamp("us"), "a date such as 2026-01-31")
    texts = _without_blanks(values.cast(pa.string()))
    times = pc.strptime(texts, format=layout, unit="us", error_is_null=True)
    bad = pc.and_(pc.is_null(times), pc.is_valid(texts))
    refuse(texts, bad, name, f"a date written as {layout}")
    return times


def require_unique(ids: pa.Array, name: str) -> None:
    """Nothing, once every id is there and names one row.

    Raises:
        DataError: an id is missing or given twice.
    """
    require_there(ids, name, "an id")
    if len(pc.unique(ids)) == len(ids):
        return
    counts: Any = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    raise DataError(
        f"the id column `{name}` names {len(twice)} rows more than once, "
        f"the first `{twice[0].as_py()}`; expected one row an id.",
        hint="remove the duplicates, or choose another column for the role id",
    )
