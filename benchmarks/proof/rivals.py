"""The same candidates before three judges: plain `>`, MLflow's thresholds, and this gate."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from proof.tally import Claim, Experiment
from proof.verdicts import ask, gate_params, metric_of, show
from proof.worlds import World, binormal_gain

from contender.problem.schema import Task

GAINS: Final = {-0.01: "worse by .01", 0.0: "equal", 0.02: "better by .02"}
SIZES: Final = (1_000, 5_000)
MARGINS: Final = (0.005, 0.02)  # `min_absolute_change` of MLflow's MetricThreshold
JUDGES: Final = ("plain >", *(f"MLflow, change of {margin:g}" for margin in MARGINS), "this gate")


@dataclass(frozen=True)
class Candidates:
    """One challenger before all judges."""

    world: World
    rows: int

    def __call__(self, rng: np.random.Generator) -> Iterator[str]:
        """Who let it pass."""
        places = self.world.draw(rng, self.rows)
        target, champion = self.world.target[places], self.world.weaker[places]
        challenger = self.world.equals[0][places]
        decision = ask(show(Task.BINARY, target, challenger, champion), gate_params())
        value = metric_of(Task.BINARY, "roc_auc").value
        ours, theirs = value(target, challenger), value(target, champion)
        if ours > theirs:
            yield JUDGES[0]
        yield from (
            JUDGES[1 + i] for i, it in enumerate(MARGINS) if mlflow_passes(ours, theirs, it)
        )
        if decision.verdict == "PROMOTE":
            yield JUDGES[-1]


def mlflow_passes(ours: float, theirs: float, margin: float) -> bool:
    """What `mlflow.validate_evaluation_results` says, with a floor and a change asked for."""
    validate, failure, threshold, result = _mlflow()
    asked = threshold(threshold=0.7, min_absolute_change=margin, greater_is_better=True)
    results = [result(metrics={"roc_auc": score}, artifacts={}) for score in (ours, theirs)]
    try:
        validate({"roc_auc": asked}, *results)
    except failure:
        return False
    return True


@cache
def _mlflow() -> tuple[Any, Any, Any, Any]:
    from mlflow import validate_evaluation_results
    from mlflow.models import EvaluationResult, MetricThreshold
    from mlflow.models.evaluation.validation import ModelValidationFailedException

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    return (
        validate_evaluation_results,
        ModelValidationFailedException,
        MetricThreshold,
        EvaluationResult,
    )


def rival_experiments(*, replicates: int) -> Iterator[Experiment]:
    """Point 7."""
    for gain, text in GAINS.items():
        world = binormal_gain(metric_of(Task.BINARY, "roc_auc"), gain)
        for rows in SIZES:
            claims = tuple(
                Claim(
                    "7", f"{text}: passes {judge}", judge, facts=(("judge", judge), ("true", text))
                )
                for judge in JUDGES
            )
            trial = Candidates(world, rows)
            yield Experiment(trial, replicates, world.source, "binary roc_auc", rows, claims)
