"""Rates of groups, as fairlearn defines them, with the gap of two groups and its bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from scipy.special import ndtri

from contender.params import EvaluateParams
from contender.problem.schema import Task
from contender.release.gate.estimates import MIN_GROUPS, Normal, mean_of
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


@dataclass(frozen=True)
class GroupMean:
    """The mean of one group, and how much the challenger moved it away from the champion's."""

    level: str
    rows: int
    challenger: Normal
    champion: Normal | None
    moved: Normal | None
    is_share: bool


@dataclass(frozen=True)
class Gap:
    """How much higher the mean of `high` is than that of `low`, for the challenger."""

    high: GroupMean
    low: GroupMean

    @property
    def value(self) -> float:
        """The gap, zero or more."""
        return self.high.challenger.value - self.low.challenger.value

    @property
    def champions(self) -> float | None:
        """The champion's gap between the same groups in the same direction."""
        if self.high.champion is None or self.low.champion is None:
            return None
        return self.high.champion.value - self.low.champion.value

    def lower(self, alpha: float) -> float:
        """The bound that lies above the true gap with probability `alpha`."""
        high, low = self.high, self.low
        return _lower(high.challenger, low.challenger, alpha, is_share=high.is_share)

    def upper(self, alpha: float) -> float:
        """The bound that lies below the true absolute gap with probability `alpha`."""
        high, low = self.high, self.low
        back = _lower(low.challenger, high.challenger, alpha, is_share=high.is_share)
        return max(-back, -self.lower(alpha))

    def champions_lower(self, alpha: float) -> float:
        """The lower bound of the champion's gap; minus infinity without a champion."""
        if self.high.champion is None or self.low.champion is None:
            return -np.inf
        return _lower(self.high.champion, self.low.champion, alpha, is_share=self.high.is_share)

    def widening(self, alpha: float) -> float:
        """The lower bound of challenger's gap - champion's gap, paired on the rows of a group."""
        high, low = self.high.moved, self.low.moved
        if high is None or low is None:
            return -np.inf
        error = float(np.hypot(high.standard_error, low.standard_error))
        return Normal(high.value - low.value, error, min(high.degrees, low.degrees)).lower(alpha)


def _lower(one: Normal, other: Normal, alpha: float, *, is_share: bool) -> float:
    """The lower bound of one - other, from the intervals of both.

    Zou and Donner (2008), Statistics in Medicine 27, 1693. With Wilson's interval for shares it is
    method 10 of Newcombe (1998), Statistics in Medicine 17, 873; with t for means near Welch's.
    """
    below = _wilson(one, alpha)[0] if is_share else one.lower(alpha)
    above = _wilson(other, alpha)[1] if is_share else other.upper(alpha)
    return one.value - other.value - float(np.hypot(one.value - below, above - other.value))


def _wilson(share: Normal, alpha: float) -> tuple[float, float]:
    """Wilson's interval, for as many independent rows as `degrees` says."""
    z, rows, p = -float(ndtri(alpha)), share.degrees, share.value
    centre = (p + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = np.sqrt(p * (1 - p) / rows + (z / (2 * rows)) ** 2) * z / (1 + z**2 / rows)
    return float(centre - half), float(centre + half)


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


def group_means(
    rate: Rate, labels: Labels, groups: np.ndarray | None, reading: EvaluateParams
) -> list[GroupMean]:
    """One mean a level that has rows enough, in the order of the levels."""
    means = []
    for code, level in enumerate(labels.levels):
        members = labels.codes == code
        rows = np.flatnonzero(members & rate.counts)
        if members.sum() < reading.min_slice_rows or len(rows) < reading.min_slice_class_rows:
            continue
        together = None if groups is None else groups[rows]
        if together is None or len(np.unique(together)) >= MIN_GROUPS:
            means.append(_group_mean(rate, level, rows, together))
    return means


def _group_mean(rate: Rate, level: str, rows: np.ndarray, groups: np.ndarray | None) -> GroupMean:
    is_share = rate.name in _OF_CLASSES
    mean = _share_of if is_share else mean_of
    ours = rate.challenger[rows]
    if rate.champion is None:
        return GroupMean(level, len(rows), mean(ours, groups), None, None, is_share)
    theirs = rate.champion[rows]
    moved = mean_of(ours - theirs, groups)
    return GroupMean(level, len(rows), mean(ours, groups), mean(theirs, groups), moved, is_share)


def _share_of(values: np.ndarray, groups: np.ndarray | None) -> Normal:
    """A share; its degrees are the number of independent rows that would be as uncertain."""
    share, rows = float(values.mean()), len(values)
    variance = share * (1 - share)
    if groups is None:
        return Normal(share, float(np.sqrt(variance / rows)), rows)
    error = mean_of(values, groups).standard_error
    alike = variance / error**2 if error > 0 else len(np.unique(groups))
    return Normal(share, error, min(rows, alike))


def gaps_between(means: list[GroupMean]) -> list[Gap]:
    """One gap for every two groups."""
    ordered = sorted(means, key=lambda mean: -mean.challenger.value)
    return [Gap(high, low) for high, low in combinations(ordered, 2)]
