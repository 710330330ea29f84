"""Which columns the model sees, and why the others are left out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contender.adoption.columns import Seen
from contender.adoption.roles import Roles, Wishes
from contender.adoption.suspects import find_constant, find_leak, find_twin
from contender.errors import DataError
from contender.problem.schema import Task

MAX_CATEGORIES: Final = 100
MAX_WIDTH: Final = 1000  # 0/1 columns that all categories may become together,
MAX_CELLS: Final = 100_000_000  # and their cells: 8 bytes each while a model is fitted
_PEOPLE: Final = re.compile(
    r"(?i:(^|[_\W])(sex|gender|female|male|race|ethnic\w*|religion|age|elderly|nationality|"
    r"citizen\w*|marital\w*|disab\w*|native\w*)($|[_\W]))"
)


@dataclass(frozen=True)
class Selection:
    """The features in order, those that tell who somebody is, and why the rest is left out."""

    features: tuple[str, ...]
    people: tuple[str, ...]
    left_out: Mapping[str, str]


def select_features(columns: Mapping[str, Seen], roles: Roles, wishes: Wishes) -> Selection:
    """What the model may learn from.

    Raises:
        DataError: nothing is left.
    """
    free = {name: seen for name, seen in columns.items() if name not in roles.named}
    out = dict(_set_aside(free, columns[roles.target], roles, wishes))
    out |= dict(_too_wide([seen for name, seen in free.items() if name not in out]))
    features = tuple(name for name in free if name not in out)
    if not features:
        reasons = "; ".join(f"`{name}` {why}" for name, why in list(out.items())[:5])
        raise DataError(
            f"no column is left to predict `{roles.target}` from: {reasons or 'there is none'}; "
            "expected at least one.",
            hint="bring more columns",
        )
    people = tuple(name for name in features if name in wishes.sensitive or _PEOPLE.search(name))
    return Selection(features, people, out)


def _set_aside(
    free: Mapping[str, Seen], target: Seen, roles: Roles, wishes: Wishes
) -> Iterator[tuple[str, str]]:
    classes = roles.task is not Task.REGRESSION
    kept: list[Seen] = []
    for name, seen in free.items():
        why = (
            _why_unfit(seen)
            or find_constant(seen)
            or find_twin(seen, kept)
            or find_leak(seen, target, classes=classes)
            or _why_endless(seen)
        )
        if name in wishes.drop or why:
            yield name, "you said so" if name in wishes.drop else why
        else:
            kept.append(seen)


def _why_unfit(seen: Seen) -> str:
    if not seen.name:
        return "has no name"
    if seen.dtype == "datetime":
        return "holds dates, which are no feature; derive a number, such as an age in days"
    return seen.fault


def _why_endless(seen: Seen) -> str:
    if seen.dtype == "string" and len(seen.values) > MAX_CATEGORIES:
        return f"has {len(seen.values):,} different texts, more than {MAX_CATEGORIES}"
    return ""


def _too_wide(features: list[Seen]) -> Iterator[tuple[str, str]]:
    """The columns with the most categories, when all together would not fit into memory."""
    texts = [seen for seen in features if seen.dtype == "string"]
    room = min(MAX_WIDTH, MAX_CELLS // texts[0].rows) if texts else 0
    for seen in sorted(texts, key=lambda seen: len(seen.values)):
        room -= len(seen.values)
        if room < 0:
            yield seen.name, f"has {len(seen.values)} categories, too many beside the others"
