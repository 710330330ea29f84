"""The search for hyperparameters, on training rows only: the holdout stays unseen."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from contender.errors import ParameterError
from contender.params import Params, TuneParams
from contender.problem import frames
from contender.problem.metrics import Metric, metrics_for
from contender.problem.model import build_model
from contender.problem.schema import Schema, Task


@dataclass(frozen=True)
class Trial:
    """Settings, the mean of the metric over the folds, and its standard deviation."""

    settings: dict[str, Any]
    score: float
    spread: float


def search(
    columns: dict[str, np.ndarray], target: np.ndarray, schema: Schema, params: Params
) -> dict[str, Any]:
    """Every trial with its cross-validated score, best first, and the settings that won.

    Seeded: the same rows and parameters give the same trials in the same order.

    Raises:
        ParameterError: the search space is missing, a setting in it is unknown or impossible, or
            the primary metric is none of the task.
    """
    from sklearn.model_selection import ParameterSampler

    name = params.train.estimator
    space = _space(params.tune.space, name)
    metric = _metric(schema.task, params)
    size = int(np.prod([len(values) for values in space.values()]))
    draws = ParameterSampler(
        dict(space), min(params.tune.trials, size), random_state=params.tune.seed
    )
    frame = frames.to_frame(columns)
    trials = []
    for settings in [params.train.hyperparameters.get(name, {}), *draws]:
        pipeline = build_model(schema, name=name, settings=settings, seed=params.train.seed)
        scores = list(_scores(pipeline, frame, target, metric, params.tune))
        mean, spread = float(np.mean(scores)), float(np.std(scores))
        trials.append(Trial(dict(settings), round(mean, 6), round(spread, 6)))
    sign = -1 if metric.greater_is_better else 1
    ranked = sorted(trials, key=lambda trial: sign * trial.score)
    return {
        "estimator": name,
        "metric": metric.name,
        "rows": len(target),
        "before": asdict(trials[0]),
        "best": asdict(ranked[0]),
        "trials": [asdict(trial) for trial in ranked],
    }


def _scores(
    pipeline: Any, frame: Any, target: np.ndarray, metric: Metric, settings: TuneParams
) -> Iterator[float]:
    """The metric on each fold of a pipeline fitted on the others."""
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if target.dtype.kind == "i" else KFold
    folds = kind(settings.folds, shuffle=True, random_state=settings.seed)
    try:
        for train, test in folds.split(frame, target):
            pipeline.fit(frame.iloc[train], target[train])
            yield metric.value(target[test], _predict(pipeline, frame.iloc[test]))
    except ValueError as error:
        raise ParameterError(
            f"a trial of `tune.space` cannot be fitted: {error}",
            hint="change that list in params.yaml",
        ) from error


def _metric(task: Task, params: Params) -> Metric:
    metrics = metrics_for(task, params.evaluate)
    if params.gate.primary not in metrics:
        raise ParameterError(
            f"`gate.primary` is `{params.gate.primary}`; expected a metric of a {task} task: "
            f"`{', '.join(metrics)}`.",
            hint="set `gate.primary` in params.yaml",
        )
    return metrics[params.gate.primary]


def _space(spaces: Mapping[str, Any], name: str) -> Mapping[str, Sequence[Any]]:
    space: Mapping[str, Sequence[Any]] = spaces.get(name) or {}
    if not space or not all(space.values()):
        raise ParameterError(
            f"`tune.space.{name}` is empty; expected a list of values for each hyperparameter.",
            hint="fill it in params.yaml, or choose another `train.estimator`",
        )
    return space


def _predict(pipeline: Any, frame: Any) -> np.ndarray:
    if not hasattr(pipeline, "predict_proba"):
        return np.asarray(pipeline.predict(frame))
    probabilities = np.asarray(pipeline.predict_proba(frame))
    return probabilities[:, 1] if probabilities.shape[1] == 2 else probabilities
