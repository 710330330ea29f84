"""Target, task, id, group, time and split: as the data shows, or as wished."""

from typing import Any

import numpy as np
import pytest

from contender.errors import DataError, ParameterError
from contender.problem.schema import Task
from tests.adoption.conftest import Planner
from tests.adoption.plans import dates, visits

ROWS = np.arange(300)
GRADES = np.asarray(["low", "middle", "high"])


@pytest.mark.parametrize(
    ("target", "task"),
    [
        (np.where(ROWS % 3, "yes", "no"), Task.BINARY),
        (ROWS % 2, Task.BINARY),
        (ROWS % 2 / 1.0, Task.BINARY),
        (np.where(ROWS % 2, 30, 60), Task.BINARY),
        (GRADES[ROWS % 3], Task.MULTICLASS),
        (ROWS % 8, Task.MULTICLASS),
        (ROWS % 100, Task.REGRESSION),
        (ROWS % 8 / 3, Task.REGRESSION),
    ],
    ids=lambda value: value if isinstance(value, Task) else "",
)
def test_the_task_follows_from_the_target(target: Any, task: Task, plan: Planner) -> None:
    """Two values, a few, or an amount; the metric goes with it."""
    planned = plan(visits().assign(bought=target))

    assert planned.schema.task is task
    assert planned.params.gate.primary == ("rmse" if task is Task.REGRESSION else "roc_auc")


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_a_task_may_be_wished_for(task: Task, plan: Planner) -> None:
    """Eight whole numbers are classes or an amount, as one says."""
    assert plan(visits().assign(bought=ROWS % 8), task=task).schema.task is task


@pytest.mark.parametrize(
    ("target", "task"),
    [(GRADES[ROWS % 3], "regression"), (GRADES[ROWS % 3], "binary"), (ROWS % 2, "multiclass")],
    ids=["words as amounts", "three as two", "two as many"],
)
def test_a_task_that_does_not_fit_is_refused(target: Any, task: str, plan: Planner) -> None:
    """By the name of the target."""
    with pytest.raises(ParameterError, match="the target `bought`"):
        plan(visits().assign(bought=target), task=task)


@pytest.mark.parametrize(
    ("values", "wish", "positive"),
    [
        (("no", "yes"), None, "yes"),
        ((1, 0), None, "1"),
        (("benign", "malignant"), None, "malignant"),
        (("left", "right"), None, "right"),
        (("left", "right"), "left", "left"),
    ],
)
def test_the_event_is_named(
    values: tuple[object, object], wish: str | None, positive: str, plan: Planner
) -> None:
    """By its name, else the rarer of the two, else as wished."""
    target = [values[int(row % 3 == 0)] for row in ROWS]
    planned = plan(visits().assign(bought=target), positive=wish)

    assert planned.schema.columns["bought"].positive == positive


def test_an_event_that_never_happens_is_refused(plan: Planner) -> None:
    """The two that do are listed."""
    with pytest.raises(ParameterError, match="`maybe` is no value of the target `bought`"):
        plan(visits(), positive="maybe")


@pytest.mark.parametrize(
    ("name", "values", "is_id"),
    [
        ("visit_id", [f"v{row}" for row in ROWS], True),
        ("visitId", list(ROWS), True),
        ("number", list(ROWS + 1000), True),
        ("name", [f"somebody {row}" for row in ROWS], True),
        ("visit_id", [f"v{row % 299}" for row in ROWS], False),
        ("visit_id", [f"v{row}" if row else None for row in ROWS], False),
        ("income", list(ROWS * 7), False),
    ],
)
def test_an_id_names_each_row_once(
    name: str, values: list[object], is_id: bool, plan: Planner
) -> None:
    """Without one the rows are numbered, and the reader is told."""
    planned = plan(visits(**{name: values}))

    assert planned.schema.id == (name if is_id else "row")
    assert planned.column(planned.schema.id).numbered is not is_id


def test_a_number_of_the_row_does_not_take_a_name(plan: Planner) -> None:
    """A table may have a column named `row` of its own."""
    planned = plan(visits(row=ROWS % 40))

    assert planned.schema.id == "row_number"
    assert planned.column("row").role == "feature"


def test_an_unnamed_column_is_left_out(plan: Planner) -> None:
    """Such as the index that pandas writes."""
    planned = plan(visits().to_csv().encode())

    assert "has no name" in planned.said[""]
    assert planned.column("").role == "ignored"


def test_each_kind_of_split_is_chosen(plan: Planner) -> None:
    """Groups before moments before ids; the reader is told which and why."""
    grouped = visits(600, client_id=np.arange(600) % 90)
    dated = visits(600, day=dates(600, "%Y-%m-%d"))
    both = dated.assign(client_id=np.arange(600) % 90)

    chosen = {name: plan(table) for name, table in (("g", grouped), ("t", dated), ("b", both))}

    methods = {name: planned.params.split.method for name, planned in chosen.items()}
    assert methods == {"g": "group", "t": "time", "b": "group"}
    assert plan(both, time="day").params.split.method == "time"
    assert plan(visits()).params.split.method == "id"
    assert "`client_id` stay on one side" in chosen["g"].said["split"]


def test_another_split_when_the_first_leaves_a_class_out(plan: Planner) -> None:
    """All buyers came early, so the newest rows would have none: rows are held out by id."""
    table = visits(day=dates(300, "%Y-%m-%d"))
    table["bought"] = np.where(ROWS < 90, "yes", "no")

    planned = plan(table)

    assert planned.params.split.method == "id"
    assert "; not by time: " in planned.said["split"]


def test_birthdays_do_not_order_rows(plan: Planner) -> None:
    """A date of birth is no moment at which a row came about."""
    planned = plan(visits(date_of_birth=dates(300, "%Y-%m-%d")))

    assert planned.column("date_of_birth").role == "ignored"
    assert planned.params.split.method == "id"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"target": "bougth"}, "no column `bougth` .*\n\nhint: did you mean `bought`"),
        ({"id": "colour"}, "`colour` does not name each row once"),
        ({"time": "amount"}, "`amount` cannot order the rows"),
        ({"group": "empty"}, "`empty` cannot tell groups apart"),
        ({"drop": ["nothing"]}, "no column `nothing`"),
        ({"sensitive": ["who"]}, "no column `who`"),
        ({"target": None}, "no target is named; expected one of `amount, colour, empty, bought`"),
    ],
    ids=str,
)
def test_a_wish_that_cannot_be_met_is_refused(
    wish: dict[str, Any], message: str, plan: Planner
) -> None:
    """By the column it names, with what to do."""
    with pytest.raises(ParameterError, match=message):
        plan(visits(empty=None), **wish)


def test_the_target_is_asked_for_on_a_terminal(plan: Planner) -> None:
    """All columns are listed in the question."""
    questions: list[str] = []

    planned = plan(visits(), target=None, ask=lambda text: questions.append(text) or "bought")

    assert planned.schema.target == "bought"
    assert questions[0].startswith("amount, colour, bought\n")


def test_few_rows_are_held_out_in_a_larger_share(plan: Planner) -> None:
    """Enough that the gate can decide, but never more than two fifths."""
    large, small = plan(visits(3000)), plan(visits(60))

    assert large.params.split.holdout == small.params.split.holdout - 0.18 == 0.2
    assert small.params.validate_.min_rows == 30


def test_hardly_any_rows_are_refused(plan: Planner) -> None:
    """Fifty are the least."""
    with pytest.raises(DataError, match="has 49 rows; expected at least 50"):
        plan(visits(49))

    assert plan(visits(50)).schema.task is Task.BINARY
