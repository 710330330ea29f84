"""The gain: how often equal models pass for better, worse ones for not worse, better ones for it.

Errors count as soon as the quality check passes, whatever else stops the challenger; power counts
promotions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from proof.tally import Bar, Claim, Experiment
from proof.verdicts import ask, ask_quality, gate_params, metric_of, show
from proof.worlds import World, binormal_gain, gain_of, rows_for

from contender.params import GateParams
from contender.problem.schema import Task
from contender.release.gate.bootstrap import Pair
from contender.release.gate.decision import Outcome

METRICS: Final = {
    Task.BINARY: ("roc_auc", "accuracy", "log_loss"),
    Task.MULTICLASS: ("roc_auc", "log_loss"),
    Task.REGRESSION: ("rmse", "mae"),
}
SIZES: Final = (500, 2_000, 5_000)
ALPHA: Final = 0.025  # of the first look: alpha / (k (k + 1)) with alpha = .05 and k = 1
SHARES: Final = (1.0, 0.5, 0.2, 0.1)  # of the rows in which a better challenger is another model
GAINS: Final = (0.0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03)
PROVEN: Final = ("proven-better", "proven-not-worse")


@dataclass(frozen=True)
class Equals:
    """Two equal models before the gate."""

    world: World
    rows: int
    gate: GateParams

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What the gate said of them."""
        places = self.world.draw(rng, self.rows)
        models = self.world.draw_equals(rng, places)
        yield from answers(self.world, places, models, self.gate)


@dataclass(frozen=True)
class Unequal:
    """Two models of a known difference before the gate, each a prediction a row of the world."""

    world: World
    rows: int
    gate: GateParams
    challenger: np.ndarray
    champion: np.ndarray

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """What the gate said of them."""
        places = self.world.draw(rng, self.rows)
        models = (self.challenger[places], self.champion[places])
        yield from answers(self.world, places, models, self.gate)


def answers(
    world: World, places: np.ndarray, models: Sequence[np.ndarray], gate: GateParams
) -> Iterator[str]:
    """`proven` when the quality check passes, `PROMOTE` and `REJECT` when that is the verdict."""
    target = world.target[places]
    if not _is_whole(world.task, gate.primary):
        outcome = ask_quality(world.task, Pair(target, *models[:2]), gate).outcome
        yield from {Outcome.PASS: ("proven", "PROMOTE")}.get(outcome, (str(outcome),))
        return
    decision = ask(show(world.task, target, *models[:2], classes=world.classes), gate)
    yield decision.verdict
    if any(check.code in PROVEN for check in decision.checks):
        yield "proven"


def _is_whole(task: Task, metric: str) -> bool:
    """True where whole decisions are counted; elsewhere it is the quality rule alone, ten times
    as fast."""
    return task is Task.REGRESSION or (task, metric) == (Task.BINARY, "roc_auc")


def promotion_experiments(
    worlds: Sequence[World], *, replicates: int, errors: int
) -> Iterator[Experiment]:
    """All of points 1 to 3; errors are counted in so many replicates of their own."""
    for world in (each.pair() for each in worlds):
        for metric in METRICS[world.task]:
            for rows in SIZES:
                yield _equals(world, metric, rows, errors)
            for rows in SIZES[:2]:
                yield _at_margin(world, metric, rows, errors)
            yield from _power(world, metric, replicates)
        if world.task is Task.BINARY:
            gate = gate_params(primary="f1", bootstrap_replicates=2_000)
            trial = Equals(world, SIZES[1], gate)
            yield _experiment(trial, errors, (_PROMOTED, _BLAMED))


_PROMOTED: Final = Claim("1", "equal models: promoted", "proven", Bar(ALPHA, at_edge=True))
_BLAMED: Final = Claim("1", "equal models: rejected", "REJECT")


def _equals(world: World, metric: str, rows: int, replicates: int) -> Experiment:
    trial = Equals(world, rows, gate_params(primary=metric))
    return _experiment(trial, replicates, (_PROMOTED, _BLAMED))


def _at_margin(world: World, metric: str, rows: int, replicates: int) -> Experiment:
    """A challenger whose loss is exactly the margin of non-inferiority."""
    how = metric_of(world.task, metric)
    loss = gain_of(how, world, world.equals[0])
    unit = float(world.target.std()) if how.in_target_units else 1.0
    gate = gate_params(primary=metric, mode="refresh", epsilon=loss / unit)
    trial = Unequal(world, rows, gate, challenger=world.weaker, champion=world.equals[0])
    claim = Claim("2", "refresh, worse by just epsilon: passed", "proven", _PROMOTED.held_to)
    return _experiment(trial, replicates, (claim,))


def _power(world: World, metric: str, replicates: int) -> Iterator[Experiment]:
    """A challenger whose true gain is so many standard errors, on about 2,000 rows."""
    how = metric_of(world.task, metric)
    found = {share: rows_for(2.8, how, world, world.mixed(share)) for share in SHARES}
    better = world.mixed(min(found, key=lambda share: abs(np.log(found[share] / SIZES[1]))))
    wanted = Bar(0.8, at_least=True, at_edge=True)
    for errors, alpha, held_to in ((2.49, 0.1, wanted), (2.80, 0.05, wanted), (2.49, 0.05, None)):
        if held_to is None and metric != "roc_auc":
            continue
        rows = rows_for(errors, how, world, better)
        trial = Unequal(world, rows, gate_params(primary=metric, alpha=alpha), better, world.weaker)
        text = f"gain of {errors:.2f} standard errors, look allowed {alpha / 2:g}: promoted"
        claim = Claim("3", text, "PROMOTE", held_to)
        yield _experiment(trial, replicates, (claim,))


def curve_experiments(*, replicates: int) -> Iterator[Experiment]:
    """Promotions against the true gain, and what it costs to prove a model not worse."""
    how = metric_of(Task.BINARY, "roc_auc")
    for gain in GAINS:
        world = binormal_gain(how, gain)
        needed = rows_for(2.8, how, world, world.equals[0]) if gain else None
        facts = (("gain", gain), ("rows_needed", needed))
        for rows in SIZES:
            trial = Unequal(world, rows, gate_params(), world.equals[0], world.weaker)
            claim = Claim("power", f"true gain of {gain:g}: promoted", "PROMOTE", facts=facts)
            yield _experiment(trial, replicates, (claim,))
    for epsilon in (0.005, 0.01, 0.02):
        for rows in SIZES:
            gate = gate_params(mode="refresh", epsilon=epsilon)
            world = binormal_gain(how, 0.0)
            trial = Unequal(world, rows, gate, world.equals[0], world.weaker)
            facts = (("epsilon", epsilon),)
            text = f"refresh, equal models, epsilon {epsilon:g}: promoted"
            claim = Claim("cost", text, "PROMOTE", facts=facts)
            yield _experiment(trial, replicates, (claim,))


def _experiment(trial: Equals | Unequal, replicates: int, claims: tuple[Claim, ...]) -> Experiment:
    world, metric = trial.world, trial.gate.primary
    by = "decision" if _is_whole(world.task, metric) else "quality rule"
    name = f"{world.task} {metric}"
    return Experiment(trial, replicates, world.source, name, trial.rows, claims, by)
