"""The suite says what the schema says, of every column, and is made again to the same bytes."""

import json
from typing import Any

import pyarrow as pa
import pytest

from contender import files
from contender.problem.expectations import write_suite
from contender.stages.ingest import type_table
from tests import datasets
from tests.problem.test_schema import schema


def suite_of(name: str) -> dict[str, Any]:
    """The suite of a problem."""
    problem = datasets.PROBLEMS[name]()
    return write_suite(
        type_table(pa.Table.from_pandas(problem.table), problem.schema), problem.schema, min_rows=9
    )


def rules_of(suite: dict[str, Any], column: str) -> dict[str, dict[str, Any]]:
    """The rules of one column by type."""
    return {
        rule["type"].removeprefix("expect_column_"): rule
        for rule in suite["expectations"]
        if rule["kwargs"].get("column") == column
    }


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_every_column_is_looked_at(name: str) -> None:
    """Each column that is not ignored has at least one rule, and the table has two."""
    suite, made = suite_of(name), datasets.PROBLEMS[name]().schema
    columns = [rule["kwargs"].get("column") for rule in suite["expectations"]]
    assert set(columns) - {None} == set(made.columns) - set(made.named("ignored"))
    assert columns.count(None) == 2


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_the_suite_is_json_and_always_the_same(name: str) -> None:
    """Two writings are the same bytes, and nothing in them is lost on the way."""
    suite = suite_of(name)
    assert files.to_json(suite) == files.to_json(suite_of(name))
    assert json.loads(files.to_json(suite)) == suite


def test_the_schema_is_critical_and_the_data_warns() -> None:
    """Ranges, categories and what may not be missing stop; means and null rates are shown."""
    suite = suite_of("boxes")
    weight = rules_of(suite, "weight")
    assert weight["values_to_be_between"]["severity"] == "critical"
    assert weight["values_to_be_between"]["kwargs"]["max_value"] == 200
    assert weight["mean_to_be_between"]["severity"] == "warning"
    assert weight["values_to_not_be_null"]["severity"] == "warning"
    assert 0.7 < weight["values_to_not_be_null"]["kwargs"]["mostly"] < 0.9
    items = rules_of(suite, "items")
    assert items["values_to_be_between"]["kwargs"] == {
        "column": "items",
        "min_value": 1,
        "max_value": None,
    }
    assert items["values_to_not_be_null"]["severity"] == "critical"
    colour = rules_of(suite, "colour")["values_to_be_in_set"]
    assert colour["kwargs"]["value_set"] == ["red", "green", "rosé"]
    assert colour["severity"] == "critical"
    assert rules_of(suite, "gift")["values_to_be_in_set"]["kwargs"]["value_set"] == [0.0, 1.0]


def test_a_target_must_have_all_its_classes() -> None:
    """Exactly the classes of the schema, as the typed table spells them."""
    rule = rules_of(suite_of("wine"), "target")["distinct_values_to_equal_set"]
    assert rule["kwargs"]["value_set"] == ["0", "1", "2"]
    assert rule["severity"] == "critical"
    assert "mean_to_be_between" in rules_of(suite_of("diabetes"), "target")


@pytest.mark.parametrize("values", [[], [None, None], [3.0, 3.0]])
def test_nothing_is_learnt_from_nothing(values: list[float | None]) -> None:
    """Without values, or without spread among them, no mean is expected."""
    table = pa.table(
        {
            "row": pa.array([str(i) for i in range(len(values))], pa.string()),
            "kind": pa.array(["a"] * len(values), pa.string()),
            "size": pa.array(values, pa.float64()),
        }
    )
    suite = write_suite(table, schema(size={"nullable": True}), min_rows=1)
    assert "mean_to_be_between" not in rules_of(suite, "size")
    assert files.to_json(suite)
