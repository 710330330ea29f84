"""The curves are those of scikit-learn, and their bins hold every row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from contender.problem import curves
from contender.problem.schema import Task
from tests.datasets import evaluation

PAIRS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=1, max_size=60)


def arrays(pairs: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Targets and scores with many ties."""
    target, score = np.asarray(pairs).T
    return target, score / 20


def both_classes(pairs: list[tuple[int, int]]) -> bool:
    """True when there is a row of each class."""
    return len({label for label, _ in pairs}) == 2


@given(PAIRS.filter(both_classes))
@settings(deadline=None)
def test_roc_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """False and true positive rates at every distinct threshold."""
    target, score = arrays(pairs)
    false, true, _ = reference.roc_curve(target, score, drop_intermediate=False)
    table = curves.roc(target, score)
    np.testing.assert_allclose(table["false_positive_rate"], false, atol=1e-6)
    np.testing.assert_allclose(table["true_positive_rate"], true, atol=1e-6)


@given(PAIRS.filter(both_classes))
@settings(deadline=None)
def test_precision_and_recall_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    """Precision and recall at every distinct threshold, from the highest to the lowest."""
    target, score = arrays(pairs)
    precision, recall, _ = reference.precision_recall_curve(target, score)
    table = curves.precision_recall(target, score)
    np.testing.assert_allclose(table["precision"], precision[-2::-1], atol=1e-6)
    np.testing.assert_allclose(table["recall"], recall[-2::-1], atol=1e-6)


@given(PAIRS, st.integers(2, 12))
@settings(deadline=None)
def test_calibration_holds_every_row(pairs: list[tuple[int, int]], bins: int) -> None:
    """Weighted by rows, the bins have the means of target and score; none is empty."""
    target, score = arrays(pairs)
    table = curves.calibration(target, score, bins=bins)
    assert sum(table["rows"]) == len(target)
    assert min(table["rows"]) >= 1
    assert len(table["rows"]) <= bins
    assert max(table["rows"]) - min(table["rows"]) <= 1
    assert np.average(table["predicted"], weights=table["rows"]) == pytest.approx(
        score.mean(), abs=1e-5
    )
    assert np.average(table["observed"], weights=table["rows"]) == pytest.approx(
        target.mean(), abs=1e-5
    )


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1))
@settings(deadline=None)
def test_confusion_counts_every_row(pairs: list[tuple[int, int]]) -> None:
    """The cells are scikit-learn's, in the order of the classes."""
    target, chosen = np.asarray(pairs).T
    table = curves.confusion(target, chosen, ("a", "b", "c"))
    expected = reference.confusion_matrix(target, chosen, labels=[0, 1, 2])
    assert np.reshape(table["rows"], (3, 3)).tolist() == expected.tolist()
    assert table["actual"] == [name for name in "abc" for _ in range(3)]
    assert table["predicted"] == [*"abc"] * 3


@given(PAIRS)
@settings(deadline=None)
def test_the_histogram_of_scores_holds_every_row(pairs: list[tuple[int, int]]) -> None:
    """0 and 1 fall into the outer bins, and so does what float32 left a little above 1."""
    target, score = arrays(pairs)
    table = curves.scores(target, score * np.float64(np.float32(1.0000001)), ("no", "yes"))
    for index, name in enumerate(("no", "yes")):
        rows = [
            n for n, actual in zip(table["rows"], table["actual"], strict=True) if actual == name
        ]
        assert sum(rows) == np.sum(target == index)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1))
@settings(deadline=None)
def test_the_curves_of_a_regression_hold_every_row(pairs: list[tuple[float, float]]) -> None:
    """Residuals fall into some bin, and predictions rise from bin to bin."""
    target, predictions = np.asarray(pairs).T
    drawn = curves.draw_curves(Task.REGRESSION, target, predictions, (), evaluation())
    assert sum(drawn["residuals"]["rows"]) == len(target)
    assert drawn["predicted_actual"]["predicted"] == sorted(drawn["predicted_actual"]["predicted"])


def test_many_rows_are_few_points() -> None:
    """However many rows there are, a curve has at most 200 points, and both its ends."""
    rng = np.random.default_rng(5)
    target, score = rng.integers(0, 2, 20_000), rng.random(20_000)
    for table in (curves.roc(target, score), curves.precision_recall(target, score)):
        assert all(len(column) == curves.POINTS for column in table.values())
    roc = curves.roc(target, score)
    assert (roc["false_positive_rate"][0], roc["true_positive_rate"][0]) == (0, 0)
    assert (roc["false_positive_rate"][-1], roc["true_positive_rate"][-1]) == (1, 1)


def test_many_classes_have_a_curve_each() -> None:
    """Every class is drawn against the rest, and named in every row."""
    rng = np.random.default_rng(5)
    predictions = rng.dirichlet([1, 1, 1], 90)
    target = np.tile([0, 1, 2], 30)
    drawn = curves.draw_curves(Task.MULTICLASS, target, predictions, ("a", "b", "c"), evaluation())
    for name in ("roc", "precision_recall", "scores"):
        assert set(drawn[name]["class"]) == {"a", "b", "c"}
        assert len({len(column) for column in drawn[name].values()}) == 1
    first = [i for i, name in enumerate(drawn["roc"]["class"]) if name == "b"]
    alone = curves.roc((target == 1).astype(int), predictions[:, 1])
    assert [drawn["roc"]["true_positive_rate"][i] for i in first] == alone["true_positive_rate"]
    assert sum(drawn["confusion"]["rows"]) == 90


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_the_threshold_decides_the_confusion(threshold: float) -> None:
    """A probability equal to the threshold counts as positive."""
    target, score = np.asarray([0, 1, 0, 1]), np.asarray([0.1, threshold, threshold, 0.95])
    settings = evaluation(threshold=threshold)
    drawn = curves.draw_curves(Task.BINARY, target, score, ("no", "yes"), settings)
    assert drawn["confusion"]["rows"] == [1, 1, 0, 2]
