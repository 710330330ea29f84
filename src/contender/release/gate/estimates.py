"""Paired estimates: how much better the challenger is on the same rows, and how sure that is.

Every difference is turned so that a positive one favours the challenger. Every bound is
one-sided, at whatever error the caller allows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from scipy.special import bdtrc, ndtri, stdtrit

from contender.problem.metrics import Metric
from contender.release.gate.bootstrap import Pair, Resampling, bootstrap_error
from contender.release.gate.decision import Estimate

FEW_DISCORDANT: Final = 25  # below it the normal approximation to McNemar's test is not used
MIN_GROUPS: Final = 20  # below it a variance taken by group is too small (Cameron, Miller 2015)


class Difference(Protocol):
    """An estimated difference and its uncertainty."""

    @property
    def value(self) -> float: ...
    @property
    def standard_error(self) -> float: ...
    def lower(self, alpha: float) -> float: ...
    def upper(self, alpha: float) -> float: ...


@dataclass(frozen=True)
class Normal:
    """An estimate with a standard error, whose own uncertainty is in the degrees of freedom.

    `skew` is the skewness of the estimate: that of the values over sqrt(n).
    """

    value: float
    standard_error: float
    degrees: float
    skew: float = 0.0

    def lower(self, alpha: float) -> float:
        """The bound that lies above the truth with probability `alpha`."""
        return self.value - self._reach(alpha, -self.skew)

    def upper(self, alpha: float) -> float:
        """The bound that lies below the truth with probability `alpha`."""
        return self.value + self._reach(alpha, self.skew)

    def _reach(self, alpha: float, tail: float) -> float:
        """How far the bound is, further on the side of the longer `tail`.

        The first term of Edgeworth's expansion of Student's t (Hall 1992, JRSS B 54, 221). The
        other bound, which the same term would bring nearer, stays where Student's t puts it.
        """
        longer = max(tail, 0.0) * (2 * float(ndtri(alpha)) ** 2 + 1) / 6
        return (longer - float(stdtrit(self.degrees, alpha))) * self.standard_error


@dataclass(frozen=True)
class Discordant:
    """A difference in accuracy that rests on a few rows that only one of the models has right.

    The bound of the difference is (2 w - 1) r: w bounds the challenger's share of the discordant
    rows, r the share of discordant rows, both by inverting the binomial mid-p test. r is taken
    from the side that makes the bound weaker, so zero lies outside exactly when McNemar's mid-p
    test rejects, and no discordant row at all still leaves an interval of about 3 / n.
    """

    wins: int
    losses: int
    rows: int

    @property
    def value(self) -> float:
        """The difference of the two accuracies."""
        return (self.wins - self.losses) / self.rows

    @property
    def standard_error(self) -> float:
        """McNemar's, under equal accuracies, as if at least one row were discordant."""
        return float(np.sqrt(max(self.wins + self.losses, 1))) / self.rows

    def lower(self, alpha: float) -> float:
        """The bound that lies above the truth with probability `alpha` at most."""
        discordant = self.wins + self.losses
        tilt = 2 * _least_share(self.wins, discordant, alpha) - 1
        if tilt > 0:
            return tilt * _least_share(discordant, self.rows, alpha)
        return tilt * (1 - _least_share(self.rows - discordant, self.rows, alpha))

    def upper(self, alpha: float) -> float:
        """The bound that lies below the truth with probability `alpha` at most."""
        return -Discordant(self.losses, self.wins, self.rows).lower(alpha)


def _least_share(hits: int, trials: int, alpha: float) -> float:
    """The smallest binomial share whose mid-p value P(X > hits) + P(X = hits) / 2 is `alpha`."""
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        share = (low + high) / 2
        mid_p = (bdtrc(hits - 1, trials, share) + bdtrc(hits, trials, share)) / 2
        low, high = (share, high) if mid_p < alpha else (low, share)
    return low


def mean_of(values: np.ndarray, groups: np.ndarray | None = None) -> Normal:
    """The mean of `values`, shape (n_rows,), with its standard error, by group where given.

    Groups are numbers from 0, shape (n_rows,).

    The degrees of freedom are those of a variance estimated from values with this kurtosis
    (O'Neill 2014, The American Statistician 68, 282): n - 1 for normal values, few when the
    variance rests on a few rows, as it does for rare disagreements.
    """
    mean = float(values.mean())
    centred: np.ndarray = values - mean
    if groups is not None:
        centred = np.bincount(groups, centred)[np.bincount(groups) > 0]
    count = len(centred)
    squares = np.square(centred)
    total = float(squares.sum())
    if count < 2:
        raise ValueError("one row or group has no spread; expected the caller to ask for more")
    error = np.sqrt(total * count / (count - 1)) / len(values)
    if total == 0:
        return Normal(mean, 0.0, count - 1)
    kurtosis = count * float(np.square(squares / total).sum())
    degrees = 2 * count / (kurtosis - (count - 3) / (count - 1))
    return Normal(mean, float(error), degrees, float(((centred / np.sqrt(total)) ** 3).sum()))


def count_groups(groups: np.ndarray) -> int:
    """How many groups have a row; `groups` are numbers from 0, shape (n_rows,)."""
    return int(np.count_nonzero(np.bincount(groups)))


@dataclass(frozen=True)
class Comparison:
    """One metric of challenger and opponent on the same rows."""

    metric: str
    method: str
    challenger: float
    opponent: float
    rows: int
    difference: Difference

    def estimate(self, alpha: float) -> Estimate:
        """The comparison with its bounds at the level 1 - `alpha`, as the decision shows it."""
        return Estimate(
            metric=self.metric,
            challenger=self.challenger,
            opponent=self.opponent,
            difference=self.difference.value,
            lower=self.difference.lower(alpha),
            upper=self.difference.upper(alpha),
            level=1 - alpha,
            method=self.method,
            rows=self.rows,
        )


def compare(metric: Metric, pair: Pair, resampling: Resampling) -> Comparison:
    """`metric` of both models of `pair`: by pseudo-values where it has them, else by bootstrap."""
    sign = 1 if metric.greater_is_better else -1
    if metric.pseudo_values is None:
        ours = metric.value(pair.target, pair.challenger)
        theirs = metric.value(pair.target, pair.opponent)
        error = bootstrap_error(metric, pair, resampling)
        count = len(pair.target) if pair.groups is None else count_groups(pair.groups)
        difference: Difference = Normal(sign * (ours - theirs), error, count - 1)
        return _comparison(metric, "paired-bootstrap", pair, (ours, theirs), difference)
    our_rows = metric.pseudo_values(pair.target, pair.challenger)
    their_rows = metric.pseudo_values(pair.target, pair.opponent)
    values = float(our_rows.mean()), float(their_rows.mean())
    gains = sign * (our_rows - their_rows)
    if metric.name == "accuracy" and pair.groups is None:
        wins, losses = int((gains > 0).sum()), int((gains < 0).sum())
        if wins + losses < FEW_DISCORDANT:
            difference = Discordant(wins, losses, len(gains))
            return _comparison(metric, "mcnemar-mid-p", pair, values, difference)
    return _comparison(metric, metric.method, pair, values, mean_of(gains, pair.groups))


def _comparison(
    metric: Metric, method: str, pair: Pair, values: tuple[float, float], difference: Difference
) -> Comparison:
    how = method if pair.groups is None else f"{method}-by-group"
    return Comparison(metric.name, how, *values, len(pair.target), difference)


def holm(claims: Sequence[Callable[[float], bool]], alpha: float) -> frozenset[int]:
    """The positions of the claims that hold while all errors together stay within `alpha`.

    A claim is a function that says whether it is proven at an error. Holm (1979): with m claims
    left each is tried at alpha / m, until none more is proven.
    """
    proven: set[int] = set()
    while left := [i for i in range(len(claims)) if i not in proven]:
        new = {i for i in left if claims[i](alpha / len(left))}
        if not new:
            break
        proven |= new
    return frozenset(proven)
