"""Two histograms of predictions: how far apart, and whether by chance."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, norm

from contender.deploy.predictions import compare_predictions
from contender.errors import ObservationError

histograms = st.integers(2, 12).flatmap(
    lambda bins: st.tuples(*[st.lists(st.integers(1, 500), min_size=bins, max_size=bins)] * 2)
)


@given(histograms)
def test_the_statistic_is_the_g_test_of_scipy(both: tuple[list[int], list[int]]) -> None:
    """Statistic and p-value; and neither version comes first."""
    ours, theirs = compare_predictions(*both), compare_predictions(*both[::-1])
    known = chi2_contingency(np.array(both), lambda_="log-likelihood", correction=False)

    assert ours.statistic == pytest.approx(known.statistic, abs=1e-6)
    assert ours.p_value == pytest.approx(known.pvalue, abs=1e-6)
    assert (ours.psi, ours.statistic) == pytest.approx((theirs.psi, theirs.statistic))


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12).filter(any))
def test_a_histogram_is_like_itself_at_any_size(counts: list[int]) -> None:
    """Ten times as many predictions, spread alike, are no difference."""
    compared = compare_predictions(counts, [10 * count for count in counts])

    assert compared.p_value == pytest.approx(1.0)
    assert compared.psi < 0.2
    assert not compared.is_extreme(max_psi=1.0, alpha=0.01)


def test_a_trifle_is_certain_in_a_million_but_not_extreme() -> None:
    """The size of the difference decides, not the number of predictions."""
    compared = compare_predictions([510_000, 490_000], [500_000, 500_000])

    assert compared.p_value < 1e-9
    assert compared.psi < 0.001
    assert not compared.is_extreme(max_psi=1.0, alpha=0.01)


def test_an_index_of_one_is_a_move_by_one_standard_deviation() -> None:
    """What the limit means, in bins of a normal distribution."""
    edges = np.concatenate([[-np.inf], np.linspace(-3, 4, 40), [np.inf]])
    counts = [(1e7 * np.diff(norm.cdf(edges, loc))).astype(int).tolist() for loc in (1.0, 0.0)]

    assert compare_predictions(*counts).psi == pytest.approx(1.0, rel=0.02)


def test_one_answer_to_everything_is_extreme() -> None:
    """All of the canary's predictions in one bin of ten."""
    compared = compare_predictions([500] + [0] * 9, [450] * 10)

    assert compared.is_extreme(max_psi=1.0, alpha=0.01)
    assert (compared.canary, compared.control) == (500, 4_500)


def test_a_few_predictions_are_never_extreme() -> None:
    """Two in a rare bin lie far off, by chance."""
    compared = compare_predictions([0, 2], [70, 30])

    assert compared.psi > 1.0
    assert not compared.is_extreme(max_psi=1.0, alpha=0.01)


def test_a_single_bin_cannot_differ() -> None:
    """Both predict one thing."""
    compared = compare_predictions([0, 9], [0, 90])

    assert (compared.statistic, compared.p_value, compared.psi) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("canary", "control"),
    [
        ([], []),
        ([0, 0], [1, 1]),
        ([1, 1], [0, 0]),
        ([1, 2], [1, 2, 3]),
        ([1, -1, 5], [1, 2, 3]),
        ([1.5, 2], [1, 2]),
        ([True, 2], [1, 2]),
        ([float("nan"), 2], [1, 2]),
        ([1, 2], ["1", 2]),
    ],
)
def test_what_is_no_histogram_is_refused(canary: Any, control: Any) -> None:
    """Nothing is never like nothing."""
    with pytest.raises(ObservationError, match="histogram of predictions|bins of predictions"):
        compare_predictions(canary, control)
