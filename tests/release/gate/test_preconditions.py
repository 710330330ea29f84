"""Nothing, garbage and tampering: each ends in an ERROR of its own, never in a promotion."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contender.problem.schema import Task
from contender.release.gate.decision import Outcome, Verdict
from contender.release.gate.evidence import Evidence, Labels, Seal
from tests.release.gate import cases
from tests.release.gate.cases import alone, binary, codes, find, judge

ROWS = 2_000
WINNER = binary(ROWS, gain=0.5)


def with_target(target: np.ndarray) -> Evidence:
    """The winner, judged on other answers."""
    return replace(WINNER, target=target)


def with_challenger(predictions: np.ndarray) -> Evidence:
    """A challenger with these predictions."""
    return replace(WINNER, challenger=cases.scored("b", predictions))


def changed(values: np.ndarray, value: float) -> np.ndarray:
    """The values with another one in the seventh row."""
    copied = values.astype(np.float64)
    copied[6] = value
    return copied


GOOD = WINNER.challenger.predictions
BROKEN: dict[str, tuple[Evidence, str]] = {
    "nothing": (WINNER.take(np.zeros(0, dtype=np.int64)), "holdout-empty"),
    "NaN in one prediction": (with_challenger(changed(GOOD, np.nan)), "prediction-not-finite"),
    "infinity in one prediction": (with_challenger(changed(GOOD, np.inf)), "prediction-not-finite"),
    "a probability of 1.2": (with_challenger(changed(GOOD, 1.2)), "prediction-range"),
    "a probability below 0": (with_challenger(changed(GOOD, -0.2)), "prediction-range"),
    "two columns": (with_challenger(np.stack([GOOD, 1 - GOOD], axis=1)), "prediction-shape"),
    "NaN from the champion": (
        replace(WINNER, champion=cases.scored("c", changed(GOOD, np.nan))),
        "prediction-not-finite",
    ),
    "NaN from the anchor": (
        replace(WINNER, anchor=cases.scored("9", changed(GOOD, np.nan))),
        "prediction-not-finite",
    ),
    "NaN in the target": (with_target(changed(WINNER.target, np.nan)), "target-not-finite"),
    "one class only": (with_target(np.zeros(ROWS, dtype=np.int64)), "class-missing"),
    "a class too many": (with_target(changed(WINNER.target, 2).astype(np.int64)), "class-unknown"),
    "rows shared with training": (replace(WINNER, shared_rows=3), "rows-shared"),
    "another holdout": (
        replace(WINNER, seals=(Seal("holdout-digest", "the holdout", "1" * 64, "2" * 64),)),
        "holdout-digest",
    ),
    "another schema": (
        replace(WINNER, seals=(Seal("schema-digest", "the schema", "1" * 64, "2" * 64),)),
        "schema-digest",
    ),
    "another model": (
        replace(WINNER, seals=(Seal("model-digest", "the challenger", "1" * 64, "2" * 64),)),
        "model-digest",
    ),
    "a digest of nothing": (
        replace(WINNER, seals=(Seal("model-digest", "the challenger", "", ""),)),
        "model-digest",
    ),
    "look zero": (replace(WINNER, look=0), "look-unknown"),
    "labels for other rows": (
        replace(WINNER, labels=(Labels("kind", ("a",), np.zeros(5, dtype=int)),)),
        "evidence-incomplete",
    ),
    "groups for other rows": (
        replace(WINNER, groups=np.zeros(5, dtype=int)),
        "evidence-incomplete",
    ),
    "a split for other rows": (
        replace(WINNER, champion=replace(WINNER.champion, held_out=np.ones(5, dtype=bool))),
        "evidence-incomplete",
    ),
    "no opponent": (alone(WINNER, baseline=None), "opponent-missing"),
    "no prior": (alone(WINNER, prior=()), "prior-incomplete"),
    "NaN from the baseline": (
        alone(WINNER, baseline=changed(GOOD, np.nan)),
        "prediction-not-finite",
    ),
    "NaN in the prior": (alone(WINNER, prior=(0.5, float("nan"))), "prediction-not-finite"),
}


def test_without_a_fault_the_same_evidence_promotes() -> None:
    """So that what follows is due to the fault."""
    assert judge(WINNER).verdict is Verdict.PROMOTE
    assert judge(alone(WINNER)).verdict is Verdict.BOOTSTRAP


@pytest.mark.parametrize("name", BROKEN)
def test_what_proves_nothing_is_an_error_with_its_own_code(name: str) -> None:
    """Nothing is judged, nothing is estimated."""
    case, code = BROKEN[name]

    decision = judge(case)

    assert decision.verdict is Verdict.ERROR
    assert code in codes(decision)
    assert {check.outcome for check in decision.checks} == {Outcome.ERROR}
    assert decision.estimates == ()


@pytest.mark.parametrize(
    ("task", "predictions", "code"),
    [
        (Task.MULTICLASS, np.full((178, 3), 0.3), "prediction-range"),
        (Task.MULTICLASS, np.full((178, 2), 0.5), "class-unknown"),
        (Task.MULTICLASS, np.full((178, 4), 0.25), "class-missing"),
        (Task.REGRESSION, np.full(442, np.nan), "prediction-not-finite"),
        (Task.REGRESSION, np.full((442, 2), 1.0), "prediction-shape"),
        (Task.REGRESSION, np.full(441, 1.0), "evidence-incomplete"),
    ],
)
def test_the_other_tasks_are_as_strict(task: Task, predictions: np.ndarray, code: str) -> None:
    """A column too few or too many, probabilities that do not add up, NaN."""
    case = cases.multiclass() if task is Task.MULTICLASS else cases.regression()

    primary = "log_loss" if task is Task.MULTICLASS else "rmse"
    decision = judge(replace(case, challenger=cases.scored("b", predictions)), primary=primary)

    assert decision.verdict is Verdict.ERROR
    assert code in codes(decision)


def test_a_class_without_a_column_is_an_error() -> None:
    """The data knows a fourth class that neither a row nor a model has."""
    case = replace(cases.multiclass(), classes=("first", "second", "third", "fourth"))

    decision = judge(case, primary="log_loss")

    assert [check.subject for check in decision.checks] == ["challenger", "champion"]
    assert codes(decision) == ["prediction-shape"] * 2


def test_a_regression_without_variation_is_an_error() -> None:
    """Nothing could be predicted better or worse."""
    case = cases.regression()

    decision = judge(replace(case, target=np.full(442, 7.0)), primary="rmse")

    assert codes(decision) == ["target-constant"]


def test_all_that_is_wrong_is_named_at_once() -> None:
    """Two faults, two checks; the first one is the summary."""
    seal = Seal("model-digest", "the challenger", "1" * 64, "2" * 64)

    decision = judge(replace(WINNER, seals=(seal,), shared_rows=3))

    assert codes(decision) == ["model-digest", "rows-shared"]
    assert (
        decision.summary
        == "The digest of the challenger is `222222222222`; expected `111111111111`."
    )


WAIVER = {
    "column": "kind",
    "metric": "selection_rate",
    "max_gap": 0.3,
    "owner": "owner@example.invalid",
    "reason": "a reason long enough",
    "expires": "2030-12-31",
}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"primary": "rmse"}, "primary-unknown"),
        ({"primary": ""}, "primary-unknown"),
        ({"floors": {"auc": 0.7}}, "floor-unknown"),
        ({"fairness": {"waivers": [WAIVER | {"column": "kin"}]}}, "waiver-unknown"),
        ({"fairness": {"waivers": [WAIVER | {"metric": "mean_residual"}]}}, "waiver-unknown"),
        ({"fairness": {"waivers": [WAIVER | {"column": "place"}]}}, "waiver-unknown"),
    ],
)
def test_a_name_that_means_nothing_is_an_error(changes: dict[str, Any], code: str) -> None:
    """Not a limit that never applies; `place` is a column, but not a sensitive one."""
    labels = (cases.halves(ROWS, "kind", sensitive=True), cases.halves(ROWS, "place"))
    if "fairness" in changes:
        changes = {"fairness": cases.GATE.fairness.model_dump() | changes["fairness"]}

    decision = judge(replace(WINNER, labels=labels), **changes)

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, [code])
    assert decision.checks[0].subject.startswith(f"gate.{next(iter(changes))}")


def test_too_few_rows_hold_and_say_how_many_are_needed() -> None:
    """The rows are sound, there are only not enough of them."""
    decision = judge(binary(99, gain=5.0))

    assert (decision.verdict, codes(decision)) == (Verdict.HOLD, ["too-few-rows"])
    assert decision.holdout and decision.holdout.rows_needed == 100
    assert decision.estimates == ()


def test_rows_the_champion_was_trained_on_are_left_out() -> None:
    """Both models are judged on what neither has seen."""
    held_out = np.arange(ROWS) < 1_200
    case = replace(WINNER, champion=replace(WINNER.champion, held_out=held_out))

    decision = judge(case)

    assert decision.verdict is Verdict.PROMOTE
    assert decision.holdout and decision.holdout.rows == ROWS
    assert decision.holdout.judged_rows == 1_200
    assert {estimate.rows for estimate in decision.estimates} == {1_200}


@pytest.mark.parametrize("kept", [0, 50])
def test_a_champion_that_has_seen_the_holdout_leaves_too_few_rows(kept: int) -> None:
    """None at all included."""
    case = replace(WINNER, champion=replace(WINNER.champion, held_out=np.arange(ROWS) < kept))

    decision = judge(case)

    assert find(decision, "too-few-rows").outcome is Outcome.HOLD
    assert decision.verdict is Verdict.HOLD


def test_rows_the_challenger_was_trained_on_are_left_out_too() -> None:
    """Its manifest says what its split rule was, with or without a champion."""
    seen = replace(WINNER.challenger, held_out=np.arange(ROWS) < 1_500)

    for case in (WINNER, alone(WINNER)):
        decision = judge(replace(case, challenger=seen))
        assert decision.holdout and decision.holdout.judged_rows == 1_500


def test_a_class_that_only_trained_rows_have_is_missing() -> None:
    """Found after those rows are left out."""
    held_out = WINNER.target == 0

    decision = judge(replace(WINNER, champion=replace(WINNER.champion, held_out=held_out)))

    assert (decision.verdict, codes(decision)) == (Verdict.ERROR, ["class-missing"])


def test_few_groups_prove_nothing_however_many_rows_they_have() -> None:
    """2,000 rows of ten patients are ten patients."""
    few = judge(replace(WINNER, groups=np.arange(ROWS) % 10))
    many = judge(replace(WINNER, groups=np.arange(ROWS) % 500))

    assert (few.verdict, codes(few)) == (Verdict.HOLD, ["too-few-groups"])
    assert many.verdict is Verdict.PROMOTE
    assert all(estimate.method.endswith("-by-group") for estimate in many.estimates)


def test_the_names_of_groups_do_not_matter() -> None:
    """Numbers from 0, negative and far apart, or words."""
    small = np.arange(ROWS) % 500
    words = np.array([f"patient {number}" for number in small])

    decisions = [judge(replace(WINNER, groups=each)) for each in (small, words, -7 * small - 1)]

    assert decisions[0].estimates[0] == decisions[1].estimates[0] == decisions[2].estimates[0]


def test_a_metric_without_a_value_is_an_error() -> None:
    """Squared errors beyond what a float holds."""
    case = cases.regression()
    huge = replace(case, challenger=cases.scored("b", np.full(442, 1e200)))

    with np.errstate(all="ignore"):
        decision = judge(huge, primary="mae")

    assert decision.verdict is Verdict.ERROR
    assert set(codes(decision)) == {"metric-not-finite"}
