"""Stage 2: a valid table passes with something to show for it; nothing checked never passes."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contender import files
from contender.errors import IntegrityError, ValidationError
from contender.paths import Paths
from contender.stages import validate
from tests import datasets
from tests.stages.conftest import Prepare, copy

RULE = {"severity": "critical", "type": "expect_column_values_to_not_be_null"}


@pytest.fixture
def paths(prepared: Prepare, tmp_path: Path) -> Paths:
    """A project of boxes whose table is valid."""
    return copy(prepared("boxes"), tmp_path / "boxes")


def add_rule(paths: Paths, **rule: Any) -> None:
    """Append an expectation to the suite."""
    suite = json.loads(paths.expectations.read_text(encoding="utf-8"))
    suite["expectations"].append(RULE | rule)
    files.write_json(paths.expectations, suite)


def replace_column(paths: Paths, name: str, values: pa.Array) -> None:
    """Write the typed table with other `values` in one column."""
    table = pq.read_table(paths.table)
    pq.write_table(table.set_column(table.column_names.index(name), name, values), paths.table)


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_a_table_that_made_the_suite_is_valid(name: str, prepared: Prepare) -> None:
    """Every task's own suite is read whole, passes, and says what it saw."""
    paths = prepared(name)
    result = json.loads(paths.validation.read_text(encoding="utf-8"))
    suite = json.loads(paths.expectations.read_text(encoding="utf-8"))
    assert result["success"]
    assert result["failed"] == 0
    assert [item["type"] for item in result["results"]] == [
        rule["type"] for rule in suite["expectations"]
    ]
    assert result["table_sha256"] == files.sha256(paths.table)
    assert (paths.data_docs / "index.html").is_file()


def test_two_runs_write_the_same_bytes(paths: Paths) -> None:
    """No clock and no random id is in the result or in Data Docs."""
    written = [paths.validation, *paths.data_docs.rglob("*.html")]
    before = {path: path.read_bytes() for path in written}
    assert len(before) > 3
    datasets.run_stages(paths, "validate")
    assert {path: path.read_bytes() for path in written} == before


def test_data_docs_tell_nobody(paths: Paths) -> None:
    """No page loads the pictures by which the library's maker would see who looks at it."""
    pages = list(paths.data_docs.rglob("*.html"))
    assert len(pages) >= 3
    assert not any("great-expectations-web-assets" in page.read_text("utf-8") for page in pages)


def test_a_learnt_expectation_only_warns(paths: Paths) -> None:
    """A mean far from that of the first data is shown and stops nothing."""
    table = pq.read_table(paths.table)
    replace_column(paths, "items", pa.array([9.0] * table.num_rows))
    (said,) = datasets.run_stages(paths, "validate")
    assert "1 warnings" in said
    result = json.loads(paths.validation.read_text(encoding="utf-8"))
    assert [item["column"] for item in result["results"] if not item["success"]] == ["items"]


def test_an_unknown_category_stops_and_is_shown(paths: Paths) -> None:
    """The message names column and value; the result and Data Docs are there to look at."""
    count = pq.read_table(paths.table).num_rows
    replace_column(paths, "region", pa.array(["north"] * (count - 1) + ["west"]))
    with pytest.raises(ValidationError, match=r"`region`.*1 unexpected \(west\)"):
        datasets.run_stages(paths, "validate")
    result = json.loads(paths.validation.read_text(encoding="utf-8"))
    assert not result["success"]
    assert result["failed"] == 1
    assert any("west" in page.read_text("utf-8") for page in paths.data_docs.rglob("*.html"))
    with pytest.raises(IntegrityError, match="failed validation"):
        datasets.run_stages(paths, "split")


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
@pytest.mark.parametrize(
    "rule",
    [
        {"kwargs": {"column": "nowhere"}},
        {
            "type": "expect_column_mean_to_be_between",
            "kwargs": {"column": "colour", "min_value": 0, "max_value": 1},
        },
    ],
)
def test_an_expectation_that_raises_has_failed(
    paths: Paths, rule: dict[str, Any], severity: str
) -> None:
    """What cannot be checked is no warning, whatever its severity says."""
    add_rule(paths, **rule, severity=severity)
    with pytest.raises(ValidationError, match="an exception while checking"):
        datasets.run_stages(paths, "validate")


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "expect_magic", "kwargs": {"column": "items"}},
        {"kwargs": {"column": "items"}, "severity": "deadly"},
        {"kwargs": {}},
        {"kwargs": {"column": "items", "mostly": "often"}},
        {"kwargs": None},
        {"type": ["a"], "kwargs": {"column": "items"}},
    ],
)
def test_an_expectation_that_cannot_be_read_stops(paths: Paths, rule: dict[str, Any]) -> None:
    """Great Expectations would drop it and go on; here the stage stops, and no result is left."""
    add_rule(paths, **rule)
    with pytest.raises(ValidationError):
        datasets.run_stages(paths, "validate")
    assert not paths.validation.exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"name": "boxes", "expectations": []}, ValidationError),
        ({"name": "boxes", "expectations": {}}, ValidationError),
        ({"name": "boxes", "expectations": [1]}, ValidationError),
        ({"name": "boxes"}, IntegrityError),
        ([], IntegrityError),
        (None, IntegrityError),
    ],
)
def test_a_suite_without_expectations_stops(
    paths: Paths, content: Any, error: type[Exception]
) -> None:
    """An empty suite, or something that is none, never means that the data is valid."""
    files.write_json(paths.expectations, content)
    with pytest.raises(error):
        datasets.run_stages(paths, "validate")


@pytest.mark.parametrize("count", [0, 1, 2])
def test_every_expectation_of_the_suite_must_have_been_checked(count: int) -> None:
    """Results that are fewer than the suite has, or none of none, are no success."""
    passed = {"success": True, "expectation_config": RULE | {"kwargs": {}}, "result": {}}
    for there in range(count + 1):
        result = validate.summarize([passed] * there, {"expectations": [{}] * count})
        assert result["success"] is (there == count > 0)
        if not result["success"]:
            with pytest.raises(ValidationError, match=f"only {there} expectations were checked"):
                validate.require_success(result)


def test_every_column_needs_an_expectation(paths: Paths) -> None:
    """A suite that looks away from a column is refused, and the column is named."""
    suite = json.loads(paths.expectations.read_text(encoding="utf-8"))
    suite["expectations"] = [
        rule for rule in suite["expectations"] if rule["kwargs"].get("column") != "gift"
    ]
    files.write_json(paths.expectations, suite)
    with pytest.raises(ValidationError, match="`gift`"):
        datasets.run_stages(paths, "validate")


def test_a_column_without_a_value_stops(paths: Paths) -> None:
    """Even where values may be missing, all of them may not."""
    count = pq.read_table(paths.table).num_rows
    replace_column(paths, "weight", pa.nulls(count, pa.float64()))
    with pytest.raises(ValidationError, match="all values of `weight` are missing"):
        datasets.run_stages(paths, "validate")


@pytest.mark.parametrize("rows", [0, 1, 49])
def test_a_table_that_is_too_small_stops(paths: Paths, rows: int) -> None:
    """Few rows are refused before anything is checked; the old result is gone."""
    pq.write_table(pq.read_table(paths.table).slice(0, rows), paths.table)
    with pytest.raises(ValidationError, match=f"{rows} rows; expected at least 50"):
        datasets.run_stages(paths, "validate")
    assert not paths.validation.exists()


def test_a_table_that_is_no_parquet_is_named(paths: Paths) -> None:
    """A truncated table is an error of its own, with a way out that begins with removing it."""
    paths.table.write_bytes(paths.table.read_bytes()[:-9])
    with pytest.raises(IntegrityError, match="table.parquet` cannot be read") as caught:
        datasets.run_stages(paths, "validate")
    assert caught.value.hint.startswith("`rm -f ")


def test_missing_and_unexpected_values_are_counted(paths: Paths) -> None:
    """The result names up to three examples of what was not expected."""
    table = pq.read_table(paths.table)
    items = [-1.0, -2.0, -3.0, -4.0, -5.0, *table["items"].to_pylist()[5:]]
    replace_column(paths, "items", pa.array(items))
    with pytest.raises(ValidationError, match="`items`"):
        datasets.run_stages(paths, "validate")
    result = json.loads(paths.validation.read_text(encoding="utf-8"))
    (failed,) = [item for item in result["results"] if not item["success"]]
    assert failed["unexpected"] == 5
    assert failed["examples"] == ["-1.0", "-2.0", "-3.0"]
