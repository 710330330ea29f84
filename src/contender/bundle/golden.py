"""Golden records: rows made up from the schema, and what the model says to them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from contender.errors import PredictionError
from contender.inference import Predictor
from contender.problem.schema import Column, Schema, category_text

TOLERANCE: Final = 1e-6  # float32 sums in another order, on another processor

Record = Mapping[str, str | float | bool | None]


@dataclass(frozen=True)
class Golden:
    """Records as `/predict` takes them, with the prediction of each: a number, or one a class."""

    records: Sequence[Record]
    predictions: Sequence[Any]


def make_golden(graph: bytes, schema: Schema) -> Golden:
    """Records at the low end, the middle and the high end of the schema, and one with nulls.

    No row of the data leaves it.

    Raises:
        PredictionError: the model cannot predict rows of its own schema.
    """
    features = {name: schema.columns[name] for name in schema.features}
    records: list[Record] = [
        {name: _value(column, share) for name, column in features.items()}
        for share in (0.0, 0.5, 1.0)
    ]
    if nulls := {name: None for name, column in features.items() if column.nullable}:
        records.append({**records[1], **nulls})
    predictions = Predictor(graph).predict(to_columns(records, schema))
    return Golden(records, predictions.tolist())


def prove(predictions: Sequence[Any], golden: Golden) -> None:
    """Nothing, once `predictions` are the golden ones.

    Raises:
        PredictionError: one differs by more than 1e-6, relative to it where it is larger than 1.
    """
    actual, expected = np.asarray(predictions, float), np.asarray(golden.predictions, float)
    is_comparable = actual.shape == expected.shape and actual.size > 0
    if not is_comparable or not np.allclose(actual, expected, rtol=TOLERANCE, atol=TOLERANCE):
        raise PredictionError(
            f"the golden records give `{actual.tolist()}`; expected `{expected.tolist()}`.",
            hint="this processor or ONNX Runtime computes the model differently: do not serve it",
        )


def to_columns(records: Sequence[Record], schema: Schema) -> dict[str, list[Any]]:
    """The records as the model takes them: NaN for a missing number, "" for a missing text."""
    missing = {name: math.nan if name in schema.numeric else "" for name in schema.features}
    return {
        name: [missing[name] if record[name] is None else record[name] for record in records]
        for name in schema.features
    }


def _value(column: Column, share: float) -> str | float | bool:
    """The value of `column` that lies at `share` of the way from its first to its last."""
    if not column.is_numeric:
        names = column.categories or ("golden",)
        return category_text(names[round(share * (len(names) - 1))])
    if column.dtype == "boolean":
        return share == 1
    low, high = column.range or (None, None)
    first = low if low is not None else min(0.0, 0.0 if high is None else high)
    last = high if high is not None else max(1.0, first)
    if column.dtype == "float":
        return first + share * (last - first)
    return math.ceil(first) + round(share * (math.floor(last) - math.ceil(first)))
