"""Whoever makes the gate easier does not pass it with the same challenger."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from contender.params import EvaluateParams, GateParams
from contender.problem.metrics import metrics_for
from contender.problem.schema import Task
from contender.release.gate.decide import decide
from contender.release.gate.decision import Verdict
from contender.release.gate.terms import EASIER, FLOORS, terms_of
from tests.datasets import changed
from tests.release.gate import cases
from tests.release.gate.cases import codes, find

WINNER = cases.binary(2_000, gain=0.4)
FLOORED = cases.gate(floors={"roc_auc": 0.5, "brier": 0.9})
BEFORE = terms_of(FLOORED, cases.READING)
NUMBERS = {name: way for name, way in EASIER.items() if way != "never"} | {
    f"{FLOORS}roc_auc": "lower",
    f"{FLOORS}brier": "higher",
}


def step(value: Any, *, up: bool) -> Any:
    """The next value above or below."""
    if isinstance(value, int):
        return value + 1 if up else value - 1
    return value * (1.001 if up else 0.999)


def judge(changes: Mapping[str, Any], before: Mapping[str, Any] | None = BEFORE) -> Any:
    """The decision on a winner by changed parameters, after another was judged by `before`."""
    tree = {"gate": FLOORED.model_dump(), "evaluate": cases.READING.model_dump()}
    changed(tree, changes)
    gate = GateParams.model_validate(tree["gate"])
    reading = EvaluateParams.model_validate(tree["evaluate"])
    return decide(replace(WINNER, terms_before=before), gate, reading)


def test_the_same_terms_change_nothing() -> None:
    """The winner is promoted, and the decision says by which terms."""
    decision = judge({})

    assert decision.verdict is Verdict.PROMOTE
    assert decision.terms == BEFORE


@pytest.mark.parametrize("name", NUMBERS)
def test_an_easier_number_holds_and_a_harder_one_is_free(name: str) -> None:
    """One field at a time, by the smallest step, each in the direction of the table."""
    up = NUMBERS[name] == "higher"
    base = {"gate.min_delta": 0.001}  # from which both ways are possible
    before = judge(base, None).terms

    held = judge(base | {name: step(before[name], up=up)}, before)
    free = judge(base | {name: step(before[name], up=not up)}, before)

    assert (held.verdict, held.checks[-1].code) == (Verdict.HOLD, "loosened-gate")
    assert f"`{name}` is" in held.summary
    assert "loosened-gate" not in codes(free)
    assert free.verdict is Verdict.PROMOTE


@pytest.mark.parametrize(
    "changes",
    [
        {"gate.primary": "average_precision"},
        {"gate.floors": {"roc_auc": 0.5}},
        {"gate.floors": {}},
    ],
    ids=str,
)
def test_another_question_and_a_floor_that_is_gone_are_easier(changes: dict[str, Any]) -> None:
    """Nobody can say which of two primary metrics is the easier one."""
    decision = judge(changes)

    assert decision.verdict is Verdict.HOLD
    assert set(codes(decision)) >= {"loosened-gate"}


@pytest.mark.parametrize(
    "changes", [{"gate.mode": "refresh"}, {"gate.floors": FLOORED.floors | {"log_loss": 9.0}}]
)
def test_the_mode_and_a_further_floor_are_free(changes: dict[str, Any]) -> None:
    """Retraining asks whether a model is worse; its own guards are epsilon and the anchor."""
    assert judge(changes).verdict is Verdict.PROMOTE


def test_a_field_that_the_table_does_not_name_may_not_change() -> None:
    """A parameter added later holds until somebody says which way it is easier."""
    decision = judge({}, BEFORE | {"gate.new": 1})

    assert find(decision, "loosened-gate").message.startswith("`gate.new` is `gone`")


def test_the_table_names_every_parameter_of_the_gate() -> None:
    """But floors, which go by their metric, waivers, and the primary metric."""
    sections = {"gate": cases.gate(floors={}).model_dump()}

    assert set(_leaves(sections)) - set(EASIER) == {
        "gate.primary", "gate.floors", "gate.fairness.waivers"
    }  # fmt: skip
    assert {"roc_auc", "brier"} <= set(metrics_for(Task.BINARY, cases.READING))


def test_a_registry_without_a_record_holds() -> None:
    """There was a champion, and nobody knows by which parameters it was judged."""
    decision = judge({}, {})

    assert (decision.verdict, decision.checks[-1].code) == (Verdict.HOLD, "gate-unrecorded")
    assert decision.checks[-1].subject == "params.yaml"


def test_before_the_first_judgement_there_is_nothing_to_loosen() -> None:
    """Any parameters will do."""
    assert judge({"gate.alpha": 0.2}, None).verdict is Verdict.PROMOTE


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
