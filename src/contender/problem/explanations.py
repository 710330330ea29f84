"""Why the model says what it says: SHAP values a raw column, overall, by slice and by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contender.problem import frames
from contender.problem.features import source_columns
from contender.problem.schema import Schema, Task


@dataclass(frozen=True)
class Sample:
    """The rows to explain: raw feature columns, ids, and slice labels, each one entry a row."""

    columns: Mapping[str, np.ndarray]
    ids: np.ndarray
    labels: Mapping[str, np.ndarray]


def explain(pipeline: Any, sample: Sample, schema: Schema, *, examples: int) -> dict[str, Any]:
    """Contributions of each raw column to the predictions of the given rows.

    One-hot columns are summed back to the column they come from. For many classes a row's
    contributions are those to its predicted class, and the overall ones a mean over classes.
    """
    frame = frames.to_frame(dict(sample.columns))
    features, estimator = pipeline[0], pipeline[-1]
    names = source_columns(features)
    values, base, method, unit = shap_values(estimator, features.transform(frame), schema.task)
    values = _by_source(values, names, schema.features)
    chosen = _chosen_class(pipeline, frame, schema.task)
    own = values[np.arange(len(values)), :, chosen]
    strength = np.abs(values).mean(axis=2)
    return {
        "method": method,
        "unit": unit,
        "rows": len(own),
        "global": _overall(strength, own, schema.features),
        "slices": list(_by_slice(strength, sample.labels, schema.features)),
        "examples": _by_row(own, base[chosen], sample, examples),
    }


def shap_values(
    estimator: Any, matrix: np.ndarray, task: Task
) -> tuple[np.ndarray, np.ndarray, str, str]:
    """SHAP values (n_rows, n_columns, n_outputs), base values (n_outputs,), method and unit."""
    import shap

    linear = hasattr(estimator, "coef_")
    explainer = shap.LinearExplainer(estimator, matrix) if linear else shap.TreeExplainer(estimator)
    values = np.asarray(explainer.shap_values(matrix), dtype=np.float64)
    values = values[:, :, np.newaxis] if values.ndim == 2 else values
    base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
    probabilities = not linear and hasattr(estimator, "estimators_")
    unit = "probability" if probabilities else "log-odds"
    method = f"shap.{type(explainer).__name__}"
    return values, base, method, "units of the target" if task is Task.REGRESSION else unit


def _by_source(values: np.ndarray, names: list[str], features: tuple[str, ...]) -> np.ndarray:
    sums = np.zeros((values.shape[0], len(features), values.shape[2]))
    for index, name in enumerate(names):
        sums[:, features.index(name), :] += values[:, index, :]
    return sums


def _chosen_class(pipeline: Any, frame: Any, task: Task) -> np.ndarray:
    """The output whose contributions are shown for each row: the positive or predicted class."""
    if task is not Task.MULTICLASS:
        return np.full(len(frame), -1)
    return np.asarray(pipeline.predict(frame), dtype=np.int64)


def _overall(
    strength: np.ndarray, own: np.ndarray, features: tuple[str, ...]
) -> list[dict[str, Any]]:
    means = strength.mean(axis=0)
    signed = own.mean(axis=0)
    return [
        {"feature": features[i], "mean_abs": _short(means[i]), "mean": _short(signed[i])}
        for i in np.argsort(-means, kind="stable")
    ]


def _by_slice(
    strength: np.ndarray, labels: Mapping[str, np.ndarray], features: tuple[str, ...]
) -> Any:
    for column, levels in labels.items():
        for level in sorted(set(levels)):
            rows = levels == level
            means = strength[rows].mean(axis=0)
            named = dict(zip(features, map(_short, means), strict=True))
            count = int(rows.sum())
            yield {"column": column, "level": str(level), "rows": count, "features": named}


def _by_row(
    own: np.ndarray, base: np.ndarray, sample: Sample, examples: int
) -> list[dict[str, Any]]:
    """A few rows from the highest prediction to the lowest."""
    features = list(sample.columns)
    total = own.sum(axis=1) + base
    order = np.argsort(-total, kind="stable")
    picked = order[np.unique(np.linspace(0, len(order) - 1, min(examples, len(order))).astype(int))]
    return [
        {
            "id": str(sample.ids[row]),
            "prediction": _short(total[row]),
            "base": _short(base[row]),
            "contributions": [
                {
                    "feature": features[i],
                    "value": _shown(sample.columns[features[i]][row]),
                    "contribution": _short(own[row, i]),
                }
                for i in np.argsort(-np.abs(own[row]), kind="stable")
            ],
        }
        for row in picked
    ]


def _shown(value: Any) -> str | float | None:
    if isinstance(value, str):
        return value or None
    return None if np.isnan(value) else round(float(value), 6)


def _short(value: float) -> float:
    return round(float(value), 6)
