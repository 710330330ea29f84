"""The gate as it is, asked: predictions in, the decision of `release.gate.decide` out."""

from datetime import date
from functools import cache
from typing import Any

import numpy as np
from measure import ROOT

from contender.params import GateParams, Params, load_params
from contender.problem.metrics import Metric, metrics_for
from contender.problem.schema import Task
from contender.release.gate.bootstrap import Pair, Resampling
from contender.release.gate.decide import decide
from contender.release.gate.decision import Check, Decision, Digests, Outcome
from contender.release.gate.estimates import compare
from contender.release.gate.evidence import Cost, Evidence, Labels, Probe, Scored
from contender.release.gate.looks import allowed_error
from contender.release.gate.quality import judge_champion
from contender.release.gate.rules import Rules

NAMES: Any = ("latency_p95_ms", "size_mb", "memory_mb")


@cache
def params() -> Params:
    """The parameters in git."""
    return load_params(ROOT / "params.yaml")


def gate_params(**changes: Any) -> GateParams:
    """Those of the gate, without what belongs to the sample alone, and with `changes`.

    Fewer bootstrap replicates, because they only matter where the primary metric needs them.
    """
    gate = params().gate
    fairness = gate.fairness.model_copy(update={"waivers": []})
    known = {"floors": {}, "fairness": fairness, "bootstrap_replicates": 50}
    return gate.model_copy(update=known | changes)


def metric_of(task: Task, name: str) -> Metric:
    """The metric with this name."""
    return metrics_for(task, params().evaluate)[name]


def show(
    task: Task, target: np.ndarray, challenger: np.ndarray, champion: np.ndarray, **changes: Any
) -> Evidence:
    """Evidence with nothing wrong, for two models that never saw a row of it."""
    every = np.ones(len(target), dtype=bool)
    given: dict[str, Any] = {
        "classes": ("no", "yes") if task is Task.BINARY else (),
        "digests": Digests(
            holdout="0" * 64,
            challenger="1" * 64,
            champion="2" * 64,
            table_schema="3" * 64,
            gate_code="4" * 64,
            gate_parameters="5" * 64,
        ),
        "look": 1,
        "provisional": False,
        "as_of": date(2026, 1, 1),
        "costs": tuple(Cost(name, 1.0, 1.0) for name in NAMES),
        "probes": (Probe("another order of rows", "same", challenger[:1], challenger[:1]),),
    }
    scored = {"challenger": Scored("1" * 64, challenger, every)}
    scored |= {"champion": Scored("2" * 64, champion, every)}
    return Evidence(task=task, target=target, **(given | scored | changes))


def ask(evidence: Evidence, gate: GateParams) -> Decision:
    """What the gate answers."""
    return decide(evidence, gate, params().evaluate)


def ask_quality(task: Task, pair: Pair, gate: GateParams, *, look: int = 1) -> Check:
    """What the gate's own estimate and rule say of the primary metric, and nothing else.

    A tenth of the work of a whole decision, which rests on the same two functions.
    """
    rules = Rules(
        gate,
        params().evaluate,
        metrics_for(task, params().evaluate),
        allowed_error(gate.alpha, look),
        Resampling(gate.bootstrap_replicates, seed=0),
        float(pair.target.std()),
    )
    return judge_champion(compare(rules.primary, pair, rules.resampling), rules)


def blocked_by(decision: Decision, family: str) -> set[Outcome]:
    """The outcomes of a family of checks that keep the challenger out."""
    blocking = (Outcome.HOLD, Outcome.REJECT, Outcome.ERROR)
    return {c.outcome for c in decision.checks if c.family == family and c.outcome in blocking}


def columns(rng: np.random.Generator, rows: int, *, count: int, levels: int) -> tuple[Labels, ...]:
    """So many columns with levels that mean nothing, each a slice to be reported."""
    names = tuple(f"level {level}" for level in range(levels))
    codes = rng.integers(levels, size=(count, rows))
    return tuple(Labels(f"column {i}", names, codes[i], "report") for i in range(count))
