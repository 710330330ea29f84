"""The judge of a canary: from counts of both versions to roll back, pass this step, or wait."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final, Literal

import numpy as np

from contender.deploy.evidence import SHARPEST, Events, is_count, log_harm, log_harmlessness
from contender.errors import ObservationError
from contender.params import ReleaseParams

GUARDS: Final = ("errors", "slow", "invalid")
CLEAN_REQUESTS: Final = 1_000  # of a control without an invalid answer: the canary may have none
MIN_LATENCIES: Final = 200  # ten answers beyond the percentile
SLOW_QUANTILE: Final = 0.95
LARGEST_LOG: Final = 690.0  # its exponential is finite: JSON has no infinity


@dataclass(frozen=True)
class Tally:
    """What one version answered in one step."""

    requests: int
    errors: int
    slow: int
    invalid: int

    def __post_init__(self) -> None:
        for name in ("requests", *GUARDS):
            count = getattr(self, name)
            if not is_count(count) or count > self.requests:
                raise ObservationError(
                    f"`{name}` of a tally is `{count!r}` of `{self.requests!r}` requests; "
                    "expected a whole number from 0 to the requests.",
                    hint="count answers once each, errors, slow and invalid ones among requests",
                )


@dataclass(frozen=True)
class Step:
    """One step of the canary: the share it was given, and both tallies since the step began."""

    share: float
    canary: Tally
    control: Tally

    def __post_init__(self) -> None:
        if not isinstance(self.share, float) or not 0 < self.share < 1:
            raise ObservationError(
                f"the share of a step is `{self.share!r}`; expected a number between 0 and 1, "
                "both excluded.",
                hint="all of the traffic leaves nothing to compare with: end before it",
            )


@dataclass(frozen=True)
class Limits:
    """What a canary may do, and what it must show."""

    alpha: float  # chance that a canary as good as its control is ever rolled back
    tolerance: float  # times the control's rate that is no harm yet
    min_requests: int  # to each version, before a step may be left
    max_ratio: float  # times the control's rate that a step is left under, proven
    max_rate: float  # or the share of answers that a guard may hit whatever the control does

    def __post_init__(self) -> None:
        possible = {
            "alpha": 0 < self.alpha < 1,
            "tolerance": 1 <= self.tolerance <= 10,
            "min_requests": self.min_requests >= 1,
            "max_ratio": self.tolerance < self.max_ratio <= SHARPEST,
            "max_rate": 0 < self.max_rate < 1,
        }
        for name, is_possible in possible.items():
            if isinstance(getattr(self, name), bool) or not is_possible:
                raise ObservationError(
                    f"`{name}` of the canary's limits is `{getattr(self, name)!r}`; expected "
                    "shares between 0 and 1, a tolerance from 1 to 10, a ratio from there to 50.",
                    hint="correct the section `release` of params.yaml",
                )


def limits(params: ReleaseParams) -> Limits:
    """What params.yaml holds a canary to."""
    return Limits(
        alpha=params.alpha,
        tolerance=params.tolerance,
        min_requests=params.min_requests,
        max_ratio=params.max_ratio,
        max_rate=params.max_rate,
    )


@dataclass(frozen=True)
class Judgement:
    """What to do with the canary now, why, and the evidence of harm that says so."""

    outcome: Literal["rollback", "pass", "wait"]
    reason: str
    message: str
    e_value: float
    guards: dict[str, float]


def judge(steps: Sequence[Step], limits: Limits) -> Judgement:
    """What the steps so far say of the canary; the last one is the one to be left.

    Evidence of harm is multiplied over all steps and averaged over the guards, so the chance of
    a wrong rollback is at most `limits.alpha` over all looks at all steps. What a step must show
    to be left, it shows alone; a canary that is `max_ratio` times worse and above `max_rate` is
    let through with the same small chance.

    Raises:
        ObservationError: no step.
    """
    if not steps:
        raise ObservationError(
            "there is no step of the canary to judge; expected one at least.",
            hint="give the canary a share of the traffic first",
        )
    guards = {guard: _exp(log_harm(_events(steps, guard), limits.tolerance)) for guard in GUARDS}
    average = fmean(guards.values())
    said = _find_harm(steps, limits, guards) or _find_open(steps[-1], limits)
    if said is None:
        message = f"no guard shows harm, {steps[-1].canary.requests:,} answers are enough"
        return Judgement("pass", "ok", message, average, guards)
    return Judgement(*said, average, guards)


_Said = tuple[Literal["rollback", "wait"], str, str]


def _find_harm(steps: Sequence[Step], limits: Limits, guards: Mapping[str, float]) -> _Said | None:
    """Why to roll back, if there is a reason."""
    invalid = sum(step.canary.invalid for step in steps)
    clean = sum(step.control.requests for step in steps)
    if invalid and clean >= CLEAN_REQUESTS and not any(step.control.invalid for step in steps):
        message = f"{invalid:,} invalid answers of the canary, none in {clean:,} of the control"
        return "rollback", "invalid", message
    needed = 1 / limits.alpha
    average = fmean(guards.values())
    if average < needed:
        return None
    worst = max(guards, key=lambda guard: guards[guard])
    reason = worst if guards[worst] >= needed * len(guards) else "combined"
    counts = "; ".join(_describe(steps, guard) for guard in GUARDS)
    return "rollback", reason, f"{counts}: e-value {average:.3g}, {needed:.3g} rolls back"


def _find_open(step: Step, limits: Limits) -> _Said | None:
    """What is not shown yet that must be before this step is left, if anything."""
    fewest = min(step.canary.requests, step.control.requests)
    if fewest < limits.min_requests:
        message = (
            f"{step.canary.requests:,} answers of the canary, {step.control.requests:,} of the "
            f"control; expected {limits.min_requests:,} of each"
        )
        return "wait", "few-requests", message
    for guard in GUARDS:
        events = _events([step], guard)
        bounds = {"max_ratio": limits.max_ratio, "max_rate": limits.max_rate}
        e_value = _exp(log_harmlessness(events, **bounds)[0])
        if e_value < 1 / limits.alpha:
            message = (
                f"{_describe([step], guard)}: not shown to be under {limits.max_ratio:g} times the "
                f"control's rate or {limits.max_rate:.2%} of answers: e-value {e_value:.3g}, "
                f"{1 / limits.alpha:.3g} shows it"
            )
            return "wait", "ratio-open", message
    return None


def _events(steps: Sequence[Step], guard: str) -> Events:
    return Events(
        share=np.array([step.share for step in steps]),
        canary=np.array([getattr(step.canary, guard) for step in steps]),
        control=np.array([getattr(step.control, guard) for step in steps]),
        canary_requests=np.array([step.canary.requests for step in steps]),
        control_requests=np.array([step.control.requests for step in steps]),
    )


def _describe(steps: Sequence[Step], guard: str) -> str:
    events = _events(steps, guard)
    return (
        f"{guard} {events.canary.sum():,} of {events.canary_requests.sum():,} (canary), "
        f"{events.control.sum():,} of {events.control_requests.sum():,} (control)"
    )


def _exp(logarithm: np.ndarray) -> float:
    return math.exp(min(float(logarithm), LARGEST_LOG))


def slow_threshold_ms(latencies_ms: Sequence[float]) -> float:
    """The 95th percentile of the control's latencies: what takes longer is slow, in either version.

    The sample is from before the step. A limit that is drawn from the answers it judges would
    be no limit.

    Raises:
        ObservationError: fewer than 200 latencies, or one is not a finite number above 0.
    """
    values = np.asarray(latencies_ms, dtype=np.float64)
    if values.size < MIN_LATENCIES or not (np.isfinite(values) & (values > 0)).all():
        raise ObservationError(
            f"`{values.size}` latencies calibrate what is slow; expected {MIN_LATENCIES} at least, "
            "all of them finite and above 0 ms.",
            hint="let the control answer more requests before the step begins",
        )
    return float(np.quantile(values, SLOW_QUANTILE, method="higher"))
