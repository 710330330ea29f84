"""Rates of each group of a sensitive column, by fairlearn; the gate judges the gaps between them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from contender.problem.schema import Task

Rates = dict[str, Callable[[np.ndarray, np.ndarray], float]]


def compare_groups(
    task: Task,
    target: np.ndarray,
    predictions: np.ndarray,
    labels: Mapping[str, np.ndarray],
    *,
    threshold: float,
) -> dict[str, list[dict[str, Any]]]:
    """The rates of every group of every column in `labels`, and the widest gap of each rate.

    Classifiers: selection, true and false positive rate, for many classes one against the rest
    with the widest gap of any class. Regression: mean residual and mean absolute error in
    standard deviations of the target. A rate without rows to take it over is None.
    """
    if not labels:
        return {"groups": [], "gaps": []}
    cases = list(_cases(task, target, predictions, threshold))
    groups: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for column, levels in labels.items():
        frames = [_frame(rates, actual, given, levels) for rates, actual, given in cases]
        widest = [max(frames, key=lambda frame: _gap(frame, name)) for name in cases[0][0]]
        for level in frames[0].by_group.index:
            row = {"column": column, "level": str(level), "rows": int(np.sum(levels == level))}
            for name, frame in zip(cases[0][0], widest, strict=True):
                row[name] = _finite(frame.by_group.loc[level, name])
            groups.append(row)
        for name, frame in zip(cases[0][0], widest, strict=True):
            ratio = _finite(frame.ratio(method="between_groups")[name])
            gap = _finite(frame.difference(method="between_groups")[name])
            gaps.append({"column": column, "metric": name, "gap": gap, "ratio": ratio})
    return {"groups": groups, "gaps": gaps}


def _cases(task: Task, target: np.ndarray, predictions: np.ndarray, threshold: float) -> Any:
    """The rates to take, with what they are taken of: once, or once a class."""
    if task is Task.REGRESSION:
        scale = float(target.std()) or 1.0
        yield _residual_rates(), target / scale, predictions / scale
    elif task is Task.BINARY:
        yield _class_rates(), target, (predictions >= threshold).astype(np.int64)
    else:
        chosen = predictions.argmax(axis=1)
        for index in range(predictions.shape[1]):
            yield _class_rates(), (target == index).astype(int), (chosen == index).astype(int)


def _class_rates() -> Rates:
    from fairlearn import metrics

    return {
        "selection_rate": metrics.selection_rate,
        "true_positive_rate": _where(metrics.true_positive_rate, 1),
        "false_positive_rate": _where(metrics.false_positive_rate, 0),
    }


def _where(rate: Callable[..., float], label: int) -> Callable[[np.ndarray, np.ndarray], float]:
    """`rate`, or NaN for a group without a row of `label`, where it would be a made-up zero."""
    return lambda actual, given: (
        float(rate(actual, given, pos_label=1)) if np.any(np.asarray(actual) == label) else np.nan
    )


def _residual_rates() -> Rates:
    return {
        "mean_residual": lambda actual, given: float(np.mean(actual - given)),
        "mean_absolute_error": lambda actual, given: float(np.mean(np.abs(actual - given))),
    }


def _frame(rates: Rates, actual: np.ndarray, given: np.ndarray, levels: np.ndarray) -> Any:
    from fairlearn.metrics import MetricFrame

    return MetricFrame(
        metrics=rates, y_true=actual, y_pred=given, sensitive_features=levels.astype(str)
    )


def _gap(frame: Any, name: str) -> float:
    return _finite(frame.difference(method="between_groups")[name]) or 0.0


def _finite(value: Any) -> float | None:
    return round(float(value), 10) if np.isfinite(value) else None
