"""Rates of each group of a sensitive column, by fairlearn; the gate judges their gaps."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from contender.problem.schema import Task

RATES: Final = ("selection_rate", "true_positive_rate", "false_positive_rate")

ByLevel = dict[str, float | None]


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
    groups: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for column, levels in labels.items():
        rates, ratios = _rates(task, target, predictions, levels, threshold)
        for level in sorted(set(levels)):
            count = int(np.sum(levels == level))
            values = {name: by_level.get(level) for name, by_level in rates.items()}
            groups.append({"column": column, "level": level, "rows": count} | values)
        for name, by_level in rates.items():
            gap, ratio = _spread(by_level), ratios.get(name)
            gaps.append({"column": column, "metric": name, "gap": gap, "ratio": ratio})
    return {"groups": groups, "gaps": gaps}


def _rates(
    task: Task, target: np.ndarray, predictions: np.ndarray, levels: np.ndarray, threshold: float
) -> tuple[dict[str, ByLevel], dict[str, float | None]]:
    """Each rate by level, and its smallest ratio between two levels where that means something."""
    if task is Task.REGRESSION:
        return _residual_rates(target, predictions, levels), {}
    if task is Task.BINARY:
        frames = [_class_frame(target == 1, predictions >= threshold, levels)]
    else:
        chosen = predictions.argmax(axis=1)
        frames = [
            _class_frame(target == index, chosen == index, levels)
            for index in range(predictions.shape[1])
        ]
    rates, ratios = {}, {}
    for name in RATES:
        gaps = [_spread(_column(frame, name)) or 0.0 for frame in frames]
        widest = frames[int(np.argmax(gaps))]
        rates[name] = _column(widest, name)
        ratios[name] = _finite(widest.ratio(method="between_groups")[name])
    return rates, ratios


def _residual_rates(
    target: np.ndarray, predictions: np.ndarray, levels: np.ndarray
) -> dict[str, ByLevel]:
    residual = (target - predictions) / (float(target.std()) or 1.0)
    kinds = {"mean_residual": residual, "mean_absolute_error": np.abs(residual)}
    return {
        name: {level: _finite(values[levels == level].mean()) for level in sorted(set(levels))}
        for name, values in kinds.items()
    }


def _class_frame(actual: np.ndarray, given: np.ndarray, levels: np.ndarray) -> Any:
    """fairlearn's frame over the distinct rows, weighted by how often each occurs.

    The rates depend on counts alone, and a frame over a million rows would take seconds.
    """
    from fairlearn.metrics import MetricFrame

    names, codes = np.unique(levels.astype(str), return_inverse=True)
    cells, counts = np.unique(codes * 4 + actual * 2 + given, return_counts=True)
    return MetricFrame(
        metrics=_class_rates(),
        y_true=cells // 2 % 2,
        y_pred=cells % 2,
        sensitive_features=names[cells // 4],
        sample_params={name: {"sample_weight": counts} for name in RATES},
    )


def _class_rates() -> dict[str, Callable[..., float]]:
    from fairlearn import metrics

    return {
        "selection_rate": metrics.selection_rate,
        "true_positive_rate": _where(metrics.true_positive_rate, 1),
        "false_positive_rate": _where(metrics.false_positive_rate, 0),
    }


def _where(rate: Callable[..., float], label: int) -> Callable[..., float]:
    """`rate`, or NaN for a group without a row of `label`, where it would be a made-up zero."""

    def guarded(actual: np.ndarray, given: np.ndarray, *, sample_weight: np.ndarray) -> float:
        if not np.any(np.asarray(actual) == label):
            return np.nan
        return float(rate(actual, given, pos_label=1, sample_weight=sample_weight))

    return guarded


def _column(frame: Any, name: str) -> ByLevel:
    return {str(level): _finite(value) for level, value in frame.by_group[name].items()}


def _spread(by_level: ByLevel) -> float | None:
    values = [value for value in by_level.values() if value is not None]
    return round(max(values) - min(values), 10) if values else None


def _finite(value: Any) -> float | None:
    return round(float(value), 10) if np.isfinite(value) else None
