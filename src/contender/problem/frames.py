"""From a typed table to what an estimator and an ONNX graph take."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contender.errors import DataError
from contender.problem.features import MISSING
from contender.problem.schema import Schema, Task


def feature_columns(table: pa.Table, schema: Schema) -> dict[str, np.ndarray]:
    """One array of shape (n_rows,) a feature: float64 with NaN, or text with "" for missing.

    Numbers are rounded to float32, as the served graph sees them, so that no tree puts a
    threshold between two values that the graph cannot tell apart.

    Raises:
        DataError: a number is too large for float32.
    """
    return {
        name: _numbers(table[name], name) if name in schema.numeric else _texts(table[name])
        for name in schema.features
    }


def encode_target(table: pa.Table, schema: Schema) -> np.ndarray:
    """The target of each row: the index of its class as int64, or float64 for a regression.

    Raises:
        DataError: a target is missing, or is no class of the schema.
    """
    values = table[schema.target].combine_chunks()
    if schema.task is Task.REGRESSION:
        encoded = values
    else:
        encoded = pc.index_in(values.cast(pa.string()), value_set=pa.array(schema.classes))
    if encoded.null_count:
        row = pc.indices_nonzero(pc.is_null(encoded))[0].as_py()
        raise DataError(
            f"the target `{schema.target}` of {encoded.null_count} rows is missing or no class of "
            f"data/schema.yaml, the first `{values[row].as_py()}` in row {row + 1}.",
            hint="correct those rows, or the `categories` of the target",
        )
    wanted = np.float64 if schema.task is Task.REGRESSION else np.int64
    return np.asarray(encoded.to_numpy(zero_copy_only=False), dtype=wanted)


def to_frame(columns: dict[str, np.ndarray]) -> Any:
    """The columns as a pandas frame for scikit-learn; text stays text."""
    import pandas as pd

    series = {
        name: pd.Series(values, dtype=values.dtype, copy=False) for name, values in columns.items()
    }
    return pd.DataFrame(series, copy=False)


def spaced(table: pa.Table, rows: int) -> pa.Table:
    """All rows of `table`, or `rows` of them evenly spaced when there are more."""
    if table.num_rows <= rows:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, rows).astype(np.int64)))


def _numbers(values: pa.ChunkedArray, name: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        numbers = np.asarray(values.to_numpy(), dtype=np.float32).astype(np.float64)
    if np.isinf(numbers).any():
        row = int(np.argmax(np.isinf(numbers)))
        raise DataError(
            f"the column `{name}` has `{values[row].as_py():g}` in row {row + 1}; expected numbers "
            f"up to {np.finfo(np.float32).max:.1g}, the most that the served graph can hold.",
            hint="correct the value, or give the column a `range` in data/schema.yaml",
        )
    return numbers


def _texts(values: pa.ChunkedArray) -> np.ndarray:
    """The texts as Python objects shared between equal cells: 8 bytes a row, not 60."""
    flat = values.combine_chunks()
    coded = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
    labels = np.asarray([*coded.dictionary.to_pylist(), MISSING], dtype=object)
    codes = pc.fill_null(coded.indices, len(labels) - 1)
    return np.asarray(labels[codes.to_numpy()])
