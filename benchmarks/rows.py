"""As many rows as wanted, resampled from a small table with noise: `rows.py CSV SCHEMA OUT N`."""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv

from contender.problem.schema import Column, Schema, load_schema

SEED: Final = 20260101
BATCH_ROWS: Final = 250_000
PLAIN: Final = pv.WriteOptions(quoting_style="none", quoting_header="none")
NOISE: Final = 0.05  # standard deviation of the factor that a number is multiplied by


def write_rows(source: Path, schema_file: Path, target: Path, count: int) -> None:
    """Write `count` rows, drawn from those of `source`, to the CSV file `target`."""
    schema = load_schema(schema_file)
    types = {name: kind_of(column) for name, column in schema.columns.items()}
    table = pv.read_csv(
        source, convert_options=pv.ConvertOptions(column_types=types, strings_can_be_null=True)
    )
    random = np.random.default_rng(SEED)
    with pv.CSVWriter(target, table.schema, write_options=PLAIN) as writer:
        for start in range(0, count, BATCH_ROWS):
            rows = range(start, min(start + BATCH_ROWS, count))
            writer.write_table(draw(table, rows, schema, random))


def draw(table: pa.Table, rows: range, schema: Schema, random: np.random.Generator) -> pa.Table:
    """As many rows as `rows` has numbers: ids made of them, floats varied, the rest as drawn."""
    drawn = table.take(pa.array(random.integers(0, table.num_rows, len(rows))))
    for index, name in enumerate(table.column_names):
        if name == schema.id:
            ids = pa.array([f"R{row:09d}" for row in rows])
            drawn = drawn.set_column(index, name, ids)
        elif schema.columns[name].dtype == "float":
            numbers = drawn[name].to_numpy() * random.normal(1, NOISE, len(rows))
            noisy = pa.array(np.abs(numbers).round(2), from_pandas=True)
            drawn = drawn.set_column(index, name, noisy)
    return drawn


def kind_of(column: Column) -> pa.DataType:
    """The type a raw column is read as: only floats are calculated with."""
    return pa.float64() if column.dtype == "float" else pa.string()


def main() -> None:
    """Write what the command line says."""
    source, schema, target, count = sys.argv[1:]
    write_rows(Path(source), Path(schema), Path(target), int(count))


if __name__ == "__main__":
    main()
