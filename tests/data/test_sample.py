"""The sample is the one it says it is, and is described whole; these tests leave with it."""

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contender.objects import md5_of
from contender.params import load_params, read_yaml
from contender.problem.dictionary import render_dictionary
from contender.problem.expectations import write_suite
from contender.problem.schema import load_schema
from contender.stages.ingest import read_raw, type_table
from tests.datasets import ROOT

SCHEMA = load_schema(ROOT / "data/schema.yaml")
PARAMS = load_params(ROOT / "params.yaml")

moved_out = pytest.mark.skipif(SCHEMA.dataset != "telco_churn", reason="another table has moved in")
pytestmark = moved_out


def find_raw() -> Path:
    """The raw file as the embedded remote keeps it."""
    (out,) = read_yaml(ROOT / "data/raw/telco_churn.csv.dvc")["outs"]
    path = ROOT / "data/store/files/md5" / out["md5"][:2] / out["md5"][2:]
    assert md5_of(path) == out["md5"]
    assert path.stat().st_size == out["size"]
    return path


@pytest.fixture(scope="module")
def table() -> pa.Table:
    """The typed table."""
    return type_table(read_raw(find_raw(), SCHEMA, PARAMS.ingest), SCHEMA)


def test_it_is_all_there(table: pa.Table) -> None:
    """7,043 customers, 21 columns; only eleven new ones have no total yet."""
    assert (table.num_rows, table.num_columns) == (7043, 21)
    missing = {name: table[name].null_count for name in table.column_names}
    assert {name: count for name, count in missing.items() if count} == {"total_charges": 11}


def test_a_quarter_leaves(table: pa.Table) -> None:
    """1,869 of them, 26.5 %, left within the month."""
    counts = Counter(table["churn"].to_pylist())
    assert counts == {"No": 5174, "Yes": 1869}


@pytest.mark.parametrize(("senior", "rows", "percent"), [(1.0, 1142, 42), (0.0, 5901, 24)])
def test_seniors_leave_more(senior: float, rows: int, percent: int, table: pa.Table) -> None:
    """42 % of seniors against 24 % of the others: the base rates that the waiver names."""
    group = table.filter(pc.equal(table["senior_citizen"], senior))
    left = sum(answer == "Yes" for answer in group["churn"].to_pylist())
    assert group.num_rows == rows
    assert round(100 * left / rows) == percent
    reasons = " ".join(waiver.reason for waiver in PARAMS.gate.fairness.waivers)
    assert f"{percent} %" in reasons


def test_the_suite_is_current_and_large(table: pa.Table) -> None:
    """At least 25 expectations, all of which the schema and today's table make again."""
    written = json.loads((ROOT / "data/expectations.json").read_text(encoding="utf-8"))
    assert written == write_suite(table, SCHEMA, min_rows=PARAMS.validate_.min_rows)
    assert len(written["expectations"]) >= 25


def test_the_dictionary_is_current() -> None:
    """data/README.md is what the schema makes."""
    written = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert written == render_dictionary(SCHEMA)
