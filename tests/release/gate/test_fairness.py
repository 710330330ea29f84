"""Fairness: fairlearn's gaps, with what is proven of them, waivers, and what the champion has."""

from dataclasses import replace
from datetime import date
from typing import Any

import fairlearn.metrics as fl
import numpy as np
import pytest
from scipy import stats

from contender.problem.schema import Task
from contender.release.gate.decide import decide
from contender.release.gate.decision import Decision, FairnessFinding, Outcome, Verdict
from contender.release.gate.evidence import Evidence, Labels
from contender.release.gate.rates import Share
from tests.release.gate import cases
from tests.release.gate.cases import alone, binary, codes, find, judge

ROWS = 4_000
RATES = ("selection_rate", "true_positive_rate", "false_positive_rate")


def two_groups(
    rows: int = ROWS,
    *,
    ours: float = 0.0,
    theirs: float = 0.0,
    seed: int = 0,
    share: float = 0.5,
) -> Evidence:
    """Models that raise the selection rate of group `b` by about `ours` and `theirs`.

    Whoever is raised is drawn at random, the same rows for both models as far as both raise.
    """
    case = binary(rows, seed=seed, gain=0.6)
    rng = np.random.default_rng([seed, 1])
    group = (rng.random(rows) < share).astype(np.int64)
    draw = rng.random(rows)

    def raised(predictions: np.ndarray, by: float) -> np.ndarray:
        return np.where((group == 1) & (draw < by), 0.5 + predictions / 2, predictions)

    assert case.champion is not None
    return replace(
        case,
        challenger=cases.scored("b", raised(case.challenger.predictions, ours)),
        champion=cases.scored("c", raised(case.champion.predictions, theirs)),
        labels=(Labels("kind", ("a", "b"), group, sensitive=True),),
    )


def gap_of(decision: Decision, metric: str, column: str = "kind") -> FairnessFinding:
    """The finding of one rate of one column."""
    return next(f for f in decision.fairness if (f.metric, f.column) == (metric, column))


def fair(**changes: Any) -> dict[str, Any]:
    """Parameters of the gate with other limits of fairness."""
    return {"fairness": cases.GATE.fairness.model_dump() | changes}


def test_gaps_equal_fairlearn() -> None:
    """Selection rate, true and false positive rate, challenger and champion, four groups."""
    rng = np.random.default_rng(2)
    group = rng.integers(4, size=ROWS)
    case = binary(ROWS, labels=(Labels("kind", tuple("abcd"), group, sensitive=True),))
    decision = judge(case)
    metrics = {name: getattr(fl, name) for name in RATES}
    for model, attribute in ((case.challenger, "gap"), (case.champion, "champion_gap")):
        frame = fl.MetricFrame(
            metrics=metrics,
            y_true=case.target,
            y_pred=model.predictions >= 0.5,
            sensitive_features=group,
        )
        for name in RATES:
            found = getattr(gap_of(decision, name), attribute)
            assert found == pytest.approx(frame.difference()[name], abs=1e-9)
    assert gap_of(decision, "selection_rate").gap == pytest.approx(
        fl.demographic_parity_difference(
            case.target, case.challenger.predictions >= 0.5, sensitive_features=group
        )
    )


def test_gaps_of_many_classes_equal_fairlearn() -> None:
    """Each class against the rest; the widest gap is reported, with its class."""
    case = cases.multiclass()
    group = np.random.default_rng(1).integers(2, size=178)
    case = replace(case, labels=(Labels("kind", ("a", "b"), group, sensitive=True),))
    limits = cases.reading(min_slice_rows=50, min_slice_class_rows=10)

    decision = decide(case, cases.gate(primary="log_loss"), limits)

    def gaps(predictions: np.ndarray) -> dict[str, float]:
        chosen = predictions.argmax(axis=1)
        return {
            f"selection_rate[{name}]": fl.demographic_parity_difference(
                case.target == index, chosen == index, sensitive_features=group
            )
            for index, name in enumerate(case.classes)
        }

    ours, theirs = gaps(case.challenger.predictions), gaps(case.champion.predictions)
    widest = max(ours, key=lambda name: ours[name])
    found = gap_of(decision, widest)
    assert ours[widest] > 0.1
    assert (found.gap, found.champion_gap) == pytest.approx((ours[widest], theirs[widest]))
    assert len(decision.fairness) == 3


def test_gaps_of_a_regression_are_in_standard_deviations() -> None:
    """Of the target: of its mean residual, and of its mean absolute error."""
    case = cases.regression()
    group = np.arange(442) % 2
    skewed = cases.scored("b", case.challenger.predictions + 40.0 * group)
    case = replace(
        case, challenger=skewed, labels=(Labels("kind", ("a", "b"), group, sensitive=True),)
    )

    decision = judge(case, primary="rmse")

    residuals = (case.target - skewed.predictions) / case.target.std()
    expected = residuals[group == 0].mean() - residuals[group == 1].mean()
    found = gap_of(decision, "mean_residual")
    assert found.gap == pytest.approx(expected)
    assert found.status == "harm"
    welch = stats.ttest_ind(residuals[group == 0], residuals[group == 1], equal_var=False)
    assert found.lower == pytest.approx(welch.confidence_interval(0.90).low, rel=0.02)
    absolute = np.abs(residuals)
    before = np.abs(case.target - case.champion.predictions) / case.target.std()
    found = gap_of(decision, "mean_absolute_error")
    assert (found.gap, found.champion_gap) == pytest.approx(
        [abs(each[group == 0].mean() - each[group == 1].mean()) for each in (absolute, before)]
    )


def test_a_small_gap_of_many_rows_is_proven_safe() -> None:
    """Every upper bound lies under the limit."""
    decision = judge(two_groups(20_000))

    assert decision.verdict is Verdict.PROMOTE
    assert {finding.status for finding in decision.fairness} == {"safe"}
    assert all(finding.upper < finding.limit for finding in decision.fairness)


def test_a_small_gap_of_few_rows_is_inconclusive_and_holds() -> None:
    """What is not known is not taken for safe."""
    decision = judge(two_groups(1_000))

    assert gap_of(decision, "true_positive_rate").status == "inconclusive"
    assert decision.verdict is Verdict.HOLD


def test_a_new_gap_that_is_proven_is_rejected() -> None:
    """The champion has none."""
    decision = judge(two_groups(ours=0.4))

    finding = gap_of(decision, "selection_rate")
    assert finding.status == "harm" and finding.lower > 0.1 > finding.champion_gap
    assert finding.outcome is Outcome.REJECT
    assert decision.verdict is Verdict.REJECT
    assert codes(decision).count("gap-widened") + codes(decision).count("gap-harm") >= 1


def test_a_proven_gap_needs_no_champion() -> None:
    """The first model is judged by the limit alone."""
    decision = judge(alone(two_groups(ours=0.4)))

    assert "gap-harm" in codes(decision)
    assert gap_of(decision, "selection_rate").champion_gap is None
    assert decision.verdict is Verdict.REJECT


def test_a_gap_that_the_champion_has_too_does_not_block_what_does_not_widen_it() -> None:
    """It is still said to be harm."""
    decision = judge(two_groups(20_000, ours=0.4, theirs=0.4))

    finding = gap_of(decision, "selection_rate")
    assert (finding.status, finding.outcome) == ("harm", Outcome.PASS)
    assert "gap-not-widened" in codes(decision)
    assert decision.verdict is Verdict.PROMOTE


def test_widening_a_gap_that_the_champion_has_is_rejected() -> None:
    """By more than what is allowed, proven row by row."""
    decision = judge(two_groups(20_000, ours=0.5, theirs=0.4))

    assert gap_of(decision, "selection_rate").outcome is Outcome.REJECT
    assert "gap-widened" in codes(decision)


def test_a_gap_at_the_limit_of_both_models_is_nobodys_fault() -> None:
    """200 equal pairs with a true gap near the limit: none is rejected."""
    rejected = [
        judge(two_groups(2_000, ours=0.18, theirs=0.18, seed=seed)).verdict is Verdict.REJECT
        for seed in range(200)
    ]

    assert not any(rejected)


def test_harm_is_seldom_found_where_the_gap_is_the_limit() -> None:
    """Four groups, one of them apart by just the limit: at most 5 % of 200, and two errors."""
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        group = rng.integers(4, size=1_200)
        chosen = rng.random(1_200) < np.where(group == 0, 0.3, 0.2)
        case = binary(1_200, seed=seed)
        case = replace(
            alone(case, baseline=case.challenger.predictions),
            challenger=cases.scored("b", np.where(chosen, 0.9, 0.1)),
            labels=(Labels("kind", tuple("abcd"), group, sensitive=True),),
        )
        found += gap_of(judge(case), "selection_rate").status == "harm"

    assert found <= 200 * (0.05 + 2 * np.sqrt(0.05 * 0.95 / 200))


def test_a_gap_of_a_fifth_is_caught_with_five_hundred_rows_a_group() -> None:
    """As harm, in nine of ten."""
    caught = [
        gap_of(judge(two_groups(1_000, ours=0.26, seed=s)), "selection_rate") for s in range(100)
    ]

    assert np.mean([finding.gap for finding in caught]) == pytest.approx(0.2, abs=0.02)
    assert np.mean([finding.status == "harm" for finding in caught]) >= 0.8
    assert all(finding.outcome is not Outcome.PASS for finding in caught)


WAIVER: dict[str, Any] = {
    "column": "kind",
    "metric": "selection_rate",
    "max_gap": 0.6,
    "owner": "owner@example.invalid",
    "reason": "The rates of the two groups differ in the data.",
    "expires": cases.TODAY,
}


def waived(**changes: Any) -> dict[str, Any]:
    """Waivers of all three rates."""
    return fair(waivers=[WAIVER | {"metric": metric} | changes for metric in RATES])


class TestWaivers:
    """A waiver raises a limit, for a while, by somebody."""

    def test_a_gap_under_the_raised_limit_passes(self) -> None:
        """On the last day too; owner, reason and expiry stand in the finding."""
        decision = judge(two_groups(ours=0.4), **waived())

        finding = gap_of(decision, "selection_rate")
        assert decision.verdict is Verdict.PROMOTE
        assert (finding.limit, finding.status) == (0.6, "safe")
        assert finding.waiver == (
            "owner@example.invalid: The rates of the two groups differ in the data. "
            "(until 2026-01-15)"
        )

    def test_a_gap_beyond_the_raised_limit_still_blocks(self) -> None:
        """A waiver does not switch the check off."""
        decision = judge(two_groups(ours=0.9), **waived(max_gap=0.2))

        assert decision.verdict is Verdict.REJECT
        assert gap_of(decision, "selection_rate").limit == 0.2

    def test_an_expired_waiver_is_ignored_and_named(self) -> None:
        """One day late."""
        case = two_groups(ours=0.4)

        decision = judge(replace(case, as_of=date(2026, 1, 16)), **waived())

        assert decision.verdict is Verdict.REJECT
        assert "waiver-expired" in codes(decision)
        assert "the waiver of owner@example.invalid expired on 2026-01-15" in decision.summary
        assert gap_of(decision, "selection_rate").waiver is None

    def test_an_expired_waiver_does_not_block_by_itself(self) -> None:
        """The gap is safe without it; it is still named."""
        decision = judge(two_groups(20_000), **waived(expires=date(2020, 1, 1)))

        assert decision.verdict is Verdict.PROMOTE
        assert "expired on 2020-01-01" in " ".join(check.message for check in decision.checks)
        assert "waiver-expired" not in codes(decision)

    def test_a_waiver_is_for_one_rate_only(self) -> None:
        """The others keep their limit."""
        decision = judge(two_groups(ours=0.4), **fair(waivers=[WAIVER]))

        limits = {finding.metric: finding.limit for finding in decision.fairness}
        assert limits == {
            "selection_rate": 0.6, "true_positive_rate": 0.1, "false_positive_rate": 0.1
        }  # fmt: skip
        assert decision.verdict is Verdict.REJECT

    def test_a_waiver_never_lowers_a_limit(self) -> None:
        """One for less than what is allowed anyway changes nothing."""
        decision = judge(two_groups(20_000), **waived(max_gap=0.001))

        assert gap_of(decision, "selection_rate").limit == 0.1

    def test_a_waiver_for_a_rate_covers_its_classes(self) -> None:
        """`selection_rate` is that of every class against the rest."""
        case = cases.multiclass()
        labels = (Labels("kind", ("a", "b"), (case.target == 0).astype(int), sensitive=True),)
        limits = cases.reading(min_slice_rows=20, min_slice_class_rows=5)
        params = cases.gate(primary="log_loss", **fair(waivers=[WAIVER | {"max_gap": 2.0}]))

        decision = decide(replace(case, labels=labels), params, limits)

        selection = next(f for f in decision.fairness if f.metric.startswith("selection_rate["))
        assert (selection.limit, selection.status) == (2.0, "safe")


def test_groups_that_are_too_small_are_listed() -> None:
    """And the others are compared, wherever the small one stands."""
    group = np.arange(ROWS) % 2
    group[:30] = 2
    for levels, code in ((("a", "b", "c"), 0), (("c", "a", "b"), 1)):
        labels = Labels("kind", levels, (group + code) % 3, sensitive=True)

        decision = judge(binary(ROWS, labels=(labels,)))

        small = find(decision, "group-too-small")
        assert (small.subject, small.outcome) == ("kind=c", Outcome.SKIPPED)
        assert [group.level for group in gap_of(decision, "selection_rate").groups] == ["a", "b"]


def test_a_group_of_just_enough_rows_is_compared() -> None:
    """The limit is the least that will do."""
    group = (np.arange(ROWS) < cases.READING.min_slice_rows).astype(np.int64)

    decision = judge(binary(ROWS, labels=(Labels("kind", ("a", "b"), group, sensitive=True),)))

    assert [it.rows for it in gap_of(decision, "selection_rate").groups] == [ROWS - 100, 100]
    assert "group-too-small" not in codes(decision)


@pytest.mark.parametrize(
    "labels",
    [
        (),
        (Labels("kind", (), np.full(2_000, -1), sensitive=True),),
        (Labels("kind", ("a",), np.zeros(2_000, dtype=int), sensitive=True),),
        (Labels("kind", ("a", "b"), (np.arange(2_000) < 50).astype(int), sensitive=True),),
    ],
    ids=["no column", "all missing", "one group", "one group large enough"],
)
def test_nothing_evaluated_is_said_and_is_no_pass(labels: tuple[Labels, ...]) -> None:
    """There is nothing to compare."""
    decision = judge(binary(gain=0.5, labels=labels))

    assert find(decision, "fairness-not-evaluated").outcome is Outcome.SKIPPED
    family = {check.outcome for check in decision.checks if check.family == "fairness"}
    assert family == {Outcome.SKIPPED}
    assert {finding.status for finding in decision.fairness} <= {"not-evaluated"}
    assert all(finding.gap is None for finding in decision.fairness)


def test_rows_without_a_group_are_counted() -> None:
    """They belong to none, and are not left out in silence."""
    group = np.arange(ROWS) % 2
    group[:500] = -1

    decision = judge(binary(ROWS, labels=(Labels("kind", ("a", "b"), group, sensitive=True),)))

    assert find(decision, "group-missing").message.startswith("500 rows have no kind")


def test_rows_that_belong_together_widen_the_interval() -> None:
    """Ten rows a patient, all of them alike: a tenth of the evidence."""
    case = two_groups(800, ours=0.2)
    order = np.tile(np.arange(800), 10)
    repeated = replace(case.take(order), groups=order)

    once, clustered = (gap_of(judge(each), "selection_rate") for each in (case, repeated))

    assert clustered.gap == pytest.approx(once.gap)
    assert clustered.upper - clustered.lower == pytest.approx(once.upper - once.lower, rel=0.01)


def test_rows_that_belong_together_and_differ_count_as_many() -> None:
    """Ten rows a patient who have nothing else in common: all of the evidence."""
    case = two_groups(ours=0.2)
    grouped = replace(case, groups=np.arange(ROWS) // 10)

    apart, together = (gap_of(judge(each), "selection_rate") for each in (case, grouped))

    assert together.gap == apart.gap
    assert together.upper - together.lower == pytest.approx(apart.upper - apart.lower, rel=0.1)


def test_the_interval_of_a_share_is_wilsons() -> None:
    """As scipy has it, at 0, in the middle and at 1."""
    for hits in (0, 7, 40):
        expected = stats.binomtest(hits, 40).proportion_ci(0.95, method="wilson")
        share = Share(hits / 40, 40)
        assert share.lower(0.025) == pytest.approx(expected.low, abs=1e-9)
        assert share.upper(0.025) == pytest.approx(expected.high, abs=1e-9)


def test_the_interval_of_a_gap_is_newcombes() -> None:
    """Example (a) of the paper: 56 of 70 against 48 of 80, method 10."""
    from contender.release.gate.rates import Gap, GroupLevel

    high = GroupLevel("a", 70, Share(56 / 70, 70), None, None)
    low = GroupLevel("b", 80, Share(48 / 80, 80), None, None)

    assert Gap(high, low).lower(0.025) == pytest.approx(0.0524, abs=5e-5)
    assert Gap(high, low).upper(0.025) == pytest.approx(0.3339, abs=5e-5)


def test_the_task_decides_which_rates_there_are() -> None:
    """Binary and many classes have three, a regression two."""
    labels = (Labels("kind", ("a", "b"), np.arange(442) % 2, sensitive=True),)

    decision = judge(replace(cases.regression(), labels=labels), primary="rmse")

    assert decision.task == Task.REGRESSION
    assert [finding.metric for finding in decision.fairness] == [
        "mean_residual", "mean_absolute_error"
    ]  # fmt: skip
