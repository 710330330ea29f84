"""The search for hyperparameters, on training rows only: the holdout stays unseen."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from contender.errors import ParameterError
from contender.params import Params
from contender.problem import frames
from contender.problem.metrics import metrics_for
from contender.problem.model import build_model
from contender.problem.schema import Schema, Task


def search(
    columns: dict[str, np.ndarray], target: np.ndarray, schema: Schema, params: Params
) -> dict[str, Any]:
    """Every trial with its cross-validated score, best first, and the settings that won.

    Seeded: the same rows and parameters give the same trials in the same order.

    Raises:
        ParameterError: the search space is missing, or a setting in it is unknown or impossible.
    """
    from sklearn.model_selection import ParameterSampler, cross_val_score

    name = params.train.estimator
    space = _space(params.tune.space, name)
    metric = metrics_for(schema.task, params.evaluate)[params.gate.primary]
    sign = 1 if metric.greater_is_better else -1

    def score(pipeline: Any, frame: Any, labels: np.ndarray) -> float:
        return sign * metric.value(labels, _predict(pipeline, frame, schema.task))

    size = int(np.prod([len(values) for values in space.values()]))
    draws = ParameterSampler(
        dict(space), min(params.tune.trials, size), random_state=params.tune.seed
    )
    trials = []
    for settings in [params.train.hyperparameters[name], *draws]:
        pipeline = build_model(schema, name=name, settings=settings, seed=params.train.seed)
        scores = _scores(cross_val_score, pipeline, frames.to_frame(columns), target, score, params)
        trials.append(
            {
                "settings": dict(settings),
                "score": round(sign * float(scores.mean()), 6),
                "spread": round(float(scores.std()), 6),
            }
        )
    ranked = sorted(trials, key=lambda trial: -sign * trial["score"])
    return {
        "estimator": name,
        "metric": metric.name,
        "rows": len(target),
        "before": trials[0],
        "best": ranked[0],
        "trials": ranked,
    }


def _scores(
    cross_validate: Any, pipeline: Any, frame: Any, target: Any, score: Any, params: Params
) -> np.ndarray:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if target.dtype.kind == "i" else KFold
    folds = kind(params.tune.folds, shuffle=True, random_state=params.tune.seed)
    try:
        return np.asarray(
            cross_validate(pipeline, frame, target, cv=folds, scoring=score, error_score="raise")
        )
    except ValueError as error:
        raise ParameterError(
            f"a trial of `tune.space` cannot be fitted: {error}",
            hint="change that list in params.yaml",
        ) from error


def _space(spaces: Mapping[str, Any], name: str) -> Mapping[str, Sequence[Any]]:
    space: Mapping[str, Sequence[Any]] = spaces.get(name) or {}
    if not space or not all(space.values()):
        raise ParameterError(
            f"`tune.space.{name}` is empty; expected a list of values for each hyperparameter.",
            hint="fill it in params.yaml, or choose another `train.estimator`",
        )
    return space


def _predict(pipeline: Any, frame: Any, task: Task) -> np.ndarray:
    if task is Task.REGRESSION:
        return np.asarray(pipeline.predict(frame))
    probabilities = np.asarray(pipeline.predict_proba(frame))
    return probabilities[:, 1] if task is Task.BINARY else probabilities
