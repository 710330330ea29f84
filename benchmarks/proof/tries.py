"""One holdout, many tries: how soon luck alone promotes one of twenty equal challengers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from proof.tally import Bar, Claim, Experiment
from proof.verdicts import ask_quality, gate_params, metric_of
from proof.worlds import World

from contender.params import GateParams
from contender.release.gate.bootstrap import Pair, Resampling
from contender.release.gate.decision import Outcome
from contender.release.gate.estimates import compare

TRIES: Final = 20
ROWS: Final = 1_000
ALPHA: Final = 0.05
PLAIN, FIXED, GATE = RULES = ("plain >", "95 % interval", "this gate")
SHOWN: Final = (1, 2, 3, 5, 10, 15, TRIES)


@dataclass(frozen=True)
class Tries:
    """A champion and twenty challengers, all equal, judged one after the other on one holdout."""

    world: World
    gate: GateParams

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """For each rule and number of tries, whether one of them was promoted by then."""
        places = self.world.draw(rng, ROWS)
        champion, *challengers = self.world.draw_equals(rng, places)
        target = self.world.target[places]
        first = dict.fromkeys(RULES, TRIES + 1)
        for look, challenger in enumerate(challengers, start=1):
            for rule in self._promoting(target, challenger, champion, look):
                first[rule] = min(first[rule], look)
        for rule, look in first.items():
            yield from (f"{rule} {tries}" for tries in SHOWN if tries >= look)

    def _promoting(
        self, target: np.ndarray, challenger: np.ndarray, champion: np.ndarray, look: int
    ) -> Iterator[str]:
        metric = metric_of(self.world.task, self.gate.primary)
        pair = Pair(target, challenger, champion)
        difference = compare(metric, pair, Resampling(0, 0)).difference
        if difference.value > 0:
            yield PLAIN
        if difference.lower(ALPHA / 2) > 0:
            yield FIXED
        if ask_quality(self.world.task, pair, self.gate, look=look).outcome is Outcome.PASS:
            yield GATE


def tries_experiments(worlds: Sequence[World], *, replicates: int) -> Iterator[Experiment]:
    """Point 4, on each world that has a champion and twenty challengers."""
    for world in worlds:
        if len(world.equals) == TRIES + 1:
            claims = tuple(_claim(rule, tries) for rule in RULES for tries in SHOWN)
            trial = Tries(world, gate_params())
            metric = f"{world.task} {trial.gate.primary}"
            yield Experiment(
                trial, replicates, world.source, metric, ROWS, claims, by="quality rule"
            )


def _claim(rule: str, tries: int) -> Claim:
    held_to = Bar(ALPHA) if (rule, tries) == (GATE, TRIES) else None
    text = f"equal challengers, {rule}: one promoted within {tries}"
    return Claim("4", text, f"{rule} {tries}", held_to, (("rule", rule), ("tries", tries)))
