"""Which column is the target, which names a row, a group or a moment, and what the task is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from contender.adoption.columns import Seen
from contender.adoption.targets import find_positive, find_task
from contender.errors import ParameterError
from contender.problem.schema import Task

MIN_GROUPS: Final = 20
MAX_SHARE: Final = 0.9  # groups a row; with more, nearly each row is a group of its own
_ID: Final = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|nr|no|number|index)$)|[a-z]I[Dd]$")
_UNIT: Final = re.compile(
    r"(?i:(^|[_\W])(id|uuid|guid|client|patient|subject|user|household|session)$)|[a-z]I[Dd]$"
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
    positive: str | None = None
    why: Mapping[str, str] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, str]:
        """The role of each column that has one."""
        roles = ("target", "id", "group", "time")
        return {name: role for role in roles if (name := getattr(self, role)) is not None}


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
    why, positive = {"task": why_task}, None
    if task is Task.BINARY:
        positive, why["positive"] = find_positive(target, wishes.positive)
    id_, why["id"] = _find_id(rest, wishes)
    group, why["group"] = _find_group(rest, wishes, taken=id_)
    time, why["time"] = _find_time(rest, wishes)
    return Roles(wishes.target, task, id_, group, time, positive, why)


def _require_column(name: str, columns: Mapping[str, Seen], flag: str) -> None:
    if name in columns:
        return
    near = get_close_matches(name, columns, n=1)
    listed = ", ".join(list(columns)[:20]) + (" ..." if len(columns) > 20 else "")
    raise ParameterError(
        f"the file has no column `{name}` (--{flag}); expected one of `{listed}`.",
        hint=f"did you mean `{near[0]}`?" if near else "name one that is there, as it is spelt",
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
