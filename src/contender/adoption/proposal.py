"""What data/schema.yaml and params.yaml should say of a table, with the reason for each choice."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from contender.adoption.columns import Seen, look_at
from contender.adoption.reading import Delivery
from contender.adoption.roles import Roles, Wishes, find_positive, find_roles
from contender.adoption.suspects import find_constant, find_leak, find_twin
from contender.errors import DataError
from contender.params import Params
from contender.problem.limits import FLOAT32_MAX
from contender.problem.schema import Column, Schema, Task

MIN_ROWS: Final = 50
SHARES: Final = (0.2, 0.4)  # of the rows held out: more where the gate could not decide otherwise
MAX_CATEGORIES: Final = 100
MAX_WIDTH: Final = 1000  # 0/1 columns that all categories may become together,
MAX_CELLS: Final = 100_000_000  # and their cells: 8 bytes each while a model is fitted
MAX_SLICES: Final = 4
MAX_LEVELS: Final = 8
DESCRIBE: Final = "its entry in data/schema.yaml"
_PEOPLE: Final = re.compile(
    r"(?i:(^|[_\W])(sex|gender|female|male|race|ethnic\w*|religion|age|senior\w*|nationality|"
    r"citizen\w*|marital\w*|disab\w*|native\w*)($|[_\W]))"
)
ROW: Final = "row"


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
    decimal = delivery.params.decimal
    seen = {
        column: look_at(column, cells, decimal=decimal, rows=delivery.rows)
        for column, cells in delivery.columns.items()
    }
    roles = find_roles(seen, wishes)
    out = dict(_set_aside(seen, roles, wishes))
    features = [name for name in seen if name not in (*out, roles.target, roles.id, roles.group)]
    features = [name for name in features if name != roles.time]
    out |= dict(_too_wide([seen[name] for name in features], delivery.rows))
    features = [name for name in features if name not in out]
    if not features:
        raise DataError(
            "no column is left to predict from: "
            + "; ".join(f"`{name}` {why}" for name, why in list(out.items())[:5])
            + f"; expected at least one beside the target `{roles.target}`.",
            hint="bring more columns; keep what is left out for good with `--drop`",
        )
    people = [name for name in features if name in wishes.sensitive or _PEOPLE.search(name)]
    schema = _schema(seen, roles, wishes, name=name, features=features, people=people)
    notes = (
        *_dialect_notes(delivery, params),
        *_role_notes(schema, roles),
        *(_people_note(schema, people)),
        *(
            Note(name, f"left out: {why}", f"`role: feature` in {DESCRIBE}")
            for name, why in out.items()
        ),
    )
    return Proposal(schema, _changes(delivery, schema, params), _splits(roles, wishes), notes)


def _set_aside(
    columns: Mapping[str, Seen], roles: Roles, wishes: Wishes
) -> Iterator[tuple[str, str]]:
    """The columns that the model does not see, with the reason."""
    used = {roles.target, roles.id, roles.group, roles.time}
    target = columns[roles.target]
    kept: list[Seen] = []
    for name, seen in columns.items():
        if name not in used:
            why = "you said so" if name in wishes.drop else _why_useless(seen, target, kept, roles)
            if why:
                yield name, why
            else:
                kept.append(seen)


def _why_useless(seen: Seen, target: Seen, kept: list[Seen], roles: Roles) -> str:
    if not seen.name:
        return "it has no name"
    if why := seen.fault or find_constant(seen):
        return why
    if twin := find_twin(seen, kept):
        return f"has the same value as `{twin}` in every row"
    if seen.dtype == "datetime":
        return "a date is no feature; derive a number from it, such as an age in days"
    if leak := find_leak(seen, target, classes=roles.task is not Task.REGRESSION):
        return f"may hold the answer: {leak}"
    if seen.dtype == "string" and len(seen.values) > MAX_CATEGORIES:
        return f"has {len(seen.values):,} different texts, more than {MAX_CATEGORIES}"
    return ""


def _too_wide(features: list[Seen], rows: int) -> Iterator[tuple[str, str]]:
    """The columns with the most categories, when all together would not fit into memory."""
    room = min(MAX_WIDTH, MAX_CELLS // rows)
    texts = [seen for seen in features if seen.dtype == "string"]
    for seen in sorted(texts, key=lambda seen: len(seen.values)):
        room -= len(seen.values)
        if room < 0:
            yield seen.name, f"has {len(seen.values)} categories, too many beside the others"


def _schema(
    columns: Mapping[str, Seen],
    roles: Roles,
    wishes: Wishes,
    *,
    name: str,
    features: list[str],
    people: list[str],
) -> Schema:
    described: dict[str, Column] = {}
    if roles.id is None:
        meaning = "number of the row in the file; the source has no id"
        number = Column(role="id", dtype="string", numbered=True, meaning=meaning)
        described[_free_name(columns)] = number
    for column, seen in columns.items():
        if column == roles.target:
            described[column] = _target(seen, roles.task, wishes)
        elif column in features:
            described[column] = _feature(seen, sensitive=column in people)
        else:
            described[column] = _other(seen, roles)
    sliced = [name for name in features if _can_be_sliced(described[name])]
    for column in dict.fromkeys([*people, *sliced[:MAX_SLICES]]):
        described[column] = described[column].model_copy(update={"slice": "report"})
    content = {"dataset": name, "row": "one row of the file", "task": roles.task}
    return Schema.model_validate(content | {"columns": described})


def _free_name(columns: Mapping[str, Seen]) -> str:
    name = ROW
    while name in columns:
        name += "_number"
    return name


def _meaning(name: str) -> str:
    return " ".join(name.replace("_", " ").split()) or "column without a name"


def _target(seen: Seen, task: Task, wishes: Wishes) -> Column:
    meaning = f"{_meaning(seen.name)}; what is predicted"
    if task is Task.REGRESSION:
        return Column(role="target", dtype=seen.dtype, meaning=meaning)
    positive = find_positive(seen, wishes.positive)[0] if task is Task.BINARY else None
    return Column(
        role="target",
        dtype="string",
        categories=_in_order(seen),
        positive=positive,
        meaning=meaning,
    )


def _feature(seen: Seen, *, sensitive: bool) -> Column:
    listed = seen.dtype == "string" and len(seen.values) <= MAX_CATEGORIES
    column = Column(
        role="feature",
        dtype=seen.dtype,
        nullable=seen.missing > 0,
        categories=_in_order(seen) if listed else None,
        range=_with_room(seen.numbers) if seen.is_number else None,
        sensitive=sensitive,
        meaning=_meaning(seen.name),
    )
    if not sensitive or not seen.is_number:
        return column
    return column.model_copy(update={"edges": _edges(seen.numbers)})


def _other(seen: Seen, roles: Roles) -> Column:
    parts = {roles.id: "id", roles.group: "group", roles.time: "time"}
    role: Any = parts.get(seen.name, "ignored") if seen.name else "ignored"
    if seen.dtype == "datetime":
        layout = seen.layout
        return Column(role=role, dtype="datetime", format=layout, meaning=_meaning(seen.name))
    if role == "ignored" and not seen.fault:
        return _feature(seen, sensitive=False).model_copy(update={"role": "ignored"})
    return Column(role=role, dtype="string", meaning=_meaning(seen.name))


def _in_order(seen: Seen) -> tuple[str, ...]:
    """The values as people list them: numbers by size, texts by letter."""
    try:
        return tuple(sorted(seen.values, key=float))
    except ValueError:
        return tuple(sorted(seen.values))


def _with_room(numbers: np.ndarray) -> tuple[float, float]:
    """A range that holds `numbers` and what may well come: powers of ten, from zero if they do."""
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    return (0.0 if low >= 0 else -_power(-low)), (_power(high) if high > 0 else 0.0)


def _power(number: float) -> float:
    """The first power of ten that is at least twice `number`, within float32."""
    return min(10.0 ** math.ceil(math.log10(2 * number)), FLOAT32_MAX)


def _edges(numbers: np.ndarray) -> tuple[float, ...]:
    """Two or fewer numbers that cut `numbers` into about equal parts."""
    cuts = [float(f"{cut:.3g}") for cut in np.nanquantile(numbers, (1 / 3, 2 / 3))]
    return tuple(sorted(set(cuts)))


def _can_be_sliced(column: Column) -> bool:
    return column.dtype == "boolean" or 2 <= len(column.categories or ()) <= MAX_LEVELS


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
    target = schema.columns[roles.target]
    said = f"{schema.task}: {roles.why['task']}"
    yield Note(roles.target, said, "`--task`, or `task` in data/schema.yaml")
    if target.positive is not None:
        yield Note(roles.target, f"the event is `{target.positive}`", "`--positive`")
    if schema.task is Task.REGRESSION:
        yield Note(roles.target, "judged by rmse", "`gate.primary` in params.yaml")
    yield Note(schema.id, f"the id: {roles.why['id']}", "`--id`")
    if roles.group:
        yield Note(roles.group, f"groups rows: {roles.why['group']}", "`--group`")
    if roles.time:
        yield Note(roles.time, f"orders rows: {roles.why['time']}", "`--time`")


def _people_note(schema: Schema, people: list[str]) -> Iterator[Note]:
    for name in people:
        yield Note(name, "sensitive: its groups are compared", f"`sensitive` in {DESCRIBE}")
