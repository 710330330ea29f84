"""Rates of groups, as fairlearn defines them, with the gap of two groups and its bounds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Protocol

import numpy as np
from scipy.special import ndtri

from contender.params import EvaluateParams
from contender.problem.schema import Task
from contender.release.gate.estimates import MIN_GROUPS, Normal, count_groups, mean_of
from contender.release.gate.evidence import Evidence, Labels

_OF_CLASSES: Final = ("selection_rate", "true_positive_rate", "false_positive_rate")
RATES: Final = {
    Task.BINARY: _OF_CLASSES,
    Task.MULTICLASS: _OF_CLASSES,
    Task.REGRESSION: ("mean_residual", "mean_absolute_error"),
}


@dataclass(frozen=True)
class Rate:
    """What is averaged over the rows of a group that `counts`; arrays have shape (n_rows,).

    `of` is the class that is set against the rest, empty unless there are several.
    """

    name: str
    of: str
    challenger: np.ndarray
    champion: np.ndarray | None
    counts: np.ndarray


class Level(Protocol):
    """The level of a rate in one group, with its uncertainty."""

    @property
    def value(self) -> float: ...
    def lower(self, alpha: float) -> float: ...
    def upper(self, alpha: float) -> float: ...


@dataclass(frozen=True)
class Share:
    """A share of as many independent rows, with the interval of Wilson (1927)."""

    value: float
    rows: float

    def lower(self, alpha: float) -> float:
        """The bound that lies above the true share with probability `alpha`."""
        z = -float(ndtri(alpha))
        spread = self.value * (1 - self.value) / self.rows + (z / (2 * self.rows)) ** 2
        centre = self.value + z**2 / (2 * self.rows)
        return float((centre - z * np.sqrt(spread)) / (1 + z**2 / self.rows))

    def upper(self, alpha: float) -> float:
        """The bound that lies below the true share with probability `alpha`."""
        return 1 - Share(1 - self.value, self.rows).lower(alpha)


@dataclass(frozen=True)
class GroupLevel:
    """One group: both models' levels, and how far the challenger moved from the champion."""

    name: str
    rows: int
    challenger: Level
    champion: Level | None
    moved: Normal | None


@dataclass(frozen=True)
class Gap:
    """How far the challenger's level in `high` lies above that in `low`."""

    high: GroupLevel
    low: GroupLevel

    @property
    def value(self) -> float:
        """The gap, zero or more."""
        return self.high.challenger.value - self.low.challenger.value

    @property
    def champions(self) -> float:
        """The champion's gap of the same groups, in the same direction; 0 without a champion."""
        if self.high.champion is None or self.low.champion is None:
            return 0.0
        return self.high.champion.value - self.low.champion.value

    def lower(self, alpha: float) -> float:
        """The bound that lies above the true gap with probability `alpha`."""
        return _lower(self.high.challenger, self.low.challenger, alpha)

    def upper(self, alpha: float) -> float:
        """The bound that lies below the true gap, in either direction, with probability `alpha`."""
        return -min(self.lower(alpha), _lower(self.low.challenger, self.high.challenger, alpha))

    def champions_lower(self, alpha: float) -> float:
        """The lower bound of the champion's gap; minus infinity without a champion."""
        if self.high.champion is None or self.low.champion is None:
            return -np.inf
        return _lower(self.high.champion, self.low.champion, alpha)

    def widening(self, alpha: float) -> float:
        """The lower bound of how much wider the gap is than the champion's, paired row by row."""
        high, low = self.high.moved, self.low.moved
        if high is None or low is None:
            return -np.inf
        error = float(np.hypot(high.standard_error, low.standard_error))
        return Normal(high.value - low.value, error, min(high.degrees, low.degrees)).lower(alpha)


def _lower(one: Level, other: Level, alpha: float) -> float:
    """The lower bound of one - other, from the intervals of both.

    Zou and Donner (2008), Statistics in Medicine 27, 1693. For shares this is method 10 of
    Newcombe (1998), Statistics in Medicine 17, 873; for means it is close to Welch's.
    """
    below, above = one.value - one.lower(alpha), other.upper(alpha) - other.value
    return one.value - other.value - float(np.hypot(below, above))


def rates_of(evidence: Evidence, reading: EvaluateParams) -> Iterator[Rate]:
    """Every rate of the task; for many classes each class against the rest."""
    ours = evidence.challenger.predictions
    theirs = None if evidence.champion is None else evidence.champion.predictions
    if evidence.task is Task.REGRESSION:
        yield from _residual_rates(evidence.target, ours, theirs)
        return
    classes = evidence.classes[1:] if evidence.task is Task.BINARY else evidence.classes
    for index, name in enumerate(classes, start=len(evidence.classes) - len(classes)):
        of = name if len(classes) > 1 else ""
        chosen = _chosen(ours, index, reading.threshold)
        before = None if theirs is None else _chosen(theirs, index, reading.threshold)
        yield from _class_rates(of, evidence.target == index, chosen, before)


def _chosen(predictions: np.ndarray, index: int, threshold: float) -> np.ndarray:
    """1.0 for the rows that are taken for the class with this index, shape (n_rows,)."""
    if predictions.ndim == 1:
        return np.where(predictions >= threshold, 1.0, 0.0)
    return np.where(predictions.argmax(axis=1) == index, 1.0, 0.0)


def _class_rates(
    of: str, actual: np.ndarray, challenger: np.ndarray, champion: np.ndarray | None
) -> Iterator[Rate]:
    for name, counts in zip(_OF_CLASSES, (np.ones_like(actual), actual, ~actual), strict=True):
        yield Rate(name, of, challenger, champion, counts)


def _residual_rates(
    target: np.ndarray, challenger: np.ndarray, champion: np.ndarray | None
) -> Iterator[Rate]:
    """In standard deviations of the target, so that one limit fits any unit."""
    scale, everyone = float(target.std()), np.ones(len(target), dtype=bool)
    ours = (target - challenger) / scale
    theirs = None if champion is None else (target - champion) / scale
    yield Rate("mean_residual", "", ours, theirs, everyone)
    theirs = None if theirs is None else np.abs(theirs)
    yield Rate("mean_absolute_error", "", np.abs(ours), theirs, everyone)


def group_levels(
    rate: Rate, labels: Labels, groups: np.ndarray | None, reading: EvaluateParams
) -> list[GroupLevel]:
    """One entry a group that has rows enough, in the order of the labels."""
    found = []
    for code, name in enumerate(labels.levels):
        members = labels.codes == code
        rows = np.flatnonzero(members & rate.counts)
        if members.sum() < reading.min_slice_rows or len(rows) < reading.min_slice_class_rows:
            continue
        together = None if groups is None else groups[rows]
        if together is None or count_groups(together) >= MIN_GROUPS:
            found.append(_group_level(rate, name, rows, together))
    return found


def _group_level(rate: Rate, name: str, rows: np.ndarray, groups: np.ndarray | None) -> GroupLevel:
    level = _share_of if rate.name in _OF_CLASSES else mean_of
    ours = rate.challenger[rows]
    if rate.champion is None:
        return GroupLevel(name, len(rows), level(ours, groups), None, None)
    theirs = rate.champion[rows]
    moved = mean_of(ours - theirs, groups)
    return GroupLevel(name, len(rows), level(ours, groups), level(theirs, groups), moved)


def _share_of(values: np.ndarray, groups: np.ndarray | None) -> Share:
    """The share of ones; rows that belong together count as fewer, by their design effect."""
    share, rows = float(values.mean()), float(len(values))
    if groups is None:
        return Share(share, rows)
    error = mean_of(values, groups).standard_error
    alike = share * (1 - share) / error**2 if error > 0 else count_groups(groups)
    return Share(share, min(rows, alike))


def gaps_between(groups: Sequence[GroupLevel]) -> list[Gap]:
    """One gap for every two groups, the widest first."""
    ordered = sorted(groups, key=lambda group: -group.challenger.value)
    gaps = [Gap(high, low) for high, low in combinations(ordered, 2)]
    return sorted(gaps, key=lambda gap: -gap.value)
