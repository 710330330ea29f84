"""Files that cannot be adopted: each is refused with what is wrong, where, and what to do."""

import re

import numpy as np
import pandas as pd
import pytest

from contender.errors import DataError
from contender.paths import Paths
from tests.adoption.conftest import Planner
from tests.adoption.plans import plan_for, visits

ROWS = np.arange(300)
TEXT = visits().to_csv(index=False)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty (0 bytes)", id="nothing"),
        pytest.param(b"\n\n\n", "two or more columns", id="blank lines"),
        pytest.param(b"a,c,bought\n", "has 3 columns and no rows", id="header only"),
        pytest.param(b"bought\nyes\nno\n" * 40, "two or more columns", id="one column"),
        pytest.param(
            TEXT.partition("\n")[2].encode(), "no column `bought`", id="no header, words in it"
        ),
        pytest.param(b"1.5,3\n2.5,1\n" * 90, "holds only numbers (`1.5, 3` ...)", id="no header"),
        pytest.param(
            b"Sales of May\n\n" + TEXT.encode(), "has 1 fields, those below 3", id="title"
        ),
        pytest.param(
            TEXT.replace("colour", "amount", 1).encode(),
            "more than one column named `amount`",
            id="duplicate names",
        ),
        pytest.param(TEXT.encode() + b"1,2\n", "Expected 3 columns, got 2", id="cut off"),
        pytest.param(b"PK\x03\x04" + b"a" * 99, "is a ZIP file or a spreadsheet", id="zip"),
        pytest.param(b"\x1f\x8b" + b"a" * 99, "is gzip", id="gzip"),
        pytest.param(bytes(range(256)) * 9, "bytes that are no text", id="binary"),
        pytest.param(TEXT.replace("red", "r\0d", 1).encode(), "no text", id="zero byte"),
        pytest.param(b"PAR1" + b"a" * 99, "is Parquet without `.parquet`", id="unnamed Parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: bytes, message: str, plan: Planner) -> None:
    """With what it seems to be."""
    with pytest.raises(Exception, match=re.escape(message)) as refusal:
        plan(content)

    assert "hint: " in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(project: Paths) -> None:
    """By its path."""
    with pytest.raises(DataError, match="visits.csv` is missing"):
        plan_for(project.root / "visits.csv", project)


def test_a_damaged_parquet_file_is_refused(plan: Planner) -> None:
    """By its name."""
    with pytest.raises(DataError, match="visits.parquet"):
        plan(b"PAR1" + bytes(300), "visits.parquet")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([None] * 300, "has no value in any row"),
        ([None if row in (7, 9) else "yes" for row in ROWS], "missing in 2 of 300 rows, first in"),
        (["yes"] * 300, "is `yes` in every row"),
        ([f"answer {row}" for row in ROWS], "has 300 different values; expected at most 50"),
        (["yes" if row < 3 else "no" for row in ROWS], "classes with hardly a row: `yes` (3)"),
        ([row if row % 50 else "ten" for row in ROWS], "holds numbers, but also `ten`"),
        ([1e308 if row == 4 else row / 7 for row in ROWS], "`1e+308`, more than float32 can"),
        (list(pd.date_range("2025-01-01", periods=300).astype(str)), "holds dates"),
    ],
    ids=["no value", "gaps", "one class", "endless", "rare", "mixed", "too large", "dates"],
)
def test_a_target_that_cannot_be_learnt_is_refused(
    target: list[object], message: str, plan: Planner
) -> None:
    """By its name, with the remedy."""
    with pytest.raises(DataError, match=re.escape(message)) as refusal:
        plan(visits().assign(bought=target))

    assert "the target `bought`" in str(refusal.value)
    assert "hint: " in str(refusal.value)


def test_nothing_is_written_while_planning(project: Paths, plan: Planner) -> None:
    """Refused or not: the project is as it was."""
    before = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}

    plan(visits())
    with pytest.raises(DataError):
        plan(visits().assign(bought="yes"))

    after = {path: path.read_bytes() for path in project.root.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize(
    "names",
    [
        ('he said "hi"', "a\nb", " c", "bought"),
        ("a: {x}", "#", "no", "bought"),
        ("änderung", "列", "🙂", "bought"),
        ("a,b;c", "true", "1", "bought"),
    ],
)
def test_odd_names_come_through(names: tuple[str, ...], plan: Planner) -> None:
    """Whatever a header may hold is the same in data/schema.yaml."""
    table = visits(third=ROWS % 40)
    table.columns = pd.Index(names)

    planned = plan(table)

    assert set(planned.schema.columns) == {"row", *names}
    assert set(planned.schema.features) == set(names[:-1])


def test_quotes_and_line_ends_in_fields_come_through(plan: Planner) -> None:
    """A category of two lines, with quotes and delimiters, is one category."""
    words = ['said "hi",\nthen; left', "plain"]
    planned = plan(visits(note=[words[row % 2] for row in ROWS]))

    assert planned.column("note").categories == ("plain", words[0])
