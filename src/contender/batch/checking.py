"""A chunk of rows becomes what the model takes, under the rules that the service has for a call."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contender import cells, delivery
from contender.params import ServingParams
from contender.problem.frames import feature_columns
from contender.problem.limits import known_categories, number_limits
from contender.problem.schema import Schema

ROW: Final = "row"  # the name of the number of a row that has no id


class Checker:
    """What the schema of a model and the policies of the service ask of every cell."""

    def __init__(self, schema: Schema, params: ServingParams) -> None:
        self._schema = schema
        columns = {name: schema.columns[name] for name in schema.features}
        self._limits = {name: number_limits(columns[name], params) for name in schema.numeric}
        self._known = {
            name: pa.array(known)
            for name in schema.categorical
            if (known := known_categories(columns[name], params))
        }

    def features(self, batch: pa.RecordBatch) -> dict[str, np.ndarray]:
        """The features as the model takes them, one array each.

        Raises:
            CellError: a cell has the wrong type, is missing where none may be, out of range, or
                an unknown category; rows are counted from the first of `batch`.
            DataError: a column has a type that no cell can have.
        """
        typed = {name: self._feature(batch.column(name), name) for name in self._schema.features}
        return feature_columns(pa.table(typed), self._schema)

    def ids(self, batch: pa.RecordBatch, before: int) -> pa.Array:
        """The id of each row; its number in the file where there is none.

        Raises:
            CellError: an id is missing.
        """
        name = self._schema.id
        if name not in batch.schema.names:
            return pa.array(np.arange(before, before + batch.num_rows) + 1)
        ids = delivery.type_column(batch.column(name), name, self._schema)
        cells.require_there(ids, name, "an id")
        return ids

    def _feature(self, values: pa.Array, name: str) -> pa.Array:
        values = delivery.type_column(values, name, self._schema)
        if not self._schema.columns[name].nullable:
            cells.require_there(values, name, "given (the column is not nullable)")
        if name in self._limits:
            _require_within(values, name, *self._limits[name])
        elif name in self._known:
            _require_known(values, name, self._known[name])
        return values


def _require_within(values: pa.Array, name: str, low: float, high: float) -> None:
    found: Mapping[str, Any] = pc.min_max(values).as_py()
    if found["min"] is not None and not low <= found["min"] <= found["max"] <= high:
        bad = pc.or_(pc.less(values, low), pc.greater(values, high))
        cells.refuse(values, bad, name, f"from {low:g} to {high:g}")


def _require_known(values: pa.Array, name: str, known: pa.Array) -> None:
    is_known = pc.is_in(values.dictionary, value_set=known)
    if not pc.all(is_known).as_py():  # an entry of the dictionary that no cell has is harmless
        bad = pc.invert(is_known.take(values.indices))
        cells.refuse(values, bad, name, f"one of {', '.join(known.to_pylist())}")
