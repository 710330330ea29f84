"""Metrics equal scikit-learn's, their pseudo-values carry the error, and nonsense is refused."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from contender.errors import ContenderError, DataError, PredictionError
from contender.params import Costs, EvaluateParams
from contender.problem.metrics import calibration_error, compute_metrics, metrics_for
from contender.problem.schema import Task

READING = EvaluateParams(
    threshold=0.5,
    costs=Costs(false_positive=1.0, false_negative=3.0),
    calibration_bins=10,
    min_slice_rows=100,
    min_slice_class_rows=20,
    explain_rows=10,
    explain_examples=1,
)
PERCENT = st.integers(0, 100).map(lambda number: number / 100)  # few values, so many ties
EXACT = {"rel": 0, "abs": 1e-12}


@st.composite
def binary_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A target with both classes and probabilities with ties."""
    target = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=2, max_size=60))]
    size = {"min_size": len(target), "max_size": len(target)}
    return np.array(target), np.array(draw(st.lists(PERCENT, **size)))


@st.composite
def class_rows(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """A target with three classes and probabilities that add up to one."""
    target = [0, 1, 2, *draw(st.lists(st.integers(0, 2), min_size=2, max_size=40))]
    parts = st.lists(st.integers(0, 20), min_size=3, max_size=3).filter(any)
    size = {"min_size": len(target), "max_size": len(target)}
    weights = np.array(draw(st.lists(parts, **size)), dtype=float)
    return np.array(target), weights / weights.sum(axis=1, keepdims=True)


@given(binary_rows())
def test_binary_metrics_equal_scikit_learn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    """Ties, certain predictions and rare classes included."""
    target, scores = rows
    chosen = (scores >= 0.5).astype(int)
    wrong = sk.confusion_matrix(target, chosen, labels=[0, 1])
    expected = {
        "roc_auc": sk.roc_auc_score(target, scores),
        "average_precision": sk.average_precision_score(target, scores),
        "accuracy": sk.accuracy_score(target, chosen),
        "f1": sk.f1_score(target, chosen, zero_division=0),
        "brier": sk.brier_score_loss(target, scores),
        "log_loss": sk.log_loss(target, scores),
        "cost": (wrong[0, 1] + 3 * wrong[1, 0]) / len(target),
    }

    values = compute_metrics(Task.BINARY, target, scores, READING)

    assert values.pop("ece") >= 0
    assert values == pytest.approx(expected, **EXACT)


@given(class_rows())
@settings(deadline=None)
def test_multiclass_metrics_equal_scikit_learn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    """ROC AUC is the mean over classes, each against the rest."""
    target, shares = rows
    chosen = shares.argmax(axis=1)
    expected = {
        "roc_auc": sk.roc_auc_score(target, shares, multi_class="ovr"),
        "log_loss": sk.log_loss(target, shares, labels=[0, 1, 2]),
        "accuracy": sk.accuracy_score(target, chosen),
        "macro_f1": sk.f1_score(target, chosen, average="macro", zero_division=0),
        "brier": sk.brier_score_loss(target, shares, labels=[0, 1, 2]),
    }

    values = compute_metrics(Task.MULTICLASS, target, shares, READING)

    assert values.pop("ece") >= 0
    assert values == pytest.approx(expected, **EXACT)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, max_size=40).filter(
        lambda pairs: len({target for target, _ in pairs}) > 1
    )
)
def test_regression_metrics_equal_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    """Pinball loss is that of the .9 quantile."""
    target, given_ = np.array(pairs, dtype=float).T
    expected = {
        "rmse": sk.root_mean_squared_error(target, given_),
        "mae": sk.mean_absolute_error(target, given_),
        "r2": sk.r2_score(target, given_),
        "pinball": sk.mean_pinball_loss(target, given_, alpha=0.9),
    }

    values = compute_metrics(Task.REGRESSION, target, given_, READING)

    assert values == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(binary_rows(), st.randoms(use_true_random=False))
def test_a_row_of_weight_two_counts_as_two_rows(
    rows: tuple[np.ndarray, np.ndarray], random: Random
) -> None:
    """The bootstrap counts rows by weight instead of copying them."""
    target, scores = rows
    weight = np.array([random.randint(1, 3) for _ in target])
    for metric in metrics_for(Task.BINARY, READING).values():
        copied = metric.value(np.repeat(target, weight), np.repeat(scores, weight))
        assert metric.value(target, scores, weight) == pytest.approx(copied, abs=1e-12)


def scored(task: Task, *, rows: int = 400, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """A target and predictions that know something of it, rounded so that there are ties."""
    rng = np.random.default_rng(seed)
    if task is Task.REGRESSION:
        target = rng.normal(size=rows)
        return target, np.round(target + rng.normal(size=rows), 1)
    n_classes = 2 if task is Task.BINARY else 3
    target = rng.integers(n_classes, size=rows)
    odds = np.exp(rng.normal(size=(rows, n_classes)) + 1.5 * np.eye(n_classes)[target])
    shares = np.round(odds / odds.sum(axis=1, keepdims=True), 2)
    shares[:, -1] = 1 - shares[:, :-1].sum(axis=1)
    return target, shares[:, 1] if task is Task.BINARY else np.abs(shares)


CLOSED = [
    (task, name)
    for task in Task
    for name, metric in metrics_for(task, READING).items()
    if metric.pseudo_values
]


@pytest.mark.parametrize(("task", "name"), CLOSED)
def test_pseudo_values_have_the_metric_as_mean_and_its_error_as_spread(
    task: Task, name: str
) -> None:
    """The standard error is the jackknife's, which leaves out one row after the other."""
    target, given_ = scored(task)
    metric = metrics_for(task, READING)[name]
    rows, every = len(target), np.arange(len(target))
    left_out = [metric.value(target[every != row], given_[every != row]) for row in every]

    values = metric.pseudo_values(target, given_)

    assert values.mean() == pytest.approx(metric.value(target, given_), abs=1e-12)
    jackknife = np.std(left_out) * np.sqrt(rows - 1)
    assert values.std(ddof=1) / np.sqrt(rows) == pytest.approx(jackknife, rel=0.02)


def test_pseudo_values_of_roc_auc_have_the_variance_of_delong() -> None:
    """Against the definition: every positive beside every negative."""
    target, scores = scored(Task.BINARY)
    won = scores[target == 1][:, None] - scores[target == 0][None, :]
    wins = (won > 0) + 0.5 * (won == 0)
    by_positive, by_negative = wins.mean(axis=1), wins.mean(axis=0)
    variance = by_positive.var(ddof=1) / len(by_positive)
    variance += by_negative.var(ddof=1) / len(by_negative)

    values = metrics_for(Task.BINARY, READING)["roc_auc"].pseudo_values(target, scores)

    centred = values - values.mean()
    assert (centred @ centred) / len(values) ** 2 == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize(
    ("task", "name"),
    [(task, name) for task in Task for name in metrics_for(task, READING)],
)
def test_many_weights_at_once_give_what_each_gives_alone(task: Task, name: str) -> None:
    """Metrics that can take a bootstrap in one go, and those that are asked again and again."""
    target, given_ = scored(task, rows=60)
    metric = metrics_for(task, READING)[name]
    weights = np.random.default_rng(5).integers(1, 4, size=(7, 60)).astype(float)
    reading = metric.reads(given_)

    expected = [metric.score(target, reading, weight) for weight in weights]

    assert metric.values(target, reading, weights) == pytest.approx(expected, abs=1e-12)


def test_a_perfect_regression_has_no_error_and_no_uncertainty() -> None:
    """Its RMSE is zero, where the delta method would divide by it."""
    target, _ = scored(Task.REGRESSION)
    rmse = metrics_for(Task.REGRESSION, READING)["rmse"]

    assert rmse.value(target, target) == 0
    assert not rmse.pseudo_values(target, target).any()


TARGET, SCORES = np.array([0, 1, 0, 1]), np.array([0.1, 0.9, 0.4, 0.2])
SHARES = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])


@pytest.mark.parametrize(
    ("task", "target", "predictions", "error"),
    [
        (Task.BINARY, TARGET[:0], SCORES[:0], DataError),
        (Task.REGRESSION, SCORES[:0], SCORES[:0], DataError),
        (Task.REGRESSION, np.array([1.0, np.nan]), np.ones(2), DataError),
        (Task.REGRESSION, np.array([1.0, np.inf]), np.ones(2), DataError),
        (Task.REGRESSION, np.ones(4), SCORES, DataError),
        (Task.BINARY, np.zeros(4, dtype=int), SCORES, DataError),
        (Task.BINARY, np.array([0, 1, 2, 1]), SCORES, DataError),
        (Task.BINARY, np.array([0, 1, -1, 1]), SCORES, DataError),
        (Task.MULTICLASS, np.array([0, 1, 1]), SHARES, DataError),
        (Task.BINARY, TARGET, np.array([0.1, np.nan, 0.4, 0.2]), PredictionError),
        (Task.BINARY, TARGET, np.array([0.1, np.inf, 0.4, 0.2]), PredictionError),
        (Task.BINARY, TARGET, np.array([0.1, 1.1, 0.4, 0.2]), PredictionError),
        (Task.BINARY, TARGET, np.array([0.1, -0.1, 0.4, 0.2]), PredictionError),
        (Task.BINARY, TARGET, SCORES[:3], PredictionError),
        (Task.BINARY, TARGET, np.stack([SCORES, SCORES], axis=1), PredictionError),
        (Task.MULTICLASS, np.array([0, 1, 2]), np.array([0.1, 0.2, 0.3]), PredictionError),
        (Task.MULTICLASS, np.array([0, 1, 2]), SHARES * 0.9, PredictionError),
        (Task.REGRESSION, SCORES, SCORES[:3], PredictionError),
    ],
)
def test_what_cannot_be_measured_is_refused(
    task: Task, target: np.ndarray, predictions: np.ndarray, error: type[ContenderError]
) -> None:
    """Nothing, NaN, a class without rows, a wrong shape or range: an error, never a number."""
    with pytest.raises(error):
        compute_metrics(task, target, predictions, READING)


def test_rounding_of_float32_does_not_put_a_probability_out_of_range() -> None:
    """A forest adds up to 1.0000001 at times."""
    values = compute_metrics(Task.BINARY, TARGET, SCORES + np.array([0, 0.1000001, 0, 0]), READING)

    assert np.isfinite(list(values.values())).all()


def test_calibration_error_is_the_distance_of_confidence_from_share() -> None:
    """Two bins: .2 is said where none is, .9 where half are."""
    target = np.array([0, 0, 0, 1])
    scores = np.array([0.2, 0.2, 0.9, 0.9])

    assert calibration_error(target, scores, bins=2) == pytest.approx(0.5 * 0.2 + 0.5 * 0.4)


def test_calibration_error_of_many_classes_is_about_the_most_likely_one() -> None:
    """All three rows are right, and said so with .5, .8 and .6."""
    error = calibration_error(np.array([0, 1, 2]), SHARES, bins=1)

    assert error == pytest.approx(1 - (0.5 + 0.8 + 0.6) / 3)
