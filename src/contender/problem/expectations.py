"""The Great Expectations suite, written from the schema and from what the data shows."""

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from contender.problem.schema import Column, Schema, Task, category_text

COMMAND: Final = "make expectations"


def write_suite(table: pa.Table, schema: Schema, *, min_rows: int) -> dict[str, Any]:
    """The suite as JSON: what the schema says of each column, and what the data shows of it.

    What the schema says is critical. What is only learnt from today's data (means, null rates)
    is a warning, with room on both sides: it is shown and does not stop the pipeline.
    """
    kept = [name for name, column in schema.columns.items() if column.role != "ignored"]
    rules = [
        _rule("expect_table_columns_to_match_ordered_list", column_list=kept),
        _rule("expect_table_row_count_to_be_between", min_value=min_rows),
    ]
    for name in kept:
        rules += _column_rules(name, schema.columns[name], table[name], schema)
    return {
        "meta": {"generated_by": f"{COMMAND} from data/schema.yaml and the table of ingest"},
        "name": schema.dataset,
        "expectations": rules,
    }


def _column_rules(
    name: str, column: Column, values: pa.ChunkedArray, schema: Schema
) -> Iterator[dict[str, Any]]:
    if not column.nullable:
        yield _rule("expect_column_values_to_not_be_null", column=name)
    else:
        share = 1 - values.null_count / max(1, len(values))
        floor = round(max(0.0, share - 0.1), 2)
        yield _rule("expect_column_values_to_not_be_null", column=name, mostly=floor, learnt=True)
    if name == schema.target and schema.task is not Task.REGRESSION:
        labels = sorted(schema.classes)
        yield _rule("expect_column_distinct_values_to_equal_set", column=name, value_set=labels)
    elif column.dtype == "boolean":
        yield _rule("expect_column_values_to_be_in_set", column=name, value_set=[0.0, 1.0])
    elif column.is_numeric and column.role in ("feature", "target"):
        yield from _number_rules(name, column, values)
    elif column.categories:
        labels = [category_text(value) for value in column.categories]
        yield _rule("expect_column_values_to_be_in_set", column=name, value_set=labels)


def _number_rules(name: str, column: Column, values: pa.ChunkedArray) -> Iterator[dict[str, Any]]:
    low, high = column.range or (None, None)
    if low is not None or high is not None:
        kind = "expect_column_values_to_be_between"
        yield _rule(kind, column=name, min_value=low, max_value=high)
    mean, spread = pc.mean(values).as_py(), pc.stddev(values).as_py()
    if mean is None or not spread:
        return
    near = {"min_value": _short(mean - spread / 2), "max_value": _short(mean + spread / 2)}
    yield _rule("expect_column_mean_to_be_between", column=name, learnt=True, **near)


def _rule(kind: str, *, learnt: bool = False, **settings: Any) -> dict[str, Any]:
    severity = "warning" if learnt else "critical"
    return {"type": kind, "kwargs": settings, "severity": severity}


def _short(number: float) -> float:
    return float(f"{number:.4g}")
