"""What is known of the sample data; these tests leave with it when another table moves in."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contender.params import load_params
from contender.paths import Paths
from contender.problem.dictionary import render_dictionary
from contender.problem.expectations import write_suite
from contender.problem.schema import Schema, load_schema
from contender.stages.ingest import read_raw, type_table
from contender.storage import pull

SAMPLE = "telco_churn"
PATHS = Paths(root=Path(__file__).parents[2])

pytestmark = pytest.mark.skipif(
    load_schema(PATHS.schema).dataset != SAMPLE, reason="another table has moved in"
)


@pytest.fixture(scope="module", name="schema")
def load() -> Schema:
    """The schema of the sample."""
    return load_schema(PATHS.schema)


@pytest.fixture(scope="module", name="table")
def ingest(schema: Schema) -> pa.Table:
    """The typed sample, fetched from the embedded store if it is not there."""
    params = load_params(PATHS.params).ingest
    pull(PATHS)
    return type_table(read_raw(PATHS.root / params.source, schema, params), schema)


def share(table: pa.Table, **where: float) -> float:
    """The share of positives among the rows with these values."""
    for name, value in where.items():
        table = table.filter(pc.equal(table[name], value))
    return float(pc.mean(pc.equal(table["churn"].cast(pa.string()), "Yes")).as_py())


def test_the_sample_is_the_one_that_was_published(table: pa.Table) -> None:
    """7,043 customers, 26.5 % of whom left; 11 have no total yet."""
    assert table.num_rows == 7043
    assert share(table) == pytest.approx(0.265, abs=0.001)
    assert table["total_charges"].null_count == 11


def test_seniors_leave_more_often(table: pa.Table) -> None:
    """42 % against 24 %: the difference that the waivers in params.yaml speak of."""
    assert share(table, senior_citizen=1) == pytest.approx(0.42, abs=0.005)
    assert share(table, senior_citizen=0) == pytest.approx(0.24, abs=0.005)


def test_the_suite_is_what_schema_and_table_make(table: pa.Table, schema: Schema) -> None:
    """At least 25 expectations, none edited by hand."""
    min_rows = load_params(PATHS.params).validate_.min_rows
    suite = json.loads(PATHS.expectations.read_text(encoding="utf-8"))

    assert len(suite["expectations"]) >= 25
    assert suite == write_suite(table, schema, min_rows=min_rows)


def test_the_dictionary_is_what_the_schema_makes(schema: Schema) -> None:
    """data/README.md says what data/schema.yaml says."""
    assert PATHS.dictionary.read_text(encoding="utf-8") == render_dictionary(schema)
