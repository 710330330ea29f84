"""Stage 1: the raw table as delivered becomes a typed one, or the first bad cell is named."""

import codecs
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from contender import cells, files
from contender.errors import DataError
from contender.params import IngestParams, Params
from contender.paths import Paths
from contender.problem.schema import Column, Schema, Task, load_schema


def run(params: Params, paths: Paths, *, subset: int | None = None) -> str:
    """Write the typed table; what was done in one sentence. `subset` keeps that many rows only."""
    schema = load_schema(paths.schema)
    raw = read_raw(paths.root / params.ingest.source, schema, params.ingest)
    table = type_table(raw, schema)
    if subset is not None:
        table = spread(table, subset)
    with files.replacing(paths.table) as stream:
        pq.write_table(table, stream)
    return f"{table.num_rows:,} rows, {table.num_columns} columns typed"


def read_raw(source: Path, schema: Schema, params: IngestParams) -> pa.Table:
    """The columns of `schema` as they stand in `source`, numbers parsed where that is possible.

    Raises:
        DataError: the file is missing, empty or unreadable, or its columns are not those of the
            schema.
    """
    if not source.is_file():
        raise DataError(
            f"the raw data `{source}` is missing; expected a CSV or Parquet file.",
            hint="`make data` fetches it; `ingest.source` in params.yaml names it",
        )
    if source.stat().st_size == 0:
        raise DataError(
            f"the raw data `{source}` is empty (0 bytes); expected a header and rows.",
            hint="`rm` it and run `make data`",
        )
    parquet = source.suffix == ".parquet"
    table = _read_parquet(source) if parquet else _read_csv(source, schema, params)
    _require_columns(table.column_names, schema, source, params)
    if table.num_rows == 0:
        raise DataError(
            f"the raw data `{source}` has a header but no rows; expected at least one.",
            hint="deliver the data again, or `rm` the file and run `make data`",
        )
    return table.select(list(schema.columns))


def type_table(raw: pa.Table, schema: Schema) -> pa.Table:
    """`raw` with numbers as float64, categories as text, times as timestamps; ids unique.

    Raises:
        DataError: a value has the wrong type (names the column and the first bad rows), or an id
            is missing or given twice.
    """
    columns = {}
    for name, column in schema.columns.items():
        if column.role == "ignored":
            continue
        try:
            columns[name] = _typed(raw[name].combine_chunks(), name, column, schema)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"the column `{name}` holds `{raw[name].type}`; expected {column.dtype} ({error}).",
                hint="flatten it before it is delivered, or give it the role ignored",
            ) from error
    cells.require_unique(columns[schema.id], schema.id)
    return pa.table(columns)


def spread(table: pa.Table, rows: int) -> pa.Table:
    """At most `rows` rows of `table`, evenly spaced, in their order."""
    kept = min(rows, table.num_rows)
    return table.take(pa.array([index * table.num_rows // kept for index in range(kept)]))


def _read_parquet(source: Path) -> pa.Table:
    try:
        return pq.read_table(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"`{source}` cannot be read as Parquet: {error}; it may be truncated.",
            hint="`rm` it and run `make data`, or deliver it again",
        ) from error


def _read_csv(source: Path, schema: Schema, params: IngestParams) -> pa.Table:
    _require_encoding(source, params.encoding)
    types = {name: _parsed_as(column) for name, column in schema.columns.items()}
    try:
        return _parse(source, params, types)
    except ValueError as error:
        if "conversion error" not in str(error):
            raise _unreadable(source, params, error) from error
    try:  # some number is no number: read text, so that the column and its rows can be named
        return _parse(source, params, dict.fromkeys(schema.columns, pa.string()))
    except ValueError as error:
        raise _unreadable(source, params, error) from error


def _parse(source: Path, params: IngestParams, types: dict[str, pa.DataType]) -> pa.Table:
    return pv.read_csv(
        source,
        read_options=pv.ReadOptions(encoding=params.encoding),
        parse_options=pv.ParseOptions(delimiter=params.delimiter, newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types=types,
            null_values=list(params.missing),
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _parsed_as(column: Column) -> pa.DataType:
    """Text where every value may differ, numbers where they are, categories for all the rest."""
    if column.role in ("id", "time"):
        return pa.string()
    return pa.float64() if column.dtype in ("float", "integer") else cells.TEXT


def _unreadable(source: Path, params: IngestParams, error: Exception) -> DataError:
    return DataError(
        f"`{source}` cannot be read as CSV with the delimiter `{params.delimiter}`: {error}; "
        "a file cut off in the middle of a row looks like this.",
        hint="deliver it again (or `rm` it and run `make data`), or set `ingest.delimiter`",
    )


def _require_encoding(source: Path, encoding: str) -> None:
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


def _require_columns(names: list[str], schema: Schema, source: Path, params: IngestParams) -> None:
    missing = [name for name in schema.columns if name not in names]
    unknown = [name for name in names if name not in schema.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if len(names) == 1 and missing:
        raise DataError(
            f"`{source}` has one column, `{names[0][:80]}`, with the delimiter "
            f"`{params.delimiter}`; expected {len(schema.columns)}.",
            hint="set `ingest.delimiter` in params.yaml",
        )
    if missing or unknown or twice:
        found = [("missing", missing), ("unknown", unknown), ("given twice", twice)]
        said = "; ".join(f"{what}: `{', '.join(which)}`" for what, which in found if which)
        raise DataError(
            f"`{source}` does not have the columns of data/schema.yaml: {said}.",
            hint="correct the file, or data/schema.yaml (role: ignored for what is not needed)",
        )


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
        return cells.as_time(values, name)
    return cells.as_id(values) if column.role == "id" else cells.as_text(values)
