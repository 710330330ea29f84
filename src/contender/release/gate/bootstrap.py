"""The paired bootstrap, for metrics that have no closed form; the only chance in the gate, seeded.

Rows that a metric cannot tell apart, because label and both decisions are equal, are one token,
and a replicate draws how often each token occurs: any number of rows takes the same time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from contender.problem.metrics import Metric

CELLS: Final = 1_000_000  # weights drawn at once: 8 MB, whatever the rows
Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Pair:
    """Two models' predictions for the same rows, and which rows belong together, if any do."""

    target: np.ndarray
    challenger: np.ndarray
    opponent: np.ndarray
    groups: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Pair":
        """The same for the rows at these positions."""
        groups = None if self.groups is None else self.groups[rows]
        return Pair(self.target[rows], self.challenger[rows], self.opponent[rows], groups)


@dataclass(frozen=True)
class Resampling:
    """How often to resample, and the seed: made of digests, so that it cannot be shopped for."""

    replicates: int
    seed: int


@dataclass(frozen=True)
class _Tokens:
    target: np.ndarray
    challenger: np.ndarray
    opponent: np.ndarray
    of_row: np.ndarray


def bootstrap_error(metric: Metric, pair: Pair, resampling: Resampling) -> float:
    """The standard error of the paired difference of `metric`.

    Rows are drawn within their label, so that every replicate has every class; where rows belong
    together whole groups are drawn instead.
    """
    tokens = _tokenise(metric, pair)
    rng = np.random.default_rng(resampling.seed)
    draw = _draw_rows(tokens) if pair.groups is None else _draw_groups(pair.groups, tokens)
    differences = np.empty(resampling.replicates)
    step = max(1, CELLS // len(tokens.target))
    for start in range(0, resampling.replicates, step):
        part = differences[start : start + step]
        weights = draw(rng, len(part))
        part[:] = metric.values(tokens.target, tokens.challenger, weights)
        part -= metric.values(tokens.target, tokens.opponent, weights)
    return float(differences.std(ddof=1))


def _tokenise(metric: Metric, pair: Pair) -> _Tokens:
    target, ours, theirs = pair.target, metric.reads(pair.challenger), metric.reads(pair.opponent)
    if any(reading.dtype.kind not in "iu" for reading in (target, ours, theirs)):
        return _Tokens(target, ours, theirs, np.arange(len(target)))
    base = 1 + max(int(reading.max()) for reading in (target, ours, theirs))
    keys = (target * base + ours) * base + theirs
    kinds, of_row = np.unique(keys, return_inverse=True)
    return _Tokens(kinds // base**2, kinds // base % base, kinds % base, of_row)


def _draw_rows(tokens: _Tokens) -> Draw:
    """How often each token is drawn: a multinomial within each label, or over all numbers."""
    counts = np.bincount(tokens.of_row)
    labelled = tokens.target.dtype.kind in "iu"
    labels = tokens.target if labelled else np.zeros(len(counts), dtype=np.int64)
    strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def draw(rng: np.random.Generator, replicates: int) -> np.ndarray:
        weights = np.empty((replicates, len(counts)))
        for stratum in strata:
            size = int(counts[stratum].sum())
            weights[:, stratum] = rng.multinomial(size, counts[stratum] / size, replicates)
        return weights

    return draw


def _draw_groups(groups: np.ndarray, tokens: _Tokens) -> Draw:
    """How often each token is drawn when whole groups are, with replacement."""
    from scipy.sparse import coo_array

    units = np.unique(groups, return_inverse=True)[1]
    table = coo_array((np.ones(len(units)), (units, tokens.of_row))).tocsr()
    count = table.shape[0]

    def draw(rng: np.random.Generator, replicates: int) -> np.ndarray:
        drawn = (rng.integers(count, size=count) for _ in range(replicates))
        return np.array([np.bincount(unit, minlength=count) @ table for unit in drawn])

    return draw
