"""Every metric once: its value, and what each row adds to it, for evaluation and gate alike.

Targets are class indices or numbers, shape (n_rows,). Predictions are P(last class) of shape
(n_rows,) for two classes, (n_rows, n_classes) for more, and numbers (n_rows,) for a regression.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from contender.errors import DataError, PredictionError
from contender.params import Costs, EvaluateParams
from contender.problem.confusion import f1, f1_many, macro_f1, macro_f1_many
from contender.problem.faults import find_fault
from contender.problem.ranking import (
    average_precision,
    average_precision_rows,
    macro_roc_auc,
    macro_roc_auc_rows,
    roc_auc,
    roc_auc_rows,
)
from contender.problem.schema import Task

Score = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]
ScoreMany = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
PerRow = Callable[[np.ndarray, np.ndarray], np.ndarray]

PINBALL_QUANTILE: Final = 0.9  # an under-prediction costs nine times an over-prediction


def _as_they_are(predictions: np.ndarray) -> np.ndarray:
    return predictions


@dataclass(frozen=True)
class Metric:
    """One number for a model.

    `pseudo_values(target, predictions)` has shape (n_rows,): the mean is the metric, and the
    standard deviation over sqrt(n_rows) its standard error (the metric plus its influence
    function). `reads` is all that the metric sees of predictions; integers when that is a
    decision, so that a bootstrap need not tell rows with equal decisions apart. `method` names the
    interval that pseudo-values give. A metric `in_target_units` has the unit of the target.
    """

    name: str
    greater_is_better: bool
    score: Score
    pseudo_values: PerRow | None = None
    method: str = "influence"
    reads: Callable[[np.ndarray], np.ndarray] = _as_they_are
    in_target_units: bool = False
    score_many: ScoreMany | None = None

    def value(
        self, target: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None = None
    ) -> float:
        """The metric of the rows, each counted `weight` times (shape (n_rows,)), once if None."""
        return self.score(target, self.reads(predictions), weight)

    def values(self, target: np.ndarray, reading: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The metric for each of `weights`, shape (n_replicates, n_rows); in one go if it can."""
        if self.score_many:
            return self.score_many(target, reading, weights)
        return np.array([self.score(target, reading, weight) for weight in weights])


def metrics_for(task: Task, settings: EvaluateParams) -> dict[str, Metric]:
    """The metrics of `task` by name; add your own here, with `pseudo_values` or without."""
    metrics = {
        Task.BINARY: _binary_metrics,
        Task.MULTICLASS: _multiclass_metrics,
        Task.REGRESSION: _regression_metrics,
    }[task](settings)
    return {metric.name: metric for metric in metrics}


def compute_metrics(
    task: Task, target: np.ndarray, predictions: np.ndarray, settings: EvaluateParams
) -> dict[str, float]:
    """The value of each metric, and for a classification the calibration error `ece`.

    Raises:
        DataError: no rows, a target that is not finite, a class without a row, or a constant.
        PredictionError: predictions of another shape, not finite or out of range.
    """
    if fault := find_fault(task, target, predictions):
        kind = PredictionError if fault.code.startswith("prediction") else DataError
        raise kind(fault.message, hint="see which step made these rows; they cannot be measured")
    metrics = metrics_for(task, settings)
    values = {name: metric.value(target, predictions) for name, metric in metrics.items()}
    if task is not Task.REGRESSION:
        values["ece"] = calibration_error(target, predictions, bins=settings.calibration_bins)
    return values


def _binary_metrics(settings: EvaluateParams) -> list[Metric]:
    decide = partial(_above, threshold=settings.threshold)
    return [
        Metric("roc_auc", True, roc_auc, roc_auc_rows, "delong"),
        Metric("average_precision", True, average_precision, average_precision_rows),
        _mean("accuracy", _hits, reads=decide, greater_is_better=True),
        Metric("f1", True, f1, reads=decide, score_many=f1_many),
        _mean("brier", _squared_error),
        _mean("log_loss", _log_loss),
        _mean("cost", partial(_cost, costs=settings.costs), reads=decide),
    ]


def _multiclass_metrics(_: EvaluateParams) -> list[Metric]:
    return [
        Metric("roc_auc", True, macro_roc_auc, macro_roc_auc_rows, "delong"),
        _mean("log_loss", _log_loss),
        _mean("accuracy", _hits, reads=_most_likely, greater_is_better=True),
        Metric("macro_f1", True, macro_f1, reads=_most_likely, score_many=macro_f1_many),
        _mean("brier", _brier),
    ]


def _regression_metrics(_: EvaluateParams) -> list[Metric]:
    return [
        Metric("rmse", False, _rmse, _rmse_rows, in_target_units=True),
        replace(_mean("mae", _absolute_error), in_target_units=True),
        Metric("r2", True, _r2, _r2_rows),
        replace(_mean("pinball", _pinball), in_target_units=True),
    ]


def _mean(
    name: str,
    loss: PerRow,
    *,
    reads: Callable[[np.ndarray], np.ndarray] = _as_they_are,
    greater_is_better: bool = False,
) -> Metric:
    """A metric that is a mean over rows: the loss of a row is its own pseudo-value."""

    def score(target: np.ndarray, reading: np.ndarray, weight: np.ndarray | None) -> float:
        return float(np.average(loss(target, reading), weights=weight))

    def pseudo_values(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
        return loss(target, reads(predictions))

    return Metric(name, greater_is_better, score, pseudo_values, "paired-t", reads)


def _above(predictions: np.ndarray, *, threshold: float) -> np.ndarray:
    return np.where(predictions >= threshold, 1, 0)


def _most_likely(predictions: np.ndarray) -> np.ndarray:
    return np.asarray(predictions.argmax(axis=1))


def _hits(target: np.ndarray, decision: np.ndarray) -> np.ndarray:
    return np.where(target == decision, 1.0, 0.0)


def _cost(target: np.ndarray, decision: np.ndarray, *, costs: Costs) -> np.ndarray:
    wrong = np.where(decision == 1, costs.false_positive, costs.false_negative)
    return np.where(target == decision, 0.0, wrong)


def _squared_error(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return np.asarray(np.square(predictions - target))


def _absolute_error(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(predictions - target))


def _pinball(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    under = target - predictions
    rate = np.where(under > 0, PINBALL_QUANTILE, PINBALL_QUANTILE - 1)
    return np.asarray(rate * under)


def _brier(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Squared distance to the true class, summed over classes: 0 to 2 (Brier 1950)."""
    own = np.take_along_axis(predictions, target[:, None], axis=1)[:, 0]
    return np.asarray(np.square(predictions).sum(axis=1) - 2 * own + 1)


def _log_loss(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """Minus the log of the true class's probability, at least the smallest step of a float64."""
    if predictions.ndim == 1:
        own = np.where(target == 1, predictions, 1 - predictions)
    else:
        own = np.take_along_axis(predictions, target[:, None], axis=1)[:, 0]
    step = np.finfo(np.float64).eps
    return np.asarray(-np.log(np.clip(own, step, 1 - step)))


def _rmse(target: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.sqrt(np.average(_squared_error(target, predictions), weights=weight)))


def _rmse_rows(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """By the delta method: rmse + (e^2 - mse) / (2 rmse), where mse is rmse^2."""
    squared = _squared_error(target, predictions)
    rmse = float(np.sqrt(squared.mean()))
    return np.asarray(rmse / 2 + squared / (2 * rmse)) if rmse > 0 else squared


def _r2(target: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None) -> float:
    spread = np.square(target - np.average(target, weights=weight))
    error = np.average(_squared_error(target, predictions), weights=weight)
    return float(1 - error / np.average(spread, weights=weight))


def _r2_rows(target: np.ndarray, predictions: np.ndarray) -> np.ndarray:
    """By the delta method for 1 - mse / variance, both of them estimated."""
    squared = _squared_error(target, predictions)
    spread = np.square(target - target.mean())
    variance = float(spread.mean())
    ratio = float(squared.mean()) / variance
    return np.asarray(1 - ratio - (squared - ratio * spread) / variance)


def calibration_error(target: np.ndarray, predictions: np.ndarray, *, bins: int) -> float:
    """Expected calibration error: mean |confidence - share| over bins of equal width.

    Of the last class for two classes, of the most likely class for more (Guo et al. 2017). Shown,
    never gated: a perfectly calibrated model scores about .04 on 1,000 rows.
    """
    if predictions.ndim == 1:
        confidence, right = predictions, target.astype(np.float64)
    else:
        confidence, right = predictions.max(axis=1), _hits(target, _most_likely(predictions))
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(which, confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(target))
