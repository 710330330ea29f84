"""The curves people look at, as small tables: at most a few hundred points, whatever the rows."""

from typing import Any, Final

import numpy as np

from contender.params import EvaluateParams
from contender.problem.schema import Task

POINTS: Final = 200
BINS: Final = 20

Table = dict[str, list[Any]]


def draw_curves(
    task: Task,
    target: np.ndarray,
    predictions: np.ndarray,
    classes: tuple[str, ...],
    settings: EvaluateParams,
) -> dict[str, Table]:
    """One table of equally long columns a curve; which ones depends on the task."""
    if task is Task.REGRESSION:
        return {
            "predicted_actual": predicted_actual(target, predictions),
            "residuals": histogram(target - predictions, "residual"),
        }
    if task is Task.BINARY:
        chosen = (predictions >= settings.threshold).astype(np.int64)
        return {
            "roc": roc(target, predictions),
            "precision_recall": precision_recall(target, predictions),
            "calibration": calibration(target, predictions, bins=settings.calibration_bins),
            "confusion": confusion(target, chosen, classes),
            "scores": scores(target, predictions, classes),
        }
    chosen = predictions.argmax(axis=1)
    hit = (chosen == target).astype(np.int64)
    each = [((target == k).astype(np.int64), predictions[:, k]) for k in range(len(classes))]
    return {
        "roc": _stack(classes, [roc(*pair) for pair in each]),
        "precision_recall": _stack(classes, [precision_recall(*pair) for pair in each]),
        "calibration": calibration(hit, predictions.max(axis=1), bins=settings.calibration_bins),
        "confusion": confusion(target, chosen, classes),
        "scores": _stack(classes, [scores(*pair, classes=("other", "this")) for pair in each]),
    }


def roc(target: np.ndarray, score: np.ndarray) -> Table:
    """False and true positive rate as the threshold falls."""
    true, false = _counts(target, score)
    rate, recall = false / max(1, false[-1]), true / max(1, true[-1])
    kept = _thin(len(rate))
    return {
        "false_positive_rate": _round(rate[kept]),
        "true_positive_rate": _round(recall[kept]),
    }


def precision_recall(target: np.ndarray, score: np.ndarray) -> Table:
    """Recall and precision as the threshold falls."""
    true, false = _counts(target, score)
    recall, precision = true[1:] / max(1, true[-1]), true[1:] / (true[1:] + false[1:])
    kept = _thin(len(recall))
    return {"recall": _round(recall[kept]), "precision": _round(precision[kept])}


def calibration(target: np.ndarray, score: np.ndarray, *, bins: int) -> Table:
    """Mean prediction and observed share in bins of equally many rows."""
    order = np.argsort(score, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return {
        "predicted": _round([score[part].mean() for part in parts]),
        "observed": _round([target[part].mean() for part in parts]),
        "rows": [len(part) for part in parts],
    }


def confusion(target: np.ndarray, chosen: np.ndarray, classes: tuple[str, ...]) -> Table:
    """How many rows of each class were taken for which."""
    size = len(classes)
    counts = np.bincount(target * size + chosen, minlength=size * size)
    return {
        "actual": [name for name in classes for _ in classes],
        "predicted": list(classes) * size,
        "rows": counts.tolist(),
    }


def scores(target: np.ndarray, score: np.ndarray, classes: tuple[str, ...]) -> Table:
    """How many rows of each class got which score, in bins of .05."""
    edges = np.linspace(0, 1, BINS + 1)
    table: Table = {"score": [], "rows": [], "actual": []}
    for index, name in enumerate(classes):
        own = score[target == index].clip(0, 1)  # a float32 sum may pass 1
        counts, _ = np.histogram(own, edges)
        table["score"] += _round((edges[:-1] + edges[1:]) / 2)
        table["rows"] += counts.tolist()
        table["actual"] += [name] * BINS
    return table


def predicted_actual(target: np.ndarray, predictions: np.ndarray) -> Table:
    """Mean prediction and mean target in bins of equally many rows, ordered by prediction."""
    order = np.argsort(predictions, kind="stable")
    parts = [part for part in np.array_split(order, min(POINTS, len(order))) if len(part)]
    return {
        "predicted": _round([predictions[part].mean() for part in parts]),
        "actual": _round([target[part].mean() for part in parts]),
    }


def histogram(values: np.ndarray, name: str) -> Table:
    """How many rows fall into each of equally wide bins."""
    counts, edges = np.histogram(values, BINS)
    return {name: _round((edges[:-1] + edges[1:]) / 2), "rows": counts.tolist()}


def _counts(target: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives at each distinct threshold, from above all scores to below."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(order) - 1)
    true = np.cumsum(target[order])[last]
    return np.append(0, true), np.append(0, last + 1 - true)


def _thin(length: int) -> np.ndarray:
    return np.unique(np.linspace(0, length - 1, min(length, POINTS)).astype(int))


def _round(values: Any) -> list[float]:
    return [round(float(value), 6) for value in values]


def _stack(classes: tuple[str, ...], tables: list[Table]) -> Table:
    """The tables one below the other, each row named by its class."""
    stacked: Table = {"class": []}
    for name, table in zip(classes, tables, strict=True):
        for key, column in table.items():
            stacked.setdefault(key, []).extend(column)
        stacked["class"] += [name] * len(next(iter(table.values())))
    return stacked
