"""Slices and groups: how often the guards accuse the innocent, and how often they miss harm."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from proof.tally import Bar, Claim, Experiment
from proof.verdicts import ask, blocked_by, columns, gate_params, metric_of, show
from proof.worlds import (
    EQUAL_NOISE,
    POSITIVES,
    SEED,
    SEPARATION,
    World,
    probability,
    solve,
)
from proof.worlds import ROWS as POPULATION

from contender.problem.schema import Task
from contender.release.gate.decision import Decision, Outcome
from contender.release.gate.evidence import Labels

ALPHA: Final = 0.05
LOSS: Final = 0.05  # five points of ROC AUC in the harmed slice
SHARE: Final = 0.3  # of rows selected where all groups are treated alike


@dataclass(frozen=True)
class HonestSlices:
    """Equal models, and slices that mean nothing; or those of real rows, if there are any."""

    world: World
    rows: int

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What the slices said."""
        places = self.world.draw(rng, self.rows)
        labels = tuple(labels.take(places) for labels in self.world.labels)
        if not labels:
            halves, *rest = columns(rng, self.rows, count=11, levels=5)
            halves = replace(halves, slices="critical", codes=halves.codes % 2)
            labels = (replace(halves, levels=halves.levels[:2]), *rest)
        models = self.world.draw_equals(rng, places)[:2]
        changes: dict[str, Any] = {"labels": labels, "classes": self.world.classes}
        evidence = show(self.world.task, self.world.target[places], *models, **changes)
        yield from events(ask(evidence, gate_params()), "slice")


@dataclass(frozen=True)
class HarmedSlice:
    """A challenger that knows more in one half of the rows and is worse by `LOSS` in the other."""

    target: np.ndarray
    models: np.ndarray
    half: np.ndarray
    rows: int
    kind: Any

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What the slices said."""
        places = rng.integers(POPULATION, size=self.rows)
        labels = (Labels("half", ("spared", "harmed"), self.half[places], self.kind),)
        evidence = show(Task.BINARY, self.target[places], *self.models[:, places], labels=labels)
        yield from events(ask(evidence, gate_params()), "slice")


@dataclass(frozen=True)
class Groups:
    """A champion that selects all groups alike, and a challenger that selects `shares` of them.

    The target has nothing to do with either, so the gaps of all three rates are the same.
    """

    rows: int
    shares: tuple[float, ...]

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What was said of the groups, and whether a group has under four fifths of another."""
        codes = np.arange(self.rows) % len(self.shares)
        target = (rng.random(self.rows) < SHARE).astype(np.int64)
        chosen = rng.random(self.rows) < np.array(self.shares)[codes]
        challenger = np.where(chosen, 0.6, 0.3)
        champion = np.where(rng.random(self.rows) < SHARE, 0.6, 0.3)
        names = tuple(f"group {group}" for group in range(len(self.shares)))
        labels = (Labels("group", names, codes, sensitive=True),)
        evidence = show(Task.BINARY, target, challenger, champion, labels=labels)
        yield from events(ask(evidence, gate_params()), "fairness")
        rates = np.bincount(codes, chosen) / np.bincount(codes)
        if rates.min() < 0.8 * rates.max():
            yield "four-fifths"


@dataclass(frozen=True)
class RandomGroups:
    """Equal models of real rows, and groups that were drawn by lot: nobody is treated otherwise."""

    world: World
    rows: int

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What was said of the groups."""
        places = self.world.draw(rng, self.rows)
        models = self.world.draw_equals(rng, places)[:2]
        drawn = columns(rng, self.rows, count=2, levels=2)
        labels = tuple(replace(each, slices="no", sensitive=True) for each in drawn)
        changes: dict[str, Any] = {"labels": labels, "classes": self.world.classes}
        evidence = show(self.world.task, self.world.target[places], *models, **changes)
        yield from events(ask(evidence, gate_params()), "fairness")


def events(decision: Decision, family: str) -> Iterator[str]:
    """`harm` when a family of checks rejects, `held` when it only holds, `blocked` for either."""
    if found := blocked_by(decision, family):
        yield "blocked"
        yield "harm" if Outcome.REJECT in found else "held"


def guard_experiments(worlds: Sequence[World], *, replicates: int) -> Iterator[Experiment]:
    """All of points 5 and 6."""
    honest = (
        Claim("5", "equal models: a slice called harmed", "harm", Bar(ALPHA)),
        Claim("5", "equal models: held for a critical slice", "held"),
    )
    for world in worlds:
        if world.task is Task.BINARY:
            trial = HonestSlices(world.pair(), 2_000)
            yield Experiment(trial, replicates, world.source, "binary roc_auc", 2_000, honest)
    yield from _harmed_slices(replicates)
    yield from _groups(replicates)
    for world in worlds:
        if (world.source, world.task) == ("sample", Task.BINARY):
            claims = (_FALSE_HARM, _HELD)
            lots = RandomGroups(world.pair(), 2_000)
            yield Experiment(lots, replicates, world.source, "groups by lot", 2_000, claims)


def _harmed_slices(replicates: int) -> Iterator[Experiment]:
    parts = harmed_half()
    for rows, kind, event, text in (
        (2_000, "critical", "blocked", "critical slice worse by 5 points, half the rows: kept out"),
        (4_000, "report", "harm", "other slice worse by 5 points, half the rows: called harmed"),
    ):
        trial = HarmedSlice(*parts, rows, kind)
        claim = Claim("5", text, event, Bar(0.95, at_least=True))
        yield Experiment(trial, replicates, "synthetic", "binary roc_auc", rows, (claim,))


def harmed_half() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The target, challenger and champion (2, n_rows), and which half a row belongs to."""
    rng = np.random.default_rng(SEED)
    target = (rng.random(POPULATION) < POSITIVES).astype(np.int64)
    signal = rng.normal(size=POPULATION) + SEPARATION * target
    half, (mine, own) = rng.integers(2, size=POPULATION), rng.normal(size=(2, POPULATION))
    champion = probability(signal, own, noise=EQUAL_NOISE)
    harmed, value = half == 1, metric_of(Task.BINARY, "roc_auc").value
    before = value(target[harmed], champion[harmed])

    def loss(noise: float) -> float:
        worse = probability(signal, mine, noise=noise)
        return before - value(target[harmed], worse[harmed]) - LOSS

    worse = probability(signal, mine, noise=solve(loss, high=4.0))
    spared = probability(signal, mine, noise=0.0)
    return target, np.array([np.where(harmed, worse, spared), champion]), half


_FALSE_HARM: Final = Claim("6", "groups treated alike: harm claimed", "harm", Bar(ALPHA))
_HELD: Final = Claim("6", "groups treated alike: held as not known", "held")


def _groups(replicates: int) -> Iterator[Experiment]:
    caught = Bar(0.9, at_least=True)
    at_limit = Bar(ALPHA, at_edge=True)
    edge = Claim("6", "true gap of .10, the limit itself: harm claimed", "harm", at_limit)
    kept_out = Claim("6", "true gap of .20, rows of both groups: kept out", "blocked", caught)
    proven = Claim("6", "true gap of .20, half the rows a group: harm proven", "harm", caught)
    fifths = Claim("6", "groups treated alike: four-fifths rule broken", "four-fifths")
    for rows, shares, claims in (
        (400, (SHARE,) * 4, (_FALSE_HARM, _HELD, fifths)),
        (2_000, (SHARE,) * 2, (_FALSE_HARM, _HELD)),
        (5_000, (SHARE,) * 2, (_FALSE_HARM, _HELD)),
        (2_000, (0.25, 0.35), (edge,)),
        (2_000, (0.25, 0.25, 0.35, 0.35), (edge,)),
        (500, (0.2, 0.4), (kept_out,)),
        (1_000, (0.2, 0.4), (proven,)),
    ):
        metric = f"{len(shares)} groups"
        yield Experiment(Groups(rows, shares), replicates, "synthetic", metric, rows, claims)
