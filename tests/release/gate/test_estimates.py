"""Paired intervals: they are what their papers say, cover what they should, and stay coherent."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from contender.problem.metrics import Metric, metrics_for
from contender.problem.schema import Task
from contender.release.gate.bootstrap import Pair, Resampling, bootstrap_error
from contender.release.gate.estimates import Discordant, Normal, compare, holm, mean_of
from tests.release.gate.cases import READING, scores

BINARY = metrics_for(Task.BINARY, READING)
RESAMPLING = Resampling(400, seed=7)


def test_the_interval_of_normal_values_is_students() -> None:
    """The degrees of freedom from the kurtosis are close to n - 1 there."""
    values = np.random.default_rng(1).normal(0.3, 1, size=5_000)

    mean = mean_of(values)

    expected = stats.ttest_1samp(values, 0, alternative="greater").confidence_interval(0.975)
    assert mean.lower(0.025) == pytest.approx(expected.low, rel=1e-3)
    assert mean.degrees == pytest.approx(4_999, rel=0.1)


def test_a_variance_that_rests_on_few_rows_has_few_degrees_of_freedom() -> None:
    """Ten rows of a thousand that differ say little about how many really do."""
    values = np.zeros(1_000)
    values[:10] = 1.0

    assert mean_of(values).degrees == pytest.approx(20, rel=0.05)


def test_the_degrees_of_freedom_of_four_rows_are_those_of_the_paper() -> None:
    """2 n / (kurtosis - (n - 3) / (n - 1)), where two values as often as each other have 1."""
    assert mean_of(np.array([-1.0, 1.0, -1.0, 1.0])).degrees == pytest.approx(8 / (1 - 1 / 3))


@pytest.mark.parametrize("alpha", [0.025, 0.0025])
def test_a_long_tail_does_not_make_a_bound_too_bold(alpha: float) -> None:
    """Many small gains and a few large losses, zero on average, 4,000 times over."""
    rng = np.random.default_rng(3)
    means = [mean_of(1.0 - rng.exponential(size=200)) for _ in range(4_000)]
    allowed = alpha + 2 * np.sqrt(alpha * (1 - alpha) / 4_000)

    assert np.mean([replace(mean, skew=0.0).lower(alpha) > 0 for mean in means]) > allowed
    assert np.mean([mean.lower(alpha) > 0 for mean in means]) <= allowed
    assert np.mean([mean.upper(alpha) < 0 for mean in means]) <= allowed


@pytest.mark.parametrize("rows", [2, 50])
def test_equal_values_leave_no_uncertainty(rows: int) -> None:
    """The bounds are the value itself, not NaN."""
    mean = mean_of(np.full(rows, 0.25))

    assert (mean.lower(0.01), mean.upper(0.01)) == (0.25, 0.25)


def test_rows_that_belong_together_count_as_one() -> None:
    """Every row given four times: by group the error is that of the rows given once."""
    values = np.random.default_rng(2).normal(size=300)

    once, naive = mean_of(values), mean_of(np.tile(values, 4))
    grouped = mean_of(np.tile(values, 4), np.tile(np.arange(300) + 17, 4))

    assert grouped.standard_error == pytest.approx(once.standard_error, rel=1e-9)
    assert naive.standard_error == pytest.approx(once.standard_error / 2, rel=0.01)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "brier", "accuracy", "f1"])
def test_the_standard_error_is_that_of_new_samples(name: str) -> None:
    """The spread of the difference over samples is what one sample says it is."""
    claimed, differences = [], []
    for seed in range(1_000, 1_500):
        comparison = compare(BINARY[name], Pair(*scores(500, seed=seed)), Resampling(100, seed))
        claimed.append(comparison.difference.standard_error)
        differences.append(comparison.difference.value)

    assert np.mean(claimed) == pytest.approx(np.std(differences), rel=0.1)


@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_a_one_sided_bound_misses_as_often_as_it_may(alpha: float) -> None:
    """Of 2,000 pairs of equal models: at most two standard errors more than allowed."""
    rates = []
    for seed in range(2_000):
        difference = compare(BINARY["roc_auc"], Pair(*scores(300, seed=seed)), RESAMPLING)
        rates.append(difference.difference.lower(alpha) > 0)

    assert 0 < np.mean(rates) <= alpha + 2 * np.sqrt(alpha * (1 - alpha) / 2_000)


@pytest.mark.parametrize("name", list(BINARY))
def test_a_gain_is_positive_whichever_way_the_metric_points(name: str) -> None:
    """The better model gains in scores and in losses."""
    target, better, worse = scores(2_000, seed=5, gain=1.5)

    comparison = compare(BINARY[name], Pair(target, better, worse), RESAMPLING)

    assert comparison.difference.value > 0
    if BINARY[name].greater_is_better:
        assert comparison.challenger > comparison.opponent
    else:
        assert comparison.challenger < comparison.opponent


@pytest.mark.parametrize("task", list(Task))
def test_swapping_the_models_mirrors_the_interval(task: Task) -> None:
    """Neither side of the comparison has an advantage."""
    rng = np.random.default_rng(4)
    if task is Task.MULTICLASS:
        target = rng.integers(3, size=300)
        ours, theirs = (rng.dirichlet([1, 1, 1], size=300) for _ in range(2))
    elif task is Task.BINARY:
        target, ours, theirs = scores(300, seed=4)
    else:
        target, ours, theirs = rng.normal(size=(3, 300))
    for metric in metrics_for(task, READING).values():
        one = compare(metric, Pair(target, ours, theirs), RESAMPLING).difference
        other = compare(metric, Pair(target, theirs, ours), RESAMPLING).difference
        assert one.lower(0.02) == pytest.approx(-other.upper(0.02), rel=0.15, abs=1e-12)
        assert one.value == -other.value


@given(st.integers(0, 24), st.integers(0, 24), st.integers(0, 500), st.sampled_from([0.05, 1e-4]))
def test_few_discordant_rows_agree_with_mcnemars_exact_mid_p(
    wins: int, losses: int, others: int, alpha: float
) -> None:
    """Zero lies below the interval exactly when the test says so."""
    count = wins + losses
    difference = Discordant(wins, losses, count + others + 1)
    coin = stats.binom(count, 0.5)
    mid_p = coin.sf(wins) + coin.pmf(wins) / 2

    assert (difference.lower(alpha) > 0) == (mid_p < alpha)
    assert difference.lower(alpha) <= difference.value <= difference.upper(alpha)
    assert -1 <= difference.lower(alpha) and difference.upper(alpha) <= 1


@pytest.mark.parametrize("name", ["roc_auc", "log_loss", "brier", "accuracy"])
def test_a_comparison_knows_which_rows_belong_together(name: str) -> None:
    """Every row given four times, by group: as sure as by the rows given once, and no surer."""
    columns = scores(600, seed=6)
    again = Pair(*(np.tile(column, 4) for column in columns), np.tile(np.arange(600), 4))

    once, grouped = (compare(BINARY[name], pair, RESAMPLING) for pair in (Pair(*columns), again))

    assert grouped.difference.standard_error == pytest.approx(
        once.difference.standard_error, rel=0.01
    )
    assert grouped.method == f"{once.method}-by-group"


def test_no_discordant_row_still_leaves_doubt() -> None:
    """The rule of three: in 1,000 equal rows up to about 3 in 1,000 may differ."""
    difference = Discordant(0, 0, 1_000)

    assert difference.upper(0.05) == pytest.approx(2.3 / 1_000, rel=0.01)
    assert difference.lower(0.05) == -difference.upper(0.05)
    assert difference.standard_error > 0


def test_accuracy_changes_to_the_exact_test_below_25_discordant_rows() -> None:
    """And is nearly continuous there."""
    target = np.zeros(2_000, dtype=np.int64)
    target[::2] = 1
    right = np.where(target == 1, 0.9, 0.1)

    def without(rows: int) -> Pair:
        wrong = right.copy()
        wrong[:rows] = 1 - wrong[:rows]
        return Pair(target, right, wrong)

    exact, normal = (compare(BINARY["accuracy"], without(n), RESAMPLING) for n in (24, 25))

    assert (exact.method, normal.method) == ("mcnemar-mid-p", "paired-t")
    assert exact.difference.lower(0.025) == pytest.approx(normal.difference.lower(0.025), rel=0.25)


@given(st.lists(st.floats(0, 1), max_size=12), st.sampled_from([0.05, 0.2]))
def test_holm_rejects_what_the_textbook_does(p_values: list[float], alpha: float) -> None:
    """Step down from the smallest p value."""
    expected = set()
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[index] > alpha / (len(p_values) - rank):
            break
        expected.add(index)

    def is_proven(p_value: float, error: float) -> bool:
        return p_value <= error

    assert holm([partial(is_proven, p) for p in p_values], alpha) == expected


class TestBootstrap:
    """The paired bootstrap."""

    def test_tokens_say_what_rows_say(self) -> None:
        """Drawing decisions instead of rows gives the same error, but for chance."""
        pair = Pair(*scores(600, seed=6))
        f1 = BINARY["f1"]
        slow = Metric("f1", True, lambda t, p, w: f1.score(t, f1.reads(p), w))

        fast_error = bootstrap_error(f1, pair, Resampling(2_000, 1))
        slow_error = bootstrap_error(slow, pair, Resampling(2_000, 2))

        assert fast_error == pytest.approx(slow_error, rel=0.1)

    def test_it_agrees_with_the_closed_form(self) -> None:
        """Of a metric that has one."""
        pair = Pair(*scores(600, seed=6))
        closed = compare(BINARY["brier"], pair, RESAMPLING).difference.standard_error

        error = bootstrap_error(BINARY["brier"], pair, Resampling(1_000, 3))

        assert error == pytest.approx(closed, rel=0.1)

    @pytest.mark.parametrize("name", ["f1", "brier"])
    def test_whole_groups_are_drawn_where_rows_belong_together(self, name: str) -> None:
        """Every row given four times: the error is that of the rows given once."""
        target, ours, theirs = scores(400, seed=8)
        once = bootstrap_error(BINARY[name], Pair(target, ours, theirs), Resampling(1_000, 4))
        again = Pair(*(np.tile(column, 4) for column in (target, ours, theirs)))
        groups = np.tile(np.arange(400), 4)

        grouped = Pair(again.target, again.challenger, again.opponent, groups)

        alike = bootstrap_error(BINARY[name], grouped, Resampling(1_000, 5))
        naive = bootstrap_error(BINARY[name], again, Resampling(1_000, 5))
        assert alike == pytest.approx(once, rel=0.15)
        assert naive == pytest.approx(once / 2, rel=0.15)

    def test_the_seed_decides_and_nothing_else_does(self) -> None:
        """The same seed gives the same error, another seed another one."""
        pair = Pair(*scores(300, seed=9))

        errors = [bootstrap_error(BINARY["f1"], pair, Resampling(300, s)) for s in (1, 1, 2)]

        assert errors[0] == errors[1] != errors[2]

    def test_a_metric_of_a_fork_needs_no_closed_form(self) -> None:
        """A function of target, predictions and weights is enough, for a regression too."""
        rng = np.random.default_rng(10)
        target, ours, theirs = rng.normal(size=(3, 200))
        median = Metric("bias", False, lambda t, p, w: abs(float(np.average(p - t, weights=w))))

        comparison = compare(median, Pair(target, ours, theirs), Resampling(300, 1))

        assert comparison.method == "paired-bootstrap"
        assert isinstance(comparison.difference, Normal)
        assert comparison.difference.standard_error > 0
