"""Does the challenger cost too much: latency, size and memory, measured outside and judged here."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Final

from contender.params import CostParams
from contender.release.gate.decision import Check, CostFinding, Outcome
from contender.release.gate.evidence import Cost, Evidence

NAMES: Final = ("latency_p95_ms", "size_mb", "memory_mb")
_cost = partial(Check, family="cost")


def judge_costs(
    evidence: Evidence, limits: CostParams
) -> tuple[tuple[CostFinding, ...], tuple[Check, ...]]:
    """A finding for each cost that was measured, and a check for each that should have been."""
    measured = {cost.name: cost for cost in evidence.costs if _is_measured(cost, evidence)}
    findings = tuple(_find(cost, limits) for cost in measured.values())
    lost = [name for name in NAMES if name not in measured]
    return findings, (*(_check(finding) for finding in findings), *_not_measured(lost))


def _is_measured(cost: Cost, evidence: Evidence) -> bool:
    needed = [cost.challenger]
    if evidence.champion is not None:
        needed.append(math.nan if cost.champion is None else cost.champion)
    return all(math.isfinite(number) and number > 0 for number in needed)


def _find(cost: Cost, limits: CostParams) -> CostFinding:
    """The cost against its limits; without a champion only the absolute one can be judged."""
    most, free, unit = {
        "latency_p95_ms": (limits.max_latency_ratio, limits.free_latency_ms, "ms"),
        "size_mb": (limits.max_size_ratio, limits.free_size_mb, "MB"),
        "memory_mb": (limits.max_memory_ratio, 0.0, "MB"),
    }[cost.name]
    ratio = None if cost.champion is None else cost.challenger / cost.champion
    over = ratio is not None and ratio > most and cost.challenger > free
    limit, judged = f"{most:g} x the champion's", ratio is not None
    if free:
        limit += f" above {free:g} {unit}"
    if cost.name == "size_mb":
        limit, judged = f"{limit}, {limits.max_size_mb:g} MB", True
        over = over or cost.challenger > limits.max_size_mb
    held = Outcome.PASS if judged else Outcome.SKIPPED
    return CostFinding(
        name=cost.name,
        challenger=cost.challenger,
        champion=cost.champion,
        ratio=ratio,
        limit=limit,
        outcome=Outcome.REJECT if over else held,
    )


def _check(finding: CostFinding) -> Check:
    codes = {
        Outcome.PASS: "cost-kept",
        Outcome.REJECT: "cost-exceeded",
        Outcome.SKIPPED: "cost-not-compared",
    }
    message = f"{finding.name} is {finding.challenger:.3g}"
    if finding.ratio is None:
        message += ", without a champion to compare with"
    else:
        message += f", {finding.ratio:.2f} x the champion's"
    return _cost(
        subject=finding.name,
        outcome=finding.outcome,
        code=codes[finding.outcome],
        message=f"{message}; the limit is {finding.limit}.",
    )


def _not_measured(names: list[str]) -> Iterator[Check]:
    for name in names:
        yield _cost(
            subject=name,
            outcome=Outcome.ERROR,
            code="cost-not-measured",
            message=f"`{name}` was not measured, or is no positive number.",
        )
