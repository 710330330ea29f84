"""Which column is the target, which names a row, a group or a moment, and what the task is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

import numpy as np

from contender.adoption.columns import Seen
from contender.errors import DataError, ParameterError
from contender.problem.schema import Task

MAX_CLASSES: Final = 50
MAX_CODES: Final = 12  # whole numbers up to so many are taken for classes, more for amounts
MIN_CLASS_ROWS: Final = 5
MIN_GROUPS: Final = 20
MAX_SHARE: Final = 0.9  # groups a row; with more, nearly each row is a group of its own
POSITIVE: Final = ("yes", "true", "1", "positive", "bad", "malignant", "fraud", "default", "event")
_ID: Final = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|nr|no|number|index)$)|[a-z]I[Dd]$")
_UNIT: Final = re.compile(
    r"(?i:(^|[_\W])(id|uuid|guid|client|patient|subject|user|household|family|session)$)|[a-z]I[Dd]$"
)
_BIRTH: Final = re.compile(r"birth|dob\b", re.IGNORECASE)


@dataclass(frozen=True)
class Wishes:
    """What was said about the columns; None where it is to be found out."""

    target: str
    task: str | None = None
    id: str | None = None
    time: str | None = None
    group: str | None = None
    positive: str | None = None
    sensitive: Sequence[str] = ()
    drop: Sequence[str] = ()

    @property
    def named(self) -> dict[str, str]:
        """Every column that is named, by the flag that names it."""
        single = {name: getattr(self, name) for name in ("target", "id", "time", "group")}
        said = {flag: name for flag, name in single.items() if name is not None}
        for flag, names in (("sensitive", self.sensitive), ("drop", self.drop)):
            said |= {f"{flag} {name}": name for name in names}
        return said


@dataclass(frozen=True)
class Roles:
    """The columns with a role of their own; an `id` of None is to be numbered."""

    target: str
    task: Task
    id: str | None
    group: str | None
    time: str | None
    why: Mapping[str, str] = field(default_factory=dict)


def find_roles(columns: Mapping[str, Seen], wishes: Wishes) -> Roles:
    """Who plays which part, as wished or as the data shows.

    Raises:
        ParameterError: a column that is named is not there, or cannot have that role.
        DataError: the target cannot be learnt.
    """
    for flag, name in wishes.named.items():
        _require_column(name, columns, flag.partition(" ")[0])
    target = columns[wishes.target]
    task, why_task = find_task(target, wishes.task)
    rest = {
        name: seen
        for name, seen in columns.items()
        if name and name not in (wishes.target, *wishes.drop) and not seen.fault
    }
    why = {"task": why_task}
    id_, why["id"] = _find_id(rest, wishes)
    group, why["group"] = _find_group(rest, wishes, taken=id_)
    time, why["time"] = _find_time(rest, wishes)
    return Roles(wishes.target, task, id_, group, time, why)


def find_task(target: Seen, wish: str | None) -> tuple[Task, str]:
    """What kind of thing `target` is, and why.

    Raises:
        DataError: it has missing values, one value, too many, or a class with hardly a row.
        ParameterError: the task that was wished for does not fit.
    """
    _require_learnable(target)
    count = len(target.values)
    if wish == Task.REGRESSION or (wish is None and _is_amount(target)):
        if not target.is_number:
            raise ParameterError(
                f"the target `{target.name}` is `{target.values[0]}` ...; expected numbers for a "
                "regression.",
                hint="`--task binary` or `--task multiclass`, or name another column",
            )
        return Task.REGRESSION, f"it is a number with {count:,} different values"
    if wish == Task.BINARY and count != 2 or wish == Task.MULTICLASS and count == 2:
        raise ParameterError(
            f"the target `{target.name}` has {count} classes; that is no {wish} task.",
            hint="leave `--task` out",
        )
    _require_classes(target)
    return (Task.BINARY if count == 2 else Task.MULTICLASS), f"it has {count} different values"


def find_positive(target: Seen, wish: str | None) -> tuple[str, str]:
    """The class of a binary target that is the event, and why.

    Raises:
        ParameterError: the one that was wished for is none of the two.
    """
    if wish is not None:
        if wish not in target.values:
            raise ParameterError(
                f"`{wish}` is no value of the target `{target.name}`; expected "
                f"`{'` or `'.join(target.values)}`.",
                hint="name one of them with `--positive`",
            )
        return wish, "you said so"
    known = [value for value in target.values if value.lower() in POSITIVE]
    if len(known) == 1:
        return known[0], "its name says so"
    return target.values[int(np.argmin(target.counts))], "it is the rarer one"


def _require_column(name: str, columns: Mapping[str, Seen], flag: str) -> None:
    if name in columns:
        return
    near = get_close_matches(name, columns, n=1)
    listed = ", ".join(list(columns)[:20]) + (" ..." if len(columns) > 20 else "")
    raise ParameterError(
        f"the file has no column `{name}` (--{flag}); expected one of `{listed}`.",
        hint=f"did you mean `{near[0]}`?" if near else "name one that is there, as it is spelt",
    )


def _require_learnable(target: Seen) -> None:
    if target.missing == target.rows:
        raise DataError(
            f"the target `{target.name}` has no value in any row; expected one in each.",
            hint="name another column with `--target`, or deliver the file with its labels",
        )
    if target.missing:
        row = int(np.argmax(target.codes < 0)) + 1
        raise DataError(
            f"the target `{target.name}` is missing in {target.missing:,} of {target.rows:,} rows, "
            f"first in row {row:,}; expected a value in each.",
            hint="remove those rows: nothing can be learnt from or measured on them",
        )
    if target.fault or target.dtype == "datetime":
        raise DataError(
            f"the target `{target.name}` {target.fault or 'holds dates'}; expected classes or "
            "numbers.",
            hint="mend those cells, or name another column with `--target`",
        )
    if len(target.values) == 1:
        raise DataError(
            f"the target `{target.name}` is `{target.values[0]}` in every row; "
            "expected at least two different values.",
            hint="deliver rows of the other class too, or name another column with `--target`",
        )


def _is_amount(target: Seen) -> bool:
    if not target.is_number or len(target.values) == 2:
        return False
    return target.dtype == "float" or len(target.values) > MAX_CODES


def _require_classes(target: Seen) -> None:
    if len(target.values) > MAX_CLASSES:
        raise DataError(
            f"the target `{target.name}` has {len(target.values):,} different values; expected at "
            f"most {MAX_CLASSES} classes, or numbers.",
            hint="group its values, or name another column with `--target`",
        )
    few = [
        f"{value}` ({count})"
        for value, count in zip(target.values, target.counts, strict=True)
        if count < MIN_CLASS_ROWS
    ]
    if few:
        raise DataError(
            f"the target `{target.name}` has classes with hardly a row: `{', `'.join(few)}; "
            f"expected at least {MIN_CLASS_ROWS} rows of each.",
            hint="join them with another class, or remove those rows"
            + ("; `--task regression` if it is an amount" if target.is_number else ""),
        )


def _find_id(rest: Mapping[str, Seen], wishes: Wishes) -> tuple[str | None, str]:
    if wishes.id is not None:
        seen = rest.get(wishes.id)
        if seen is None or not _is_unique(seen):
            raise ParameterError(
                f"`{wishes.id}` does not name each row once; expected an id without gaps.",
                hint="name another column with `--id`, or none: rows are numbered then; a column "
                "that names something with several rows is a `--group`",
            )
        return wishes.id, "you said so"
    unique = [name for name, seen in rest.items() if _is_unique(seen) and _may_be_id(seen)]
    likely = [name for name in unique if _ID.search(name)]
    texts = [name for name in unique if rest[name].dtype == "string"]
    if likely or texts:
        return (likely + texts)[0], "it has another value in every row"
    return None, "no column names each row once, so rows are numbered as they lie in the file"


def _is_unique(seen: Seen) -> bool:
    return not seen.missing and len(seen.values) == seen.rows


def _may_be_id(seen: Seen) -> bool:
    return seen.dtype in ("integer", "string")


def _find_group(
    rest: Mapping[str, Seen], wishes: Wishes, *, taken: str | None
) -> tuple[str | None, str]:
    if wishes.group is not None:
        seen = rest.get(wishes.group)
        if seen is None or seen.missing or len(seen.values) < 2:
            raise ParameterError(
                f"`{wishes.group}` cannot tell groups apart; expected a value in every row, and "
                "different ones.",
                hint="name another column with `--group`",
            )
        return wishes.group, "you said so"
    for name, seen in rest.items():
        units = _UNIT.search(name) and _may_be_id(seen) and not seen.missing and name != taken
        if units and MIN_GROUPS <= len(seen.values) <= MAX_SHARE * seen.rows:
            return name, f"{len(seen.values):,} of them have {seen.rows:,} rows"
    return None, ""


def _find_time(rest: Mapping[str, Seen], wishes: Wishes) -> tuple[str | None, str]:
    if wishes.time is not None:
        seen = rest.get(wishes.time)
        if seen is None or seen.missing or seen.dtype != "datetime":
            raise ParameterError(
                f"`{wishes.time}` cannot order the rows; expected a date in every row, written in "
                "one way.",
                hint="mend it, or leave `--time` out; ISO 8601 (2026-01-31) is always understood",
            )
        return wishes.time, "you said so"
    dates = [
        seen
        for name, seen in rest.items()
        if seen.dtype == "datetime" and not seen.missing and not _BIRTH.search(name)
    ]
    most = max(dates, key=lambda seen: len(seen.values), default=None)
    if most is None or len(most.values) < MIN_GROUPS:
        return None, ""
    return most.name, f"it holds {len(most.values):,} different moments"
