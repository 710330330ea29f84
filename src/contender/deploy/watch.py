"""A canary that a cluster runs, watched until the judge has decided.

Nothing here needs more than the image of the service has, so that image can run it.
"""

import logging
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

from contender.deploy.judge import (
    MIN_LATENCIES,
    SLOW_QUANTILE,
    Judgement,
    Limits,
    Step,
    Tally,
    judge,
)
from contender.deploy.prometheus import CALLS, INVALID, ROUTES, TOOK, Reading
from contender.errors import DeployError, ObservationError

LOGGER: Final = logging.getLogger(__name__)


class Source(Protocol):
    """Whoever knows the counters of a version now."""

    def read(self, selector: str) -> Reading:
        """The counters of all series that match `selector`."""


@dataclass(frozen=True)
class Split:
    """Who is the canary, who its control, and the share of calls meant for the canary.

    Versions are named by label matchers, such as `pod=~"contender-1a2b-.+"`.
    """

    canary: str
    control: str
    share: float

    def __post_init__(self) -> None:
        for selector in (self.canary, self.control):
            if not selector.strip(" ,"):
                raise ObservationError(
                    f"the selector `{selector}` matches everything; expected labels of a version.",
                    hint="such as `--canary 'pod=~\"contender-1a2b-.+\"'`",
                )

    def read(self, source: Source) -> tuple[Reading, Reading]:
        """The counters of the canary and of its control.

        Raises:
            ObservationError: a series is of both.
        """
        canary, control = source.read(self.canary), source.read(self.control)
        if shared := canary.keys() & control.keys():
            raise ObservationError(
                f"`{len(shared)}` series match both selectors; expected two versions.",
                hint=f"one of them is `{dict(min(shared))}`",
            )
        return canary, control


@dataclass(frozen=True)
class Watched:
    """The counters of one version as last seen, and by how much they grew since the first look."""

    last: Reading
    grown: Reading = field(default_factory=dict)

    def after(self, now: Reading) -> "Watched":
        """The same after another look.

        A counter that fell began again from 0, in a process that was started again. One that is
        missing for a while, as when a scrape failed, goes on from where it was.
        """
        grown = Counter(self.grown)
        for series, count in now.items():
            before = self.last.get(series, 0)
            grown[series] += count - before if count >= before else count
        return Watched({**self.last, **now}, grown)

    def tally(self, slow_s: float) -> Tally:
        """What the version answered since the first look; beyond `slow_s` an answer is slow.

        Raises:
            ObservationError: its histogram has no such edge.
        """
        buckets, errors, invalid = _buckets(self.grown), 0, 0
        for series, count in self.grown.items():
            labels = dict(series)
            if labels["__name__"] == INVALID:
                invalid += count
            elif labels["__name__"] == CALLS and labels["route"] in ROUTES:
                errors += count if labels["status"].startswith("5") else 0
        if buckets and slow_s not in buckets:
            raise ObservationError(
                f"a version does not count answers within `{slow_s:g}` s; expected the edges of "
                "the other one.",
                hint="release a change of `SECONDS` in serving/metrics.py without a canary",
            )
        # Other workers go on counting while one of them writes all numbers down.
        requests = max(buckets[math.inf], errors, invalid)
        return Tally(requests, errors, max(0, buckets[math.inf] - buckets[slow_s]), invalid)


def _buckets(reading: Reading) -> Counter[float]:
    """Answers by the upper edge, in seconds, that they were given within."""
    edges: Counter[float] = Counter()
    for series, count in reading.items():
        labels = dict(series)
        if labels["__name__"] == TOOK:
            edges[float(labels["le"])] += count
    return edges


def find_slow_s(control: Reading) -> float | None:
    """The smallest edge that 95 of 100 answers of the control were given within.

    None where it has given fewer than 200: what is slow is not known yet.

    Raises:
        ObservationError: the control takes longer than the last edge, so nothing could be slower.
    """
    edges = _buckets(control)
    answers = edges[math.inf]
    if answers < MIN_LATENCIES:
        return None
    slow_s = min(edge for edge, count in edges.items() if count >= SLOW_QUANTILE * answers)
    if math.isinf(slow_s):
        raise ObservationError(
            f"`{answers:,}` answers of the control are too slow to be told apart; expected 95 of "
            "100 within the last edge of the histogram.",
            hint="add larger ones to `SECONDS` in serving/metrics.py",
        )
    return slow_s


@dataclass(frozen=True)
class Watch:
    """Both versions since the first look, and what was slow before it."""

    canary: Watched
    control: Watched
    slow_s: float | None

    @classmethod
    def begin(cls, canary: Reading, control: Reading) -> "Watch":
        """The first look: what was counted before it only tells how fast the control is."""
        return cls(Watched(canary), Watched(control), find_slow_s(control))

    def after(self, canary: Reading, control: Reading) -> "Watch":
        """The same after another look; it begins anew as long as nobody knows what is slow."""
        if self.slow_s is None:
            return Watch.begin(canary, control)
        return Watch(self.canary.after(canary), self.control.after(control), self.slow_s)

    def judge(self, share: float, limits: Limits) -> Judgement:
        """What the judge says of all that was seen."""
        if self.slow_s is None:
            message = f"the control has given fewer than {MIN_LATENCIES} answers to compare with"
            return Judgement("wait", "few-latencies", message, 1.0, {})
        step = Step(share, self.canary.tally(self.slow_s), self.control.tally(self.slow_s))
        return judge([step], limits)


def watch(
    source: Source, split: Split, limits: Limits, *, seconds: float, tick_s: float
) -> Judgement:
    """What the judge says as soon as it has decided; "wait" when it has not within `seconds`.

    Every look is at all that was counted since the first, so each is as valid as the last.

    Raises:
        DeployError: the last look could not be had; one before that is only missed.
        ObservationError: what was seen cannot be judged.
    """
    end = time.monotonic() + seconds
    seen: Watch | None = None
    while True:
        is_last = time.monotonic() >= end
        try:
            readings = split.read(source)
        except DeployError as error:
            if is_last:
                raise
            LOGGER.warning("%s", error.args[0])
        else:
            seen = seen.after(*readings) if seen else Watch.begin(*readings)
            said = seen.judge(split.share, limits)
            if said.outcome != "wait" or is_last:
                return said
        time.sleep(min(tick_s, max(0.0, end - time.monotonic())))
