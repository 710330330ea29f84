"""What one column is: its type, its range, its categories, and why it cannot be used."""

from collections.abc import Callable

import numpy as np
import pytest

from contender.problem.schema import Dtype
from tests.adoption.conftest import Planner
from tests.adoption.plans import dates, visits

ROWS = range(300)


@pytest.mark.parametrize(
    ("cell", "dtype"),
    [
        pytest.param(lambda row: row % 7 / 8, "float", id="fractions"),
        pytest.param(lambda row: f"{row / 7:.3e}", "float", id="exponents"),
        pytest.param(lambda row: row % 40, "integer", id="whole"),
        pytest.param(lambda row: f"{row % 40}.0", "integer", id="whole with a point"),
        pytest.param(lambda row: row % 40 * 10**12, "integer", id="large"),
        pytest.param(lambda row: row % 2, "boolean", id="0 and 1"),
        pytest.param(lambda row: ("Yes", "No")[row % 2], "boolean", id="yes and no"),
        pytest.param(lambda row: ("TRUE", "FALSE")[row % 2], "boolean", id="true and false"),
        pytest.param(lambda row: ("on", "off")[row % 2], "string", id="two words"),
        pytest.param(lambda row: f"{row % 20:03}", "string", id="codes"),
        pytest.param(lambda row: f"{row % 20}_0", "string", id="underscores"),
    ],
)
def test_the_type_of_a_feature(cell: Callable[[int], object], dtype: Dtype, plan: Planner) -> None:
    """Numbers, whole ones, two answers, and codes that only look like numbers."""
    column = plan(visits(it=[cell(row) for row in ROWS])).column("it")

    assert (column.role, column.dtype) == ("feature", dtype)


@pytest.mark.parametrize(
    ("layout", "format_"),
    [
        ("%Y-%m-%d", None),
        ("%Y-%m-%dT%H:%M:%S", None),
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"),
        ("%d-%b-%y", "%d-%b-%y"),
        ("%b %d, %Y", "%b %d, %Y"),
    ],
)
def test_the_way_dates_are_written(layout: str, format_: str | None, plan: Planner) -> None:
    """Each way that reads every row; days beyond the twelfth tell day from month."""
    column = plan(visits(day=dates(300, layout))).column("day")

    assert (column.role, column.dtype, column.format) == ("time", "datetime", format_)


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        pytest.param(lambda row: None, "has no value in any row", id="nothing"),
        pytest.param(lambda row: row if row % 50 else "ten", "but also `ten`", id="a word"),
        pytest.param(lambda row: row / 7 if row else "inf", "but also `inf`", id="infinite"),
        pytest.param(lambda row: 1e308 if row == 5 else row / 7, "`1e+308`, more than", id="large"),
        pytest.param(
            lambda row: ("2025-01-{:02}", "{:02}/03/2025", "{:02}.04.2025")[row % 3].format(
                row % 28 + 1
            ),
            "holds dates written as `%Y-%m-%d`, `%d/%m/%Y`, `%d.%m.%Y`",
            id="dates in three ways",
        ),
    ],
)
def test_a_column_that_cannot_be_used_is_left_out(
    cell: Callable[[int], object], why: str, plan: Planner
) -> None:
    """The reader is told why, and the rest of the table is taken."""
    planned = plan(visits(it=[cell(row) for row in ROWS]))

    assert why in planned.said["it"]
    assert planned.column("it").role == "ignored"
    assert planned.column("amount").role == "feature"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 3, (0, 10)), (2, 60, (0, 1000)), (-4, 40, (-10, 100)), (-8, -1, (-100, 0))],
)
def test_a_range_has_room(
    low: float, high: float, expected: tuple[float, float], plan: Planner
) -> None:
    """At least twice what was seen, so that next month's rows are not refused."""
    column = plan(visits(it=np.linspace(low, high, 300))).column("it")

    assert column.range == expected


def test_what_is_missing_may_be_missing(plan: Planner) -> None:
    """Only columns that have gaps are allowed to have them."""
    planned = plan(visits(gaps=[row if row % 3 else None for row in ROWS]))

    assert planned.column("gaps").nullable
    assert not planned.column("amount").nullable
