"""What data/schema.yaml and params.yaml should say of a table, with the reason for each choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contender.adoption.columns import Seen, look_at
from contender.adoption.description import describe
from contender.adoption.reading import Delivery
from contender.adoption.roles import Roles, Wishes, find_roles
from contender.adoption.selection import Selection, select_features
from contender.errors import DataError
from contender.params import Params
from contender.problem.schema import Schema, Task

MIN_ROWS: Final = 50
SHARES: Final = (0.2, 0.4)  # of the rows held out: more where the gate could not decide otherwise
ENTRY: Final = "its entry in data/schema.yaml"


@dataclass(frozen=True)
class Note:
    """One thing that was assumed, why, and how to change it."""

    subject: str
    said: str
    change: str


@dataclass(frozen=True)
class Split:
    """One way to hold rows out, and why it is the first choice."""

    method: str
    why: str


@dataclass(frozen=True)
class Proposal:
    """The schema, the parameters that change by their dotted path, splits in order, reasons."""

    schema: Schema
    changes: Mapping[str, Any]
    splits: tuple[Split, ...]
    notes: tuple[Note, ...]


def propose(delivery: Delivery, wishes: Wishes, *, name: str, params: Params) -> Proposal:
    """What fits the table in `delivery` under the name `name`; `params` are those of today.

    Raises:
        ParameterError: a wish cannot be met.
        DataError: the target cannot be learnt, there are hardly any rows, or no feature is left.
    """
    if delivery.rows < MIN_ROWS:
        raise DataError(
            f"`{delivery.source}` has {delivery.rows} rows; expected at least {MIN_ROWS} to learn "
            "from and to be measured on.",
            hint="bring more rows",
        )
    columns = {
        column: look_at(column, cells, decimal=delivery.params.decimal, rows=delivery.rows)
        for column, cells in delivery.columns.items()
    }
    roles = find_roles(columns, wishes)
    selection = select_features(columns, roles, wishes)
    schema = describe(columns, roles, selection, name=name)
    notes = (
        *_dialect_notes(delivery, params),
        *_role_notes(schema, roles),
        *_column_notes(columns, selection),
    )
    return Proposal(schema, _changes(delivery, schema, params), _splits(roles, wishes), notes)


def _changes(delivery: Delivery, schema: Schema, params: Params) -> dict[str, Any]:
    """The parameters that cannot stay as they were for another table."""
    rows, found = delivery.rows, delivery.params
    wanted = 1.15 * params.gate.min_rows / rows
    share = round(min(max(wanted, SHARES[0]), SHARES[1]), 2)
    spare = max(1, int(rows * share / 2))
    changes: dict[str, Any] = {
        "ingest.delimiter": found.delimiter,
        "ingest.encoding": found.encoding,
        "ingest.decimal": found.decimal,
        "ingest.missing": list(found.missing),
        "validate.min_rows": min(params.validate_.min_rows, rows // 2),
        "split.holdout": share,
        "split.min_holdout_rows": min(params.split.min_holdout_rows, spare),
        "train.hyperparameters.hist_gradient_boosting": {
            "learning_rate": 0.1,
            "max_iter": 100,
            "max_leaf_nodes": 31,
            "min_samples_leaf": 20,
            "l2_regularization": 0.0,
        },
        "evaluate.threshold": 0.5,
        "evaluate.costs.false_positive": 1.0,
        "evaluate.costs.false_negative": 1.0,
        "gate.primary": "rmse" if schema.task is Task.REGRESSION else "roc_auc",
        "gate.floors": {},
        "gate.fairness.waivers": [],
    }
    return changes


def _splits(roles: Roles, wishes: Wishes) -> tuple[Split, ...]:
    by_group = Split("group", f"all rows of one `{roles.group}` stay on one side")
    by_time = Split("time", f"the newest rows by `{roles.time}` are held out, as in use")
    by_id = Split("id", "by a hash of the id: a row stays on its side when others are added")
    if wishes.time is not None and wishes.group is None:
        return (by_time,)
    if wishes.group is not None:
        return (by_group,)
    found = [by_group] if roles.group else []
    found += [by_time] if roles.time else []
    return (*found, by_id)


def _dialect_notes(delivery: Delivery, params: Params) -> Iterator[Note]:
    found = delivery.params
    for name in ("delimiter", "encoding", "decimal", "missing"):
        if (value := getattr(found, name)) != getattr(params.ingest, name):
            yield Note("file", f"{name} `{value!r}`", f"`ingest.{name}` in params.yaml")


def _role_notes(schema: Schema, roles: Roles) -> Iterator[Note]:
    why, judged_by = roles.why, "rmse" if roles.task is Task.REGRESSION else "roc_auc"
    yield Note(roles.target, f"{roles.task}: {why['task']}", "`--task`")
    if roles.positive is not None:
        yield Note(
            roles.target, f"the event is `{roles.positive}`: {why['positive']}", "`--positive`"
        )
    yield Note(roles.target, f"judged by {judged_by}, without floors", "`gate` in params.yaml")
    yield Note(schema.id, f"the id: {why['id']}", "`--id`")
    if roles.group:
        yield Note(roles.group, f"groups rows: {why['group']}", "`--group`")
    if roles.time:
        yield Note(roles.time, f"orders rows: {why['time']}", "`--time`")


def _column_notes(columns: Mapping[str, Seen], selection: Selection) -> Iterator[Note]:
    for name in selection.people:
        yield Note(name, "sensitive: its groups are compared", f"`sensitive` in {ENTRY}")
    for name, why in selection.left_out.items():
        unfit = columns[name].fault or columns[name].dtype == "datetime" or not name
        remedy = "mend the file, then adopt it again" if unfit else f"`role: feature` in {ENTRY}"
        yield Note(name, f"left out: {why}", remedy)
