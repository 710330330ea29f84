"""Why targets and predictions cannot be measured: nothing is measured before this says None."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from contender.problem.schema import Task

_TOLERANCE: Final = 1e-5  # of a probability: graphs add float32 numbers, some hundred for a forest


@dataclass(frozen=True)
class Fault:
    """Why targets and predictions cannot be measured: a stable code and one sentence."""

    code: str
    message: str


def find_fault(task: Task, target: np.ndarray, predictions: np.ndarray) -> Fault | None:
    """The first reason why no metric of these rows would mean anything; None when there is none."""
    if len(target) == 0:
        return Fault("holdout-empty", "There are `0` rows; expected at least one to measure on.")
    if not np.isfinite(target).all():
        return Fault("target-not-finite", "A target is `NaN` or infinite; expected a number a row.")
    wide = task is Task.MULTICLASS
    if predictions.ndim != 1 + wide or len(predictions) != len(target) or 0 in predictions.shape:
        return Fault(
            "prediction-shape",
            f"The predictions have the shape `{predictions.shape}` for {len(target)} rows of a "
            f"{task} task; expected {'one column a class' if wide else 'one number a row'}.",
        )
    if not np.isfinite(predictions).all():
        rows = int((~np.isfinite(predictions)).reshape(len(target), -1).any(axis=1).sum())
        return Fault("prediction-not-finite", f"`{rows}` predictions are NaN or infinite.")
    if task is Task.REGRESSION:
        return _constant_fault(target)
    return _probability_fault(predictions) or _class_fault(target, predictions)


def _constant_fault(target: np.ndarray) -> Fault | None:
    if np.ptp(target) > 0:
        return None
    return Fault("target-constant", f"Every target is `{target[0]:g}`; expected them to vary.")


def _probability_fault(predictions: np.ndarray) -> Fault | None:
    low, high = float(predictions.min()), float(predictions.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        return Fault(
            "prediction-range", f"Predictions go from `{low:g}` to `{high:g}`; expected 0 to 1."
        )
    if predictions.ndim == 2:
        error = float(np.abs(predictions.sum(axis=1) - 1).max())
        if error > _TOLERANCE * predictions.shape[1]:
            return Fault("prediction-range", f"The probabilities of a row miss 1 by `{error:g}`.")
    return None


def _class_fault(target: np.ndarray, predictions: np.ndarray) -> Fault | None:
    n_classes = 2 if predictions.ndim == 1 else predictions.shape[1]
    if target.min() < 0 or target.max() >= n_classes or (target != np.floor(target)).any():
        return Fault("class-unknown", f"A target is no class; expected 0 to `{n_classes - 1}`.")
    counts = np.bincount(target.astype(np.int64), minlength=n_classes)
    if (counts == 0).any():
        return Fault("class-missing", f"No row has the class number `{int(counts.argmin())}`.")
    return None
