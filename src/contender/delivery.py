"""A table as somebody delivers it, for training or for prediction: its text, columns and types."""

import codecs
import io
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv

from contender import cells
from contender.errors import DataError
from contender.params import IngestParams
from contender.problem.schema import Column, Schema, Task


def csv_options(params: IngestParams, types: dict[str, pa.DataType]) -> dict[str, Any]:
    """How Arrow parses a CSV file whose columns have `types`."""
    return {
        "parse_options": pv.ParseOptions(delimiter=params.delimiter, newlines_in_values=True),
        "convert_options": pv.ConvertOptions(
            column_types=types,
            decimal_point=params.decimal,
            null_values=list(params.missing),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    }


def parsed_as(column: Column) -> pa.DataType:
    """Text where every value may differ, numbers where they are, categories for all the rest."""
    if column.role in ("id", "time"):
        return pa.string()
    return pa.float64() if column.dtype in ("float", "integer") else cells.TEXT


def unreadable_csv(source: Path, params: IngestParams, error: Exception) -> DataError:
    """What to raise for an `error` of Arrow's about the CSV file `source`."""
    return DataError(
        f"`{source}` cannot be read as CSV with the delimiter `{params.delimiter}`: {error}; "
        "a file cut off in the middle of a row looks like this.",
        hint="deliver it again (or `rm` it and run `make data`), or set `ingest.delimiter`",
    )


def unreadable_parquet(source: Path, error: Exception) -> DataError:
    """What to raise for an `error` of Arrow's about the Parquet file `source`."""
    return DataError(
        f"`{source}` cannot be read as Parquet: {error}; it may be truncated.",
        hint="deliver it again (or `rm` it and run `make data`)",
    )


def require_encoding(source: Path, encoding: str) -> None:
    """Nothing, once all of `source` is text in `encoding`.

    Raises:
        DataError: the encoding is unknown, or the file is in another one (names the line).
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # refuses codecs of something other than text
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise DataError(
            f"the encoding `{encoding}` is unknown; expected a name such as utf-8 or latin-1.",
            hint="set `ingest.encoding` in params.yaml",
        ) from error
    line = 1
    with source.open("rb") as stream:
        more = True
        while more:
            block = stream.read(1 << 20)
            more = bool(block)
            try:
                decoder.decode(block, final=not more)
            except UnicodeError as error:
                line += block.count(b"\n", 0, getattr(error, "start", 0))
                reason = getattr(error, "reason", error)
                raise DataError(
                    f"`{source}` is not {encoding}: {reason} near line {line}; "
                    "expected the encoding that `ingest.encoding` names.",
                    hint="try `ingest.encoding: latin-1` (or cp1252) in params.yaml",
                ) from error
            line += block.count(b"\n")


def name_differences(
    names: Sequence[str], *, known: Collection[str], needed: Collection[str]
) -> str:
    """Which of the `needed` are missing in `names`, and which are not `known` or given twice.

    Empty when there is nothing to say.
    """
    found = {
        "missing": [name for name in needed if name not in names],
        "unknown": [name for name in names if name not in known],
        "given twice": sorted({name for name in names if names.count(name) > 1}),
    }
    return "; ".join(f"{what}: `{', '.join(which)}`" for what, which in found.items() if which)


def type_column(values: pa.Array, name: str, schema: Schema) -> pa.Array:
    """The column `name` with numbers as float64, categories as text, times as timestamps.

    Raises:
        CellError: a value has the wrong type; it names the first bad rows.
        DataError: no value can have the right one: lists, bytes ...
    """
    column = schema.columns[name]
    try:
        return _typed(values, name, column, schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"the column `{name}` holds `{values.type}`; expected {column.dtype} ({error}).",
            hint="flatten it before it is delivered, or give it the role ignored",
        ) from error


def _typed(values: pa.Array, name: str, column: Column, schema: Schema) -> pa.Array:
    if column.dtype == "boolean":
        values = cells.as_boolean(values, name)
    if name == schema.target and schema.task is not Task.REGRESSION:
        return cells.as_text(values)
    if column.dtype == "boolean":
        return values
    if column.is_numeric and column.role not in ("id", "group"):
        return cells.as_number(values, name, whole=column.dtype == "integer")
    if column.dtype == "datetime":
        return cells.as_time(values, name, column.format)
    return cells.as_id(values) if column.role == "id" else cells.as_text(values)
