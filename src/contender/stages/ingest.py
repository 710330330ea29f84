"""Stage 1: the raw table as delivered becomes a typed one, or the first bad cell is named."""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

from contender import cells, delivery, files
from contender.errors import DataError
from contender.params import IngestParams, Params
from contender.paths import Paths
from contender.problem.schema import Schema, load_schema


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
    if schema.columns[schema.id].numbered:
        numbers = pa.array(range(1, table.num_rows + 1), pa.int64()).cast(pa.string())
        table = table.append_column(schema.id, numbers)
    return table.select(list(schema.columns))


def type_table(raw: pa.Table, schema: Schema) -> pa.Table:
    """`raw` with numbers as float64, categories as text, times as timestamps; ids unique.

    Raises:
        DataError: a value has the wrong type (names the column and the first bad rows), or an id
            is missing or given twice.
    """
    columns = {
        name: delivery.type_column(raw[name].combine_chunks(), name, schema)
        for name, column in schema.columns.items()
        if column.role != "ignored"
    }
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
        raise delivery.unreadable_parquet(source, error) from error


def _read_csv(source: Path, schema: Schema, params: IngestParams) -> pa.Table:
    delivery.require_encoding(source, params.encoding)
    types = {name: delivery.parsed_as(column) for name, column in schema.columns.items()}
    try:
        return _parse(source, params, types)
    except ValueError as error:
        if "conversion error" not in str(error):
            raise delivery.unreadable_csv(source, params, error) from error
    try:  # some number is no number: read text, so that the column and its rows can be named
        return _parse(source, params, dict.fromkeys(schema.columns, pa.string()))
    except ValueError as error:
        raise delivery.unreadable_csv(source, params, error) from error


def _parse(source: Path, params: IngestParams, types: dict[str, pa.DataType]) -> pa.Table:
    read_options = pv.ReadOptions(encoding=params.encoding)
    return pv.read_csv(source, read_options=read_options, **delivery.csv_options(params, types))


def _require_columns(names: list[str], schema: Schema, source: Path, params: IngestParams) -> None:
    said = delivery.name_differences(names, known=schema.delivered, needed=schema.delivered)
    if len(names) == 1:
        raise DataError(
            f"`{source}` has one column, `{names[0][:80]}`, with the delimiter "
            f"`{params.delimiter}`; expected {len(schema.delivered)}.",
            hint="set `ingest.delimiter` in params.yaml",
        )
    if said:
        raise DataError(
            f"`{source}` does not have the columns of data/schema.yaml: {said}.",
            hint="correct the file, or data/schema.yaml (role: ignored for what is not needed)",
        )
