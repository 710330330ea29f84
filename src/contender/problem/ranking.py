"""Metrics that read only the order of scores: ROC AUC and average precision, in O(n log n)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """Rows by rising score, those with equal scores as one tie.

    `order` and `ties` have shape (n_rows,): the row at each rank, and the tie of each row;
    `starts` has shape (n_ties,): the first rank of each tie.
    """

    order: np.ndarray
    ties: np.ndarray
    starts: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray) -> Self:
        """The ranking of `scores`, shape (n_rows,) without NaN."""
        order = np.argsort(scores)
        ranked = scores[order]
        first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
        ties = np.empty(len(order), dtype=np.int64)
        ties[order] = np.cumsum(first) - 1
        return cls(order, ties, np.flatnonzero(first))

    def totals(self, amounts: np.ndarray) -> np.ndarray:
        """The sum of `amounts`, shape (n_rows,), over each tie: shape (n_ties,)."""
        return np.add.reduceat(amounts[self.order].astype(np.float64), self.starts)

    @property
    def sizes(self) -> np.ndarray:
        """The number of rows of each tie, shape (n_ties,)."""
        return np.diff(np.append(self.starts, len(self.order))).astype(np.float64)


def roc_auc(target: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> float:
    """The chance that a positive outranks a negative, ties counting half."""
    ranking = Ranking.of(scores)
    everyone = ranking.sizes if weight is None else ranking.totals(weight)
    positive = ranking.totals(target if weight is None else target * weight)
    negative = everyone - positive
    below = np.cumsum(negative) - negative / 2
    return float((positive * below).sum() / (positive.sum() * negative.sum()))


def roc_auc_rows(target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The placements of DeLong, DeLong and Clarke-Pearson (1988), from midranks.

    A class of m rows is scaled by n / sqrt(m (m - 1)), so that the sum of squares over n^2 is
    their unbiased variance.
    """
    ranking = Ranking.of(scores)
    positive = ranking.totals(target)
    negative = ranking.sizes - positive
    n_positive, n_negative = positive.sum(), negative.sum()
    below = (np.cumsum(negative) - negative / 2) / n_negative
    above = 1 - (np.cumsum(positive) - positive / 2) / n_positive
    area = (positive * below).sum() / n_positive
    won = (below - area) * len(target) / _pairs(n_positive)
    kept = (above - area) * len(target) / _pairs(n_negative)
    return np.asarray(area + np.where(target == 1, won[ranking.ties], kept[ranking.ties]))


def _pairs(count: float) -> float:
    return float(np.sqrt(count * max(count - 1, 1)))


def macro_roc_auc(target: np.ndarray, shares: np.ndarray, weight: np.ndarray | None) -> float:
    """The mean over classes of the ROC AUC of that class against the rest.

    `shares` has shape (n_rows, n_classes).
    """
    return float(np.mean([roc_auc(own, column, weight) for own, column in _each(target, shares)]))


def macro_roc_auc_rows(target: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The mean over classes of the placements of that class against the rest."""
    rows = [roc_auc_rows(own, column) for own, column in _each(target, shares)]
    return np.asarray(np.mean(rows, axis=0))


def _each(target: np.ndarray, shares: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each class its rows as ones, the rest as zeros, and its column of `shares`."""
    for index, column in enumerate(shares.T):
        yield np.where(target == index, 1, 0), column


def average_precision(target: np.ndarray, scores: np.ndarray, weight: np.ndarray | None) -> float:
    """The precision at the score of each positive, averaged over the positives."""
    ranking = Ranking.of(scores)
    everyone = ranking.sizes if weight is None else ranking.totals(weight)
    positive = ranking.totals(target if weight is None else target * weight)
    reached = _from_the_top(everyone)
    precision = _from_the_top(positive) / np.where(reached > 0, reached, 1)
    return float((positive * precision).sum() / positive.sum())


def average_precision_rows(target: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Average precision as E[y A(s) / S(s)] / E[y], differentiated in the distribution of (y, s).

    A(s) and S(s) are the shares of positives and of rows with a score of s or more. A row counts
    by its own precision, by its part in E[y], and by what it does to the precision of every
    positive that scores no higher.
    """
    ranking = Ranking.of(scores)
    positive = ranking.totals(target)
    reached = _from_the_top(ranking.sizes)
    precision = _from_the_top(positive) / reached
    average = (positive * precision).sum() / positive.sum()
    lifted = precision - average + np.cumsum(positive / reached)
    diluted = np.cumsum(positive * precision / reached)
    effect = np.where(target == 1, lifted[ranking.ties], 0) - diluted[ranking.ties]
    return np.asarray(average + effect * len(target) / positive.sum())


def _from_the_top(amounts: np.ndarray) -> np.ndarray:
    return np.cumsum(amounts[::-1])[::-1]
