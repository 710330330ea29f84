"""Rates of groups are fairlearn's on every row, although only distinct rows are counted."""

import numpy as np
import pytest
from fairlearn import metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from contender.problem.fairness import compare_groups
from contender.problem.schema import Task

ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 10), st.sampled_from(["a", "b", ""])),
    min_size=2,
    max_size=60,
).filter(lambda rows: len({row[0] for row in rows}) == 2)


def rates(rows: list[tuple[int, int, str]]) -> dict[str, dict[str, float | None]]:
    """The three rates of each group."""
    target = np.asarray([row[0] for row in rows])
    score = np.asarray([row[1] for row in rows]) / 10
    levels = np.asarray([row[2] for row in rows], dtype=object)
    result = compare_groups(Task.BINARY, target, score, {"c": levels}, threshold=0.5)
    return {group["level"]: group for group in result["groups"]}


@given(ROWS)
@settings(deadline=None, max_examples=50)
def test_rates_are_fairlearns(rows: list[tuple[int, int, str]]) -> None:
    """Selection, true and false positive rate of each group, taken over its rows one by one."""
    for level, group in rates(rows).items():
        ours = [row for row in rows if row[2] == level]
        actual = [row[0] for row in ours]
        given_ = [int(row[1] >= 5) for row in ours]
        assert group["rows"] == len(ours)
        assert group["selection_rate"] == pytest.approx(reference.selection_rate(actual, given_))
        if 1 in actual:
            expected = reference.true_positive_rate(actual, given_, pos_label=1)
            assert group["true_positive_rate"] == pytest.approx(expected)
        if 0 in actual:
            expected = reference.false_positive_rate(actual, given_, pos_label=1)
            assert group["false_positive_rate"] == pytest.approx(expected)


@given(ROWS)
@settings(deadline=None, max_examples=50)
def test_a_rate_of_nobody_is_none(rows: list[tuple[int, int, str]]) -> None:
    """A group without a positive has no true positive rate; zero would be made up."""
    for level, group in rates(rows).items():
        actual = {row[0] for row in rows if row[2] == level}
        assert (group["true_positive_rate"] is None) == (1 not in actual)
        assert (group["false_positive_rate"] is None) == (0 not in actual)


@given(ROWS)
@settings(deadline=None, max_examples=50)
def test_gaps_and_ratios_are_fairlearns(rows: list[tuple[int, int, str]]) -> None:
    """Demographic parity difference and ratio are the gap and ratio of the selection rate."""
    target = np.asarray([row[0] for row in rows])
    score = np.asarray([row[1] for row in rows]) / 10
    levels = np.asarray([row[2] for row in rows], dtype=object)
    result = compare_groups(Task.BINARY, target, score, {"c": levels}, threshold=0.5)
    gap = next(item for item in result["gaps"] if item["metric"] == "selection_rate")
    chosen, names = (score >= 0.5).astype(int), levels.astype(str)
    expected = reference.demographic_parity_difference(target, chosen, sensitive_features=names)
    assert gap["gap"] == pytest.approx(expected, abs=1e-9)
    if chosen.any():
        expected = reference.demographic_parity_ratio(target, chosen, sensitive_features=names)
        assert gap["ratio"] == pytest.approx(expected, abs=1e-9)


def test_many_classes_show_the_widest_gap() -> None:
    """The class on which groups differ most is the one that is told."""
    target = np.asarray([0, 1, 2, 0, 1, 2])
    predictions = np.eye(3)[[0, 1, 1, 0, 1, 2]]
    levels = np.asarray(["a", "a", "a", "b", "b", "b"], dtype=object)
    result = compare_groups(Task.MULTICLASS, target, predictions, {"c": levels}, threshold=0.5)
    gaps = {item["metric"]: item["gap"] for item in result["gaps"]}
    assert gaps["true_positive_rate"] == 1.0
    assert gaps["selection_rate"] == pytest.approx(1 / 3)
    assert gaps["false_positive_rate"] == 0.5


def test_a_regression_compares_residuals() -> None:
    """In standard deviations of the target: how far predictions lie below it, and how far off."""
    target = np.asarray([1.0, 3.0, 1.0, 3.0])
    predictions = np.asarray([1.0, 3.0, 0.0, 5.0])
    levels = np.asarray(["a", "a", "b", "b"], dtype=object)
    result = compare_groups(Task.REGRESSION, target, predictions, {"c": levels}, threshold=0.5)
    groups = {group["level"]: group for group in result["groups"]}
    assert groups["a"]["mean_residual"] == 0
    assert groups["b"]["mean_residual"] == -0.5
    assert groups["b"]["mean_absolute_error"] == 1.5
    assert {item["metric"]: item["gap"] for item in result["gaps"]} == {
        "mean_residual": 0.5,
        "mean_absolute_error": 1.5,
    }


def test_one_group_has_no_gap_and_none_has_no_answer() -> None:
    """A single group differs from nobody; without sensitive columns there is nothing to say."""
    target, score = np.asarray([0, 1]), np.asarray([0.2, 0.8])
    alone = {"c": np.asarray(["a", "a"], dtype=object)}
    result = compare_groups(Task.BINARY, target, score, alone, threshold=0.5)
    assert [item["gap"] for item in result["gaps"]] == [0, 0, 0]
    empty = compare_groups(Task.BINARY, target, score, {}, threshold=0.5)
    assert empty == {"groups": [], "gaps": []}
