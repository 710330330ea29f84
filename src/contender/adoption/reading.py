"""A file as it was delivered: its dialect is found out, its cells are read as text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from contender import cells, delivery
from contender.errors import DataError
from contender.params import IngestParams

PEEK_BYTES: Final = 1 << 18
PEEK_ROWS: Final = 500
DELIMITERS: Final = ",;\t|"
REGULAR: Final = 0.9  # share of the first records that must have equally many fields
KINDS: Final = {
    b"PAR1": "Parquet without `.parquet` in its name",
    b"\x1f\x8b": "gzip",
    b"PK": "a ZIP file or a spreadsheet",
    b"\xd0\xcf": "Excel",
}
BLANKS: Final = frozenset(("?", "-", "--", ".", "n/a", "N/A", "#N/A", "na", "nan", "NULL", "None"))
_COMMA: Final = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Delivery:
    """The cells of a file as text, with how `ingest` has to read them.

    `columns` are dictionary arrays; a column of lists or bytes is None.
    """

    source: Path
    params: IngestParams
    rows: int
    columns: Mapping[str, pa.DictionaryArray | None]


def read_delivery(source: Path, params: IngestParams) -> Delivery:
    """What `source` holds, and `params` with the dialect that it is written in.

    Raises:
        DataError: the file is missing, empty, no table, or two columns have one name.
    """
    if not source.is_file() or source.stat().st_size == 0:
        raise DataError(
            f"`{source}` is {'empty (0 bytes)' if source.is_file() else 'missing'}; "
            "expected a CSV or Parquet file with a header and rows.",
            hint="check the path, or deliver the file again",
        )
    with source.open("rb") as stream:
        start = stream.read(PEEK_BYTES)
    if source.suffix == ".parquet":
        return _read_parquet(source, params)
    return _read_csv(source, start, params)


def _read_parquet(source: Path, params: IngestParams) -> Delivery:
    try:
        table = pq.read_table(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise delivery.unreadable_parquet(source, error) from error
    _require_table(source, table.column_names, table.num_rows)
    columns = {name: _as_text(table[name].combine_chunks()) for name in table.column_names}
    return Delivery(source, params, table.num_rows, columns)


def _read_csv(source: Path, start: bytes, params: IngestParams) -> Delivery:
    for magic, kind in KINDS.items():
        if start.startswith(magic):
            raise _no_text(source, f"is {kind}")
    encoding = find_encoding(source, start)
    delimiter, header = find_delimiter(source, start, encoding)
    _require_table(source, header, rows=1)
    found = {"delimiter": delimiter, "encoding": encoding, "decimal": "."}
    params = params.model_copy(update=found)
    columns = _parse(source, header, params)
    blanks = [text for text in _find_blanks(columns) if text not in params.missing]
    decimal = "," if _has_decimal_commas(columns) else "."
    if blanks:
        params = params.model_copy(update={"missing": (*params.missing, *blanks)})
        columns = _parse(source, header, params)
    rows = len(next(iter(columns.values())))
    _require_table(source, header, rows)
    return Delivery(source, params.model_copy(update={"decimal": decimal}), rows, columns)


def find_encoding(source: Path, start: bytes) -> str:
    """The encoding of the text in `source`, which begins with `start`.

    Raises:
        DataError: it is no text.
    """
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in start:
        raise _no_text(source, "has bytes that are no text")
    for encoding in ("utf-8", "cp1252"):
        try:
            delivery.require_encoding(source, encoding)
        except DataError:
            continue
        return encoding
    return "latin-1"


def find_delimiter(source: Path, start: bytes, encoding: str) -> tuple[str, list[str]]:
    """What separates the fields, and the names in the first record.

    The delimiter that gives the most fields, as many in nearly every record as in the first one.

    Raises:
        DataError: no delimiter gives two columns, or the first record has no names.
    """
    text = start.decode(encoding, errors="ignore").removeprefix("\ufeff")
    fits: list[tuple[bool, int, str, list[str]]] = []
    for delimiter in DELIMITERS:
        records = _records(text, delimiter, whole=len(start) < PEEK_BYTES) or [[]]
        width, times = Counter(map(len, records)).most_common(1)[0]
        if times >= REGULAR * len(records):
            fits.append((len(records[0]) == width > 1, width, delimiter, records[0]))
    _, width, delimiter, names = max(fits, key=lambda fit: fit[:2], default=(False, 0, ",", []))
    _require_names(source, names, width)
    return delimiter, names


def _require_names(source: Path, names: list[str], width: int) -> None:
    if width < 2:
        raise DataError(
            f"`{source}` is not separated by any of `, ; | ` or tabs into two or more columns; "
            "expected a target and at least one other column.",
            hint="save it as CSV with one header line and as many fields in every row",
        )
    if len(names) != width:
        raise DataError(
            f"the first line of `{source}` has {len(names)} fields, those below {width}: "
            f"`{', '.join(names)[:60]}`; expected the names of the columns.",
            hint="remove what stands above the header",
        )
    if all(_is_number(name) for name in names if name):
        raise DataError(
            f"the first line of `{source}` holds only numbers (`{', '.join(names[:4])}` ...); "
            "expected the names of the columns.",
            hint="put a header line on top",
        )


def _records(text: str, delimiter: str, *, whole: bool) -> list[list[str]]:
    """The first records, blank ones left out, without the last one if the text is cut off."""
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if record:
                records.append(record)
            if len(records) > PEEK_ROWS:
                return records
    except csv.Error:
        return []
    return records if whole else records[:-1]


def _parse(source: Path, names: list[str], params: IngestParams) -> dict[str, pa.DictionaryArray]:
    options = delivery.csv_options(params, dict.fromkeys(names, cells.TEXT))
    read_options = pv.ReadOptions(encoding=params.encoding)
    try:
        table = pv.read_csv(source, read_options=read_options, **options)
    except ValueError as error:
        raise delivery.unreadable_csv(source, params, error) from error
    return {name: cells.as_text(table[name].combine_chunks()) for name in table.column_names}


def _require_table(source: Path, names: list[str], rows: int) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(
            f"`{source}` has more than one column named `{'`, `'.join(twice)}`; "
            "expected a name of its own for each.",
            hint="rename or remove them in the header",
        )
    if rows == 0:
        raise DataError(
            f"`{source}` has {len(names)} columns and no rows; expected some.",
            hint="deliver it again with its rows",
        )


def _as_text(values: pa.Array) -> pa.DictionaryArray | None:
    """The cells of a Parquet column as `ingest` would see them in a CSV file."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    if pa.types.is_nested(values.type) or pa.types.is_binary(values.type):
        return None
    try:
        return cells.as_text(values.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _find_blanks(columns: Mapping[str, pa.DictionaryArray]) -> list[str]:
    """Signs for "no value" that alone keep a column from being numbers."""
    found: set[str] = set()
    for values in columns.values():
        texts = set(values.dictionary.to_pylist()) - {None}
        blanks = texts & BLANKS
        if blanks and len(texts) > len(blanks) and all(map(_is_number, texts - blanks)):
            found |= blanks
    return sorted(found)


def _has_decimal_commas(columns: Mapping[str, pa.DictionaryArray]) -> bool:
    """True when a column holds `1,5`; three digits throughout may as well be thousands."""
    for values in columns.values():
        texts = [text for text in values.dictionary.to_pylist() if text is not None]
        commas = [text for text in texts if _COMMA.fullmatch(text)]
        if commas and all(_is_number(text.replace(",", ".")) for text in texts):
            return any(len(text.partition(",")[2]) != 3 for text in commas)
    return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def _no_text(source: Path, why: str) -> DataError:
    return DataError(
        f"`{source}` {why}; expected CSV as plain text, or Parquet.",
        hint="unpack it, or save it as CSV or Parquet",
    )
