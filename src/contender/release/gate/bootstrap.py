"""The paired bootstrap, for metrics that have no closed form; the only chance in the gate, seeded.

Rows that a metric cannot tell apart, because label and both decisions are equal, are one token,
and a replicate draws how often each token occurs: any number of rows takes the same time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contender.problem.metrics import Metric


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
    if pair.groups is None:
        weights = _row_weights(tokens, rng)
    else:
        weights = _group_weights(pair.groups, tokens, rng)
    differences = np.empty(resampling.replicates)
    for index, weight in zip(range(resampling.replicates), weights, strict=False):
        challenger = metric.score(tokens.target, tokens.challenger, weight)
        differences[index] = challenger - metric.score(tokens.target, tokens.opponent, weight)
    return float(differences.std(ddof=1))


def _tokenise(metric: Metric, pair: Pair) -> _Tokens:
    target, ours, theirs = pair.target, metric.reads(pair.challenger), metric.reads(pair.opponent)
    if any(reading.dtype.kind not in "iu" for reading in (target, ours, theirs)):
        return _Tokens(target, ours, theirs, np.arange(len(target)))
    base = 1 + max(int(reading.max()) for reading in (target, ours, theirs))
    keys = (target * base + ours) * base + theirs
    kinds, of_row = np.unique(keys, return_inverse=True)
    return _Tokens(kinds // base**2, kinds // base % base, kinds % base, of_row)


def _row_weights(tokens: _Tokens, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each token is drawn: a multinomial within each label, or over all numbers."""
    counts = np.bincount(tokens.of_row)
    labelled = tokens.target.dtype.kind in "iu"
    labels = tokens.target if labelled else np.zeros(len(counts), dtype=np.int64)
    strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    sizes = [int(counts[stratum].sum()) for stratum in strata]
    shares = [counts[stratum] / size for stratum, size in zip(strata, sizes, strict=True)]
    weight = np.empty(len(counts))
    while True:
        for stratum, size, share in zip(strata, sizes, shares, strict=True):
            weight[stratum] = rng.multinomial(size, share)
        yield weight


def _group_weights(
    groups: np.ndarray, tokens: _Tokens, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """How often each token is drawn when whole groups are, with replacement."""
    from scipy.sparse import coo_array

    units = np.unique(groups, return_inverse=True)[1]
    table = coo_array((np.ones(len(units)), (units, tokens.of_row))).tocsr()
    count = table.shape[0]
    while True:
        yield np.bincount(rng.integers(count, size=count), minlength=count) @ table
