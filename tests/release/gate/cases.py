"""Evidence for the gate: made up for two classes, from scikit-learn's small data for the rest."""

from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np

from contender.params import Costs, CostParams, EvaluateParams, FairnessParams, GateParams
from contender.problem.schema import Task
from contender.release.gate.decide import decide
from contender.release.gate.decision import Check, Decision, Digests
from contender.release.gate.evidence import Cost, Evidence, Labels, Probe, Scored

TODAY: Final = date(2026, 1, 15)
READING: Final = EvaluateParams(
    threshold=0.5,
    costs=Costs(false_positive=1.0, false_negative=3.0),
    calibration_bins=10,
    min_slice_rows=100,
    min_slice_class_rows=20,
    explain_rows=10,
    explain_examples=1,
)
GATE: Final = GateParams(
    mode="improve",
    primary="roc_auc",
    alpha=0.05,
    max_looks=20,
    min_delta=0.0,
    epsilon=0.005,
    bootstrap_replicates=300,
    min_rows=100,
    slice_margin=0.02,
    calibration_margin=0.01,
    floors={},
    fairness=FairnessParams(max_gap=0.1, max_widening=0.02, waivers=[]),
    cost=CostParams(
        max_latency_ratio=1.25,
        max_size_ratio=2.0,
        free_size_mb=0.5,
        free_latency_ms=0.1,
        max_size_mb=50.0,
        max_memory_ratio=1.5,
    ),
)


def gate(**changes: Any) -> GateParams:
    """The gate's parameters with changes."""
    return GateParams.model_validate(GATE.model_dump() | changes)


def reading(**changes: Any) -> EvaluateParams:
    """How predictions are read, with changes."""
    return EvaluateParams.model_validate(READING.model_dump() | changes)


def sigmoid(numbers: np.ndarray) -> np.ndarray:
    """Numbers as probabilities."""
    return 1 / (1 + np.exp(-numbers))


def scores(
    rows: int, *, seed: int, gain: float = 0.0, noise: float = 0.4
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A target with a quarter of positives, and a challenger's and a champion's probabilities.

    Both know the same of the target, plus noise of their own, plus what `gain` adds for one.
    """
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.25).astype(np.int64)
    known = rng.normal(size=rows) + 1.5 * target - 1.6
    own = noise * rng.normal(size=(2, rows))
    return target, sigmoid(known + own[0] + gain * (target - 0.25)), sigmoid(known + own[1])


def scored(digest: str, predictions: np.ndarray) -> Scored:
    """A model that never saw a row of the holdout."""
    return Scored(digest * 64, predictions, np.ones(len(predictions), dtype=bool))


def digests(*, champion: bool = True) -> Digests:
    """One digest a letter."""
    return Digests(
        holdout="a" * 64,
        challenger="b" * 64,
        champion="c" * 64 if champion else None,
        table_schema="d" * 64,
        gate_code="e" * 64,
        gate_parameters="f" * 64,
    )


def cheap(*, champion: bool = True) -> tuple[Cost, ...]:
    """Costs that are the champion's."""
    names: Any = ("latency_p95_ms", "size_mb", "memory_mb")
    return tuple(Cost(name, 1.0, 1.0 if champion else None) for name in names)


def evidence(
    task: Task,
    target: np.ndarray,
    challenger: np.ndarray,
    champion: np.ndarray,
    **changes: Any,
) -> Evidence:
    """Evidence with nothing wrong but what `changes` put there."""
    complete = Evidence(
        task=task,
        classes=("no", "yes") if task is Task.BINARY else (),
        target=target,
        challenger=scored("b", challenger),
        champion=scored("c", champion),
        digests=digests(),
        look=1,
        provisional=False,
        as_of=TODAY,
        costs=cheap(),
        probes=(Probe("another order of rows", "same", challenger, challenger),),
    )
    return replace(complete, **changes)


def binary(rows: int = 2_000, *, seed: int = 0, gain: float = 0.0, **changes: Any) -> Evidence:
    """Evidence for two classes."""
    return evidence(Task.BINARY, *scores(rows, seed=seed, gain=gain), **changes)


def alone(case: Evidence, **changes: Any) -> Evidence:
    """The same challenger without a champion: the champion's predictions are the baseline's."""
    assert case.champion is not None
    share = float(case.target.mean())
    first: dict[str, Any] = {
        "champion": None,
        "baseline": case.champion.predictions,
        "prior": (1 - share, share),
        "digests": digests(champion=False),
        "costs": cheap(champion=False),
    }
    return replace(case, **(first | changes))


def halves(rows: int, column: str = "half", **changes: Any) -> Labels:
    """A column with the level `a` in every second row and `b` in the others."""
    return Labels(column, ("a", "b"), np.arange(rows) % 2, **changes)


def multiclass() -> Evidence:
    """The wines of three growers: a challenger that sees all measures, a champion that sees two."""
    from sklearn.datasets import load_wine

    measures, target = load_wine(return_X_y=True)
    return evidence(
        Task.MULTICLASS,
        target.astype(np.int64),
        _cross_validated(measures, target),
        _cross_validated(measures[:, 7:9], target),
        classes=("first", "second", "third"),
    )


def _cross_validated(measures: np.ndarray, target: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression())
    return cross_val_predict(model, measures, target, method="predict_proba")


def regression() -> Evidence:
    """The patients of the diabetes data: a challenger that sees all, a champion that sees three."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import cross_val_predict

    measures, target = load_diabetes(return_X_y=True)
    return evidence(
        Task.REGRESSION,
        target,
        cross_val_predict(Ridge(0.1), measures, target),
        cross_val_predict(Ridge(0.1), measures[:, [0, 2, 6]], target),
    )


def judge(case: Evidence, **changes: Any) -> Decision:
    """The decision with changed parameters of the gate."""
    return decide(case, gate(**changes), READING)


def find(decision: Decision, code: str) -> Check:
    """The one check with the reason `code`."""
    found = [check for check in decision.checks if check.code == code]
    assert len(found) == 1, [check.code for check in decision.checks]
    return found[0]


def codes(decision: Decision) -> list[str]:
    """All reason codes, in order."""
    return [check.code for check in decision.checks]
