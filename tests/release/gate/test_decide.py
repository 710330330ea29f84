"""The decision as a whole: each verdict, each mode, each task, and the same bytes every time."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from contender import files
from contender.problem.metrics import metrics_for
from contender.problem.schema import Task
from contender.release.gate.decide import Occasion, decide, refuse
from contender.release.gate.decision import Check, Decision, Outcome, Verdict
from contender.release.gate.evidence import Evidence
from tests.release.gate import cases
from tests.release.gate.cases import alone, binary, codes, find, judge

VALIDATOR = Draft202012Validator(Decision.model_json_schema(mode="serialization"))


def test_a_challenger_that_is_proven_better_is_promoted() -> None:
    """The summary is the sentence that proves it."""
    decision = judge(binary(gain=0.5))

    assert decision.verdict is Verdict.PROMOTE
    assert decision.opponent == "champion"
    assert decision.summary.startswith("Proven better: roc_auc is 0.9")


def test_an_equal_challenger_keeps_the_champion() -> None:
    """Equal is not better, and no reason to blame anybody."""
    decision = judge(binary())

    assert decision.verdict is Verdict.HOLD
    assert find(decision, "not-proven-better").message == decision.summary


def test_a_challenger_that_is_proven_worse_is_rejected() -> None:
    """By more than the margin, which is what harm means."""
    decision = judge(binary(gain=-0.5))

    assert decision.verdict is Verdict.REJECT
    assert find(decision, "proven-worse").outcome is Outcome.REJECT


def test_a_gain_has_to_exceed_what_is_asked_for() -> None:
    """A gain of about .06 is enough when any gain is, not when a tenth is asked for."""
    assert judge(binary(gain=0.5)).verdict is Verdict.PROMOTE
    assert judge(binary(gain=0.5), min_delta=0.1).verdict is Verdict.HOLD


def test_refresh_promotes_an_equal_challenger_once_there_are_rows_enough() -> None:
    """And says how many rows it needs while there are not."""
    few, many = (judge(binary(rows, seed=2), mode="refresh") for rows in (1_000, 40_000))

    assert (few.verdict, many.verdict) == (Verdict.HOLD, Verdict.PROMOTE)
    assert find(few, "not-proven-not-worse") and find(many, "proven-not-worse")
    assert few.holdout and few.holdout.rows_needed and many.holdout
    assert 1_000 < few.holdout.rows_needed < 40_000
    assert many.holdout.rows_needed is None
    assert few.holdout.equal_pass_probability < 0.8 < many.holdout.equal_pass_probability


def test_small_losses_do_not_add_up_in_refresh_mode() -> None:
    """Not worse than the champion, but worse than the best ever promoted by twice the margin."""
    target, best, _ = cases.scores(40_000, seed=1, gain=0.2)
    _, challenger, champion = cases.scores(40_000, seed=1)
    case = cases.evidence(Task.BINARY, target, challenger, champion)
    worn = replace(case, anchor=cases.scored("9", best))

    decision = judge(worn, mode="refresh")

    assert judge(case, mode="refresh").verdict is Verdict.PROMOTE
    assert decision.verdict is Verdict.HOLD
    assert find(decision, "anchor-not-held")


@pytest.mark.parametrize(
    ("anchor", "code"),
    [(None, "anchor-not-needed"), ("c", "anchor-not-needed"), ("9", "anchor-held")],
)
def test_the_anchor_is_another_model_than_the_champion(anchor: str | None, code: str) -> None:
    """No anchor, the champion itself, and an older equal one."""
    case = binary(40_000)
    assert case.champion is not None
    model = anchor and cases.scored(anchor, case.champion.predictions)

    decision = judge(replace(case, anchor=model or None), mode="refresh")

    assert decision.verdict is Verdict.PROMOTE
    assert find(decision, code)


def test_ten_small_losses_do_not_add_up() -> None:
    """Each is within `epsilon` of the champion before; the anchor ends them, nothing else would."""
    case = binary(40_000, seed=4)
    rng = np.random.default_rng(4)
    logit = np.log(case.challenger.predictions / (1 - case.challenger.predictions))
    models = [case.challenger]
    for generation in range(10):
        logit = logit + 0.2 * rng.normal(size=len(logit))
        models.append(cases.scored(str(generation), cases.sigmoid(logit)))

    decisions = [
        judge(replace(case, champion=old, challenger=new, anchor=models[0]), mode="refresh")
        for old, new in zip(models, models[1:], strict=False)
    ]

    assert all(find(decision, "proven-not-worse") for decision in decisions)
    assert [decision.verdict for decision in decisions[:2]] == [Verdict.PROMOTE] * 2
    assert all(find(decision, "anchor-not-held") for decision in decisions[-6:])


def test_an_anchor_that_was_trained_on_the_holdout_judges_nobody() -> None:
    """Too few rows are left: HOLD, not a pass."""
    case = binary(40_000)
    anchor = replace(
        cases.scored("9", case.challenger.predictions), held_out=np.arange(40_000) < 50
    )

    decision = judge(replace(case, anchor=anchor), mode="refresh")

    assert find(decision, "anchor-too-few-rows").outcome is Outcome.HOLD
    assert decision.verdict is Verdict.HOLD


def test_the_same_model_is_identical() -> None:
    """By its file, whatever it predicts."""
    case = binary(gain=0.5)

    decision = judge(replace(case, champion=replace(case.champion, digest=case.challenger.digest)))

    assert (decision.verdict, codes(decision)) == (Verdict.HOLD, ["identical"])


def test_equal_predictions_are_identical() -> None:
    """By what it does, whatever its file; in refresh mode too."""
    case = binary()
    twin = replace(case, champion=cases.scored("c", case.challenger.predictions))

    for mode in ("improve", "refresh"):
        decision = judge(twin, mode=mode)
        assert (decision.verdict, codes(decision)) == (Verdict.HOLD, ["identical"])
        assert {estimate.difference for estimate in decision.estimates} == {0.0}


def test_constant_predictions_are_rejected() -> None:
    """They lose to any champion that knows something."""
    case = binary()
    constant = cases.scored("b", np.full(len(case.target), 0.25))

    decision = judge(replace(case, challenger=constant))

    assert decision.verdict is Verdict.REJECT


def test_two_constant_models_are_not_proven_anything() -> None:
    """No uncertainty, no gain: HOLD in improve mode."""
    target, _, _ = cases.scores(500, seed=0)
    case = cases.evidence(Task.BINARY, target, np.full(500, 0.2), np.full(500, 0.3))

    decision = judge(case)

    assert decision.verdict is Verdict.HOLD
    assert decision.estimates[0].difference == 0


class TestWithoutAChampion:
    """What a first model has to show."""

    def test_a_model_better_than_the_baselines_starts(self) -> None:
        """BOOTSTRAP, against the linear baseline."""
        decision = judge(alone(binary(gain=0.5)))

        assert (decision.verdict, decision.opponent) == (Verdict.BOOTSTRAP, "linear baseline")
        assert find(decision, "beats-constant") and find(decision, "beats-linear")

    def test_a_tie_with_the_linear_model_is_said(self) -> None:
        """It may ship, but the simpler model would do."""
        decision = judge(alone(binary(20_000)))

        assert decision.verdict is Verdict.BOOTSTRAP
        assert (
            "the linear model is the simpler choice" in find(decision, "ties-with-linear").message
        )
        assert "the linear model is the simpler choice" in decision.summary

    def test_the_linear_model_itself_may_start(self) -> None:
        """Equal predictions are a tie there, not a reason to wait."""
        case = binary()

        decision = judge(alone(case, baseline=case.challenger.predictions))

        assert decision.verdict is Verdict.BOOTSTRAP

    def test_a_model_that_loses_to_the_linear_one_is_rejected(self) -> None:
        """Proven, by more than the margin."""
        decision = judge(alone(binary(gain=-0.7)))

        assert find(decision, "worse-than-linear").outcome is Outcome.REJECT
        assert decision.verdict is Verdict.REJECT

    def test_a_model_that_might_lose_to_the_linear_one_waits(self) -> None:
        """Not proven either way."""
        decision = judge(alone(binary(300)))

        assert find(decision, "not-proven-to-match-linear").outcome is Outcome.HOLD

    def test_a_model_no_better_than_a_constant_waits(self) -> None:
        """Scores that know nothing of the target."""
        rng = np.random.default_rng(3)
        case = binary()
        blind = cases.scored("b", rng.random(len(case.target)))

        decision = judge(alone(replace(case, challenger=blind), baseline=rng.random(2_000)))

        assert find(decision, "not-proven-better-than-constant").outcome is Outcome.HOLD

    def test_a_model_worse_than_a_constant_is_rejected(self) -> None:
        """Scores that are right about the order the other way round."""
        case = binary(gain=0.5)
        inverted = cases.scored("b", 1 - case.challenger.predictions)

        decision = judge(alone(replace(case, challenger=inverted)))

        assert find(decision, "worse-than-constant").outcome is Outcome.REJECT

    def test_slices_and_calibration_are_shown_but_not_judged(self) -> None:
        """There is nothing to compare them with."""
        case = binary(gain=0.5, labels=(cases.halves(2_000, slices="critical"),))

        decision = judge(alone(case))

        assert {finding.outcome for finding in decision.slices} == {Outcome.SKIPPED}
        assert all(finding.estimate for finding in decision.slices)
        assert find(decision, "calibration-not-compared") and find(decision, "slices-not-compared")

    def test_floors_hold_for_the_first_model_too(self) -> None:
        """An absolute limit needs no champion."""
        decision = judge(alone(binary(gain=0.5)), floors={"roc_auc": 0.99})

        assert decision.verdict is Verdict.REJECT


class TestLimits:
    """Floors, calibration, cost: what no gain makes up for."""

    @pytest.mark.parametrize(
        ("floors", "verdict"),
        [
            ({"roc_auc": 0.8, "brier": 0.2}, Verdict.PROMOTE),
            ({"roc_auc": 0.95}, Verdict.REJECT),
            ({"brier": 0.01}, Verdict.REJECT),
        ],
    )
    def test_a_floor_is_a_least_score_or_a_largest_loss(
        self, floors: dict[str, float], verdict: Verdict
    ) -> None:
        """Whichever way the metric points."""
        assert judge(binary(gain=0.5), floors=floors).verdict is verdict

    @pytest.mark.parametrize("metric", ["roc_auc", "brier"])
    def test_a_floor_that_is_just_met_is_kept(self, metric: str) -> None:
        """What it asks for is the least, or the most, that will do."""
        case = binary(gain=0.5)
        exact = next(it.challenger for it in judge(case).estimates if it.metric == metric)

        assert judge(case, floors={metric: exact}).verdict is Verdict.PROMOTE

    def test_a_better_ranking_does_not_excuse_worse_probabilities(self) -> None:
        """Halved probabilities keep their order and lose their meaning."""
        case = binary(gain=0.5)
        halved = cases.scored("b", case.challenger.predictions / 3)

        decision = judge(replace(case, challenger=halved))

        assert find(decision, "proven-better") and find(decision, "calibration-worse")
        assert decision.verdict is Verdict.REJECT

    def test_a_better_model_that_is_twice_as_sure_of_itself_is_rejected(self) -> None:
        """Though its Brier score alone would stay within the margin."""
        rng = np.random.default_rng(3)
        logit = 1.2 * rng.normal(size=4_000)
        target = (rng.random(4_000) < cases.sigmoid(logit)).astype(np.int64)
        champion = cases.sigmoid(logit + 0.5 * rng.normal(size=4_000))

        doubled = cases.sigmoid(2 * logit)
        decision = judge(cases.evidence(Task.BINARY, target, doubled, champion))

        brier = next(estimate for estimate in decision.estimates if estimate.metric == "brier")
        assert brier.upper > -cases.GATE.calibration_margin
        assert find(decision, "proven-better") and find(decision, "calibration-worse")


@pytest.mark.parametrize("make", [binary, cases.multiclass, cases.regression])
def test_every_task_is_judged_with_every_metric(make: Any) -> None:
    """The better model of each is promoted, the worse one of each rejected, by all metrics."""
    case: Evidence = make(gain=0.5) if make is binary else make()
    primary = {"primary": "rmse"} if case.task is Task.REGRESSION else {"primary": "log_loss"}
    assert case.champion is not None
    worse = replace(
        case,
        challenger=replace(case.champion, digest="7"),
        champion=replace(case.challenger, digest="8"),
    )

    better, rejected = judge(case, **primary), judge(worse, **primary)

    assert (better.verdict, rejected.verdict) == (Verdict.PROMOTE, Verdict.REJECT)
    expected = list(metrics_for(case.task, cases.READING))
    assert [estimate.metric for estimate in better.estimates] == expected
    assert all(estimate.difference > 0 for estimate in better.estimates)


@pytest.mark.parametrize("make", [cases.multiclass, cases.regression])
def test_the_other_tasks_bootstrap_against_a_constant(make: Any) -> None:
    """The constant predicts the shares of the classes, or the mean."""
    case: Evidence = make()
    shares = np.bincount(case.target) / len(case.target) if case.classes else [case.target.mean()]
    primary = "log_loss" if case.classes else "rmse"

    decision = judge(alone(case, prior=tuple(map(float, shares))), primary=primary)

    assert decision.verdict is Verdict.BOOTSTRAP
    assert find(decision, "beats-constant")


def test_margins_of_a_regression_fit_any_unit() -> None:
    """Metres or millimetres: the same verdict, the same reasons."""
    case = replace(cases.regression(), labels=(cases.halves(442, slices="critical"),))
    assert case.champion is not None
    scaled = replace(
        case,
        target=case.target * 1_000,
        challenger=replace(case.challenger, predictions=case.challenger.predictions * 1_000),
        champion=replace(case.champion, predictions=case.champion.predictions * 1_000),
    )

    for mode, primary in product(("improve", "refresh"), ("rmse", "mae", "pinball", "r2")):
        metres, millimetres = (judge(each, mode=mode, primary=primary) for each in (case, scaled))
        assert codes(metres) == codes(millimetres)
        assert metres.holdout.rows_needed == millimetres.holdout.rows_needed


def full() -> Evidence:
    """Evidence that fills every part of a decision."""
    labels = (
        cases.halves(2_000, "kind", slices="critical", sensitive=True),
        cases.halves(2_000, "place", slices="report"),
    )
    return binary(gain=0.5, labels=labels)


def test_the_same_evidence_gives_the_same_bytes() -> None:
    """The bootstrap included."""
    texts = [files.to_json(judge(full()).model_dump(mode="json")) for _ in range(2)]

    assert texts[0] == texts[1]
    assert "paired-bootstrap" in texts[0]


def said(decision: Decision) -> list[str]:
    """What each check looked at and its reason code, which other programs may read."""
    return [f"{check.family}: {check.subject}: {check.code}" for check in decision.checks]


RATES = [
    f"fairness: {rate} by kind: gap-safe"
    for rate in ("selection_rate", "true_positive_rate", "false_positive_rate")
]


def test_a_promotion_says_what_it_rests_on() -> None:
    """Every family of checks, what it looked at, and the reason code of each."""
    assert said(judge(full(), floors={"roc_auc": 0.5})) == [
        "quality: roc_auc: proven-better",
        "calibration: log_loss: calibration-not-worse",
        "floor: roc_auc: floor-kept",
        "slice: all slices: slices-evaluated",
        *RATES,
        "cost: latency_p95_ms: cost-kept",
        "cost: size_mb: cost-kept",
        "cost: memory_mb: cost-kept",
        "behaviour: another order of rows: behaviour-kept",
    ]


def test_a_first_model_says_what_could_not_be_compared() -> None:
    """Calibration, slices, and the costs that are limited by the champion's."""
    assert said(judge(alone(full()))) == [
        "quality: constant: beats-constant",
        "quality: linear baseline: beats-linear",
        "calibration: probabilities: calibration-not-compared",
        "slice: all slices: slices-not-compared",
        *RATES,
        "cost: latency_p95_ms: cost-not-compared",
        "cost: size_mb: cost-kept",
        "cost: memory_mb: cost-not-compared",
        "behaviour: another order of rows: behaviour-kept",
    ]


def test_an_estimate_lies_between_its_bounds() -> None:
    """Of every metric, by every method, and of every slice."""
    decision = judge(full())
    estimates = [*decision.estimates, *(it.estimate for it in decision.slices if it.estimate)]

    assert len(estimates) > len(decision.estimates)
    assert all(it.lower < it.difference < it.upper for it in estimates)


def test_the_seed_of_the_bootstrap_comes_from_the_digests() -> None:
    """Another file of the challenger draws other rows, nothing else does."""
    first = judge(full())
    other = judge(replace(full(), digests=cases.digests().model_copy(update={"challenger": "0"})))
    looked = judge(replace(full(), provisional=True))

    def bounds(decision: Decision) -> float:
        return next(e.lower for e in decision.estimates if e.method == "paired-bootstrap")

    assert bounds(first) == bounds(looked) != bounds(other)


def test_the_verdict_is_the_worst_outcome() -> None:
    """Whatever else passed."""
    for gain, floor in product((0.5, 0.0, -0.5), (0.5, 0.99)):
        decision = judge(binary(gain=gain), floors={"roc_auc": floor})
        outcomes = {check.outcome for check in decision.checks}
        expected = (
            Verdict.REJECT
            if Outcome.REJECT in outcomes
            else Verdict.HOLD
            if Outcome.HOLD in outcomes
            else Verdict.PROMOTE
        )
        assert decision.verdict is expected


def test_no_checks_at_all_are_an_error() -> None:
    """A decision that asked nothing promotes nothing."""
    decision = refuse((), Occasion(Task.BINARY, False, cases.TODAY, "champion"), cases.GATE)

    assert decision.verdict is Verdict.ERROR
    assert decision.summary == "No check proved anything about the quality of the challenger."


def test_passing_everything_but_quality_promotes_nothing() -> None:
    """Fast, small and fair is no proof of being good; neither is quality that was skipped."""
    passed = Check(
        family="cost", subject="size_mb", outcome=Outcome.PASS, code="cost-kept", message="Small."
    )
    skipped = passed.model_copy(update={"family": "quality", "outcome": Outcome.SKIPPED})
    occasion = Occasion(Task.BINARY, False, cases.TODAY, "champion")

    assert refuse((passed, skipped), occasion, cases.GATE).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    "decision",
    [
        judge(full()),
        judge(alone(full())),
        judge(cases.multiclass()),
        judge(cases.regression(), primary="rmse"),
        judge(binary(50)),
        judge(binary(), primary="nothing"),
        refuse((), Occasion(Task.BINARY, True, cases.TODAY), cases.GATE),
    ],
    ids=["full", "bootstrap", "multiclass", "regression", "hold", "error", "refused"],
)
def test_real_decisions_are_what_the_schema_says(decision: Decision) -> None:
    """Written and read back they are the same."""
    content = decision.model_dump(mode="json")

    VALIDATOR.validate(content)
    assert Decision.model_validate(content) == decision


def test_the_schema_refuses_what_is_no_decision() -> None:
    """An unknown verdict, an entry too many, an entry too few."""
    content = judge(binary()).model_dump(mode="json")

    assert not VALIDATOR.is_valid(content | {"verdict": "MAYBE"})
    assert not VALIDATOR.is_valid(content | {"more": 1})
    assert not VALIDATOR.is_valid({key: content[key] for key in content if key != "checks"})


def test_decide_takes_what_the_evidence_says_and_nothing_else() -> None:
    """The day, the mode and whether it counts stand in the decision."""
    decision = decide(binary(provisional=True), cases.gate(mode="refresh"), cases.READING)

    assert (decision.provisional, decision.mode, decision.as_of) == (True, "refresh", cases.TODAY)
    assert decision.digests == cases.digests()
