"""Trials are repeated, what happened in them is counted, and each count is held to its bar."""

import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

CHUNK: Final = 100  # replicates that share a stream of chance, whatever the number of processes
Z: Final = 1.959964  # of an interval of 95 %
AGAIN: Final = 5  # times as many replicates for a row that missed its bar by chance or not
Trial = Callable[[np.random.Generator], Iterable[str]]


@dataclass(frozen=True)
class Bar:
    """What a rate must keep: at most `value`, or at least it.

    `at_edge` says that the true rate may be `value` itself: then two standard errors of the
    simulation are allowed for chance.
    """

    value: float
    at_least: bool = False
    at_edge: bool = False

    def limit(self, replicates: int) -> float:
        """The largest (or least) share of so many replicates that keeps the bar."""
        chance = 2 * np.sqrt(self.value * (1 - self.value) / replicates) if self.at_edge else 0.0
        return float(self.value - chance if self.at_least else self.value + chance)

    def met(self, hits: int, replicates: int) -> bool:
        """True when the share is on the right side."""
        share, limit = hits / replicates, self.limit(replicates)
        return share >= limit if self.at_least else share <= limit


@dataclass(frozen=True)
class Claim:
    """How often `event` happens, in words, and the bar it is held to; None for a mere figure."""

    point: str
    text: str
    event: str
    held_to: Bar | None = None
    facts: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A trial to be repeated, and what is claimed of it."""

    trial: Trial
    replicates: int
    source: str
    metric: str
    rows: int
    claims: tuple[Claim, ...]
    by: str = "decision"
    repeat: int = 0

    @property
    def seed(self) -> int:
        """A number of its own, made of what it is, so that no order of work changes it."""
        claimed = [(claim.text, claim.facts) for claim in self.claims]
        parts = (self.source, self.metric, self.rows, claimed, self.repeat)
        return zlib.crc32(repr(parts).encode())


@dataclass(frozen=True)
class Row:
    """One line of the results."""

    point: str
    claim: str
    source: str
    metric: str
    rows: int
    by: str  # a whole decision, or the quality rule alone
    replicates: int
    seed: int
    hits: int
    rate: float
    low: float  # Wilson's interval of the rate, 95 %
    high: float
    limit: float | None
    at_least: bool
    met: bool | None
    facts: dict[str, Any]
    first: dict[str, int] | None = None  # the run before, when a bar was missed at first


def wilson(hits: int, replicates: int) -> tuple[float, float]:
    """The interval of Wilson (1927) for a share, at 95 %."""
    share, weight = hits / replicates, Z**2 / replicates
    centre = share + weight / 2
    reach = Z * np.sqrt(share * (1 - share) / replicates + weight / (4 * replicates))
    low, high = (centre - reach) / (1 + weight), (centre + reach) / (1 + weight)
    return max(0.0, float(low)), min(1.0, float(high))


def measure_all(
    experiments: Sequence[Experiment], *, say: Callable[[str], None] = print
) -> list[Row]:
    """A row for each claim, in order, with every core at work.

    A bar at the edge of the truth is missed by chance once in forty times. An experiment that
    missed one is repeated once with more replicates and another seed; that answer stands, and
    the first is shown with it.
    """
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        rows = {id(it): _rows(it, counts) for it, counts in _count(pool, experiments, say)}
        missed = [it for it in experiments if _missed_by_chance(it, rows[id(it)])]
        more = [replace(it, replicates=AGAIN * it.replicates, repeat=1) for it in missed]
        for old, (it, counts) in zip(missed, _count(pool, more, say), strict=True):
            again = zip(_rows(it, counts), rows[id(old)], strict=True)
            rows[id(old)] = [
                replace(row, first={"hits": first.hits, "replicates": first.replicates})
                for row, first in again
            ]
    return [row for it in experiments for row in rows[id(it)]]


def _missed_by_chance(experiment: Experiment, rows: Sequence[Row]) -> bool:
    """True when a bar was missed although, or because, the truth may lie on it."""
    found = zip(experiment.claims, rows, strict=True)
    return any(row.met is False and it.held_to and it.held_to.at_edge for it, row in found)


def _count(
    pool: ProcessPoolExecutor, experiments: Sequence[Experiment], say: Callable[[str], None]
) -> Iterable[tuple[Experiment, Counter[str]]]:
    waiting = []
    for experiment in experiments:
        streams = np.random.SeedSequence(experiment.seed).spawn(-(-experiment.replicates // CHUNK))
        sizes = [CHUNK] * (len(streams) - 1) + [experiment.replicates - CHUNK * (len(streams) - 1)]
        parts = zip(streams, sizes, strict=True)
        waiting.append([pool.submit(_repeat, experiment.trial, *part) for part in parts])
    for experiment, parts in zip(experiments, waiting, strict=True):
        counts: Counter[str] = Counter()
        for part in parts:
            counts += part.result()
        what = f"{experiment.source} {experiment.metric} {experiment.rows}"
        say(f"{what}: {experiment.claims[0].text}")
        yield experiment, counts


def _repeat(trial: Trial, stream: np.random.SeedSequence, replicates: int) -> Counter[str]:
    rng = np.random.default_rng(stream)
    return Counter(event for _ in range(replicates) for event in trial(rng))


def _rows(experiment: Experiment, counts: Counter[str]) -> list[Row]:
    return [_row(experiment, claim, counts[claim.event]) for claim in experiment.claims]


def _row(experiment: Experiment, claim: Claim, hits: int) -> Row:
    replicates, held_to = experiment.replicates, claim.held_to
    low, high = wilson(hits, replicates)
    return Row(
        point=claim.point,
        claim=claim.text,
        source=experiment.source,
        metric=experiment.metric,
        rows=experiment.rows,
        by=experiment.by,
        replicates=replicates,
        seed=experiment.seed,
        hits=hits,
        rate=hits / replicates,
        low=round(low, 5),
        high=round(high, 5),
        limit=None if held_to is None else round(held_to.limit(replicates), 5),
        at_least=bool(held_to and held_to.at_least),
        met=None if held_to is None else held_to.met(hits, replicates),
        facts=dict(claim.facts),
    )
