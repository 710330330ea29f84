"""Costs: over a limit is a rejection, not measured is an error."""

from dataclasses import replace
from typing import Any

import pytest

from contender.release.gate.decision import Outcome, Verdict
from contender.release.gate.evidence import Cost
from tests.release.gate.cases import alone, binary, cheap, codes, find, judge

WINNER = binary(gain=0.5)


def costing(name: Any, challenger: float, champion: float | None) -> tuple[Cost, ...]:
    """Costs that are the champion's but for one."""
    others = [cost for cost in cheap() if cost.name != name]
    return (*others, Cost(name, challenger, champion))


@pytest.mark.parametrize(
    ("name", "challenger", "champion", "verdict"),
    [
        ("latency_p95_ms", 1.25, 1.0, Verdict.PROMOTE),
        ("latency_p95_ms", 1.26, 1.0, Verdict.REJECT),
        ("latency_p95_ms", 0.1, 0.05, Verdict.PROMOTE),
        ("latency_p95_ms", 0.11, 0.05, Verdict.REJECT),
        ("size_mb", 2.0, 1.0, Verdict.PROMOTE),
        ("size_mb", 2.1, 1.0, Verdict.REJECT),
        ("size_mb", 0.5, 0.1, Verdict.PROMOTE),
        ("size_mb", 0.51, 0.1, Verdict.REJECT),
        ("size_mb", 51.0, 50.0, Verdict.REJECT),
        ("memory_mb", 150.0, 100.0, Verdict.PROMOTE),
        ("memory_mb", 151.0, 100.0, Verdict.REJECT),
    ],
)
def test_a_limit_is_kept_or_not(
    name: str, challenger: float, champion: float, verdict: Verdict
) -> None:
    """Ratios to the champion, and for the size an absolute limit too."""
    decision = judge(replace(WINNER, costs=costing(name, challenger, champion)))

    assert decision.verdict is verdict
    if verdict is Verdict.REJECT:
        assert find(decision, "cost-exceeded").subject == name


def test_a_limit_is_said_with_its_unit() -> None:
    """The ratio, what is free of it, and what is allowed at most."""
    assert {cost.name: cost.limit for cost in judge(WINNER).cost} == {
        "latency_p95_ms": "1.25 x the champion's above 0.1 ms",
        "size_mb": "2 x the champion's above 0.5 MB, 50 MB",
        "memory_mb": "1.5 x the champion's",
    }


def test_without_a_champion_only_the_absolute_limit_can_be_judged() -> None:
    """The ratios are skipped, with a reason."""
    first = alone(WINNER)
    large = tuple(replace(cost, challenger=51.0) for cost in first.costs)

    assert {cost.name: cost.outcome for cost in judge(first).cost} == {
        "latency_p95_ms": Outcome.SKIPPED,
        "size_mb": Outcome.PASS,
        "memory_mb": Outcome.SKIPPED,
    }
    assert judge(replace(first, costs=large)).verdict is Verdict.REJECT


@pytest.mark.parametrize(
    "costs",
    [
        (),
        cheap()[:2],
        costing("memory_mb", float("nan"), 1.0),
        costing("memory_mb", 1.0, float("inf")),
        costing("memory_mb", 0.0, 1.0),
        costing("memory_mb", 1.0, 0.0),
        costing("memory_mb", -1.0, 1.0),
        costing("memory_mb", 1.0, None),
    ],
)
def test_a_cost_that_was_not_measured_is_an_error(costs: tuple[Cost, ...]) -> None:
    """Nothing, a part, NaN, infinity, zero, or the champion's missing."""
    decision = judge(replace(WINNER, costs=costs))

    assert decision.verdict is Verdict.ERROR
    assert "cost-not-measured" in codes(decision)
