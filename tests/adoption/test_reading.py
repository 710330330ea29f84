"""How a file is written is found out: the same table comes out of every dialect."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.adoption.reading import find_delimiter
from contender.paths import Paths
from tests.adoption.conftest import Planner
from tests.adoption.plans import visits


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin-1", "cp1252"), ("utf-16", "utf-16")],
)
def test_delimiter_and_encoding_are_found_out(
    delimiter: str, encoding: str, found: str, plan: Planner
) -> None:
    """Each delimiter in each encoding, with an accent that tells encodings apart."""
    table = visits().assign(colour=lambda t: t["amount"].gt(0).map(_CAFE))
    planned = plan(table.to_csv(index=False, sep=delimiter).encode(encoding))

    assert planned.params.ingest.delimiter == delimiter
    assert planned.params.ingest.encoding == found
    assert set(planned.schema.columns) == {"row", "amount", "colour", "bought"}
    assert planned.column("colour").categories == ("café", "thé")


_CAFE = {True: "café", False: "thé"}


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_decimal_commas_are_found_out(delimiter: str, plan: Planner) -> None:
    """In quotes or beside semicolons `1,5` is a number, for the range too."""
    text = visits().to_csv(index=False, sep=delimiter, decimal=",", quoting=1)
    planned = plan(text.encode())

    assert planned.params.ingest.decimal == ","
    assert planned.column("amount").dtype == "float"
    assert planned.column("amount").range == (-10, 10)


def test_thousands_are_no_decimals(plan: Planner) -> None:
    """`1,250` may be either, so the column is left out and the reader told to mend it."""
    planned = plan(visits(price=[f"{number * 1111 + 1000:,}" for number in range(300)]))

    assert planned.params.ingest.decimal == "."
    assert "separator of thousands, such as `1,000`" in planned.said["price"]
    assert planned.column("price").role == "ignored"


def test_signs_for_no_value_are_found_out(plan: Planner) -> None:
    """A question mark among numbers is a missing one; among words it is a word."""
    signs = ["?" if row % 9 == 0 else str(row % 50) for row in range(300)]
    words = ["-" if row % 9 == 0 else "left" for row in range(300)]
    planned = plan(visits(age=signs, side=words))

    assert planned.params.ingest.missing[-1] == "?"
    assert "-" not in planned.params.ingest.missing
    assert (planned.column("age").dtype, planned.column("age").nullable) == ("integer", True)
    assert planned.column("side").categories == ("-", "left")


def test_parquet_says_the_same_as_csv(plan: Planner) -> None:
    """Types, missing values, categories and dates do not depend on the format."""
    table = visits(
        count=np.arange(300) % 50,
        member=np.arange(300) % 3 == 0,
        when=pd.date_range("2025-01-01", periods=300),
        share=np.where(np.arange(300) % 7, np.linspace(0, 1, 300), np.nan),
    )
    as_csv, as_parquet = plan(table), plan(table, "visits.parquet")
    named = plan(table.astype({"colour": "category"}), "visits.parquet")

    assert as_csv.schema == as_parquet.schema == named.schema
    assert as_parquet.plan.place.name == "visits.parquet"


def test_lists_in_parquet_are_left_out(plan: Planner) -> None:
    """A column without single values is named, the others are taken."""
    planned = plan(visits(basket=[["a", "b"]] * 300), "visits.parquet")

    assert "lists or bytes" in planned.said["basket"]
    assert planned.column("amount").role == "feature"


FIELD = st.text(st.sampled_from('ab;,|\t"\n é'), max_size=6)


@given(
    delimiter=st.sampled_from(",;\t|"),
    rows=st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=30, max_size=40),
)
@settings(deadline=None, max_examples=50)
def test_quotes_hide_delimiters(
    delimiter: str, rows: list[tuple[str, str, str]], project: Paths
) -> None:
    """Fields in quotes with any delimiter, quote or line end in them do not mislead."""
    table = pd.DataFrame(rows, columns=["one", "two", "three"])
    text = table.to_csv(index=False, sep=delimiter, quoting=1)

    found = find_delimiter(project.params, text.encode(), "utf-8")

    assert found == (delimiter, ["one", "two", "three"])
