"""The schema of a table: what was seen of each column, in the words of data/schema.yaml."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from contender.adoption.columns import Seen
from contender.adoption.roles import Roles
from contender.adoption.selection import MAX_CATEGORIES, Selection
from contender.problem.limits import FLOAT32_MAX
from contender.problem.schema import Column, Schema, Task

MAX_SLICES: Final = 4
MAX_LEVELS: Final = 8
ROW: Final = "row"


def describe(
    columns: Mapping[str, Seen], roles: Roles, selection: Selection, *, name: str
) -> Schema:
    """The schema of the data set `name`."""
    described: dict[str, Column] = {}
    if roles.id is None:
        meaning = "number of the row in the file; the source has no id"
        number = Column(role="id", dtype="string", numbered=True, meaning=meaning)
        described[_free_name(columns)] = number
    for column, seen in columns.items():
        if column == roles.target:
            described[column] = _target(seen, roles)
        elif column in selection.features:
            described[column] = _feature(seen, sensitive=column in selection.people)
        else:
            described[column] = _other(seen, roles)
    sliced = [name for name in selection.features if _can_be_sliced(described[name])]
    for column in {*selection.people, *sliced[:MAX_SLICES]}:
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


def _target(seen: Seen, roles: Roles) -> Column:
    meaning = f"{_meaning(seen.name)}; what is predicted"
    if roles.task is Task.REGRESSION:
        return Column(role="target", dtype=seen.dtype, meaning=meaning)
    return Column(
        role="target",
        dtype="string",
        categories=_in_order(seen),
        positive=roles.positive,
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
    role: Any = roles.named.get(seen.name, "ignored")
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
