"""One rollout as a value: how far it is, what was counted, and what comes next.

Pure: the controller does what a value asks for and brings back what it saw. A value is all that is
needed to go on after the controller was killed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict

from contender.deploy.access import Answer, Mark
from contender.deploy.judge import (
    MIN_LATENCIES,
    Step,
    Tally,
    judge,
    limits,
    slow_threshold_ms,
)
from contender.deploy.probe import Fault
from contender.deploy.target import Plan, Server
from contender.params import ReleaseParams


class Phase(StrEnum):
    """Where a rollout is, in the order of the road; the last two are ends."""

    RETURN = "return"  # instead of what follows: one that served before starts again
    STAGING = "staging"  # the challenger runs, without traffic, and is tested
    SHADOW = "shadow"  # it gets copies of the traffic, and nobody its answers
    CANARY = "canary"  # it gets a growing part of the traffic
    APPROVAL = "approval"  # it keeps that part until somebody approves
    PRODUCTION = "production"  # it becomes the champion, and gets all of the traffic
    DONE = "done"
    ROLLED_BACK = "rolled-back"


WITHOUT_TRAFFIC: Final = (Phase.RETURN, Phase.STAGING)  # the challenger may still be starting
ENDS: Final = (Phase.DONE, Phase.ROLLED_BACK)
# Reasons that say nothing against the challenger: it may be tried again.
BLAMELESS: Final = frozenset({"inconclusive", "race", "registry", "stopped"})


class Rollout(BaseModel):
    """A challenger on its way; `champion` is None when nothing was in production before."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    name: str
    champion: str | None
    challenger: str
    phase: Phase = Phase.STAGING
    steps: tuple[Step, ...] = ()  # of the canary; the last one is under way
    elapsed_s: float = 0.0  # in this phase, or this step of the canary
    is_extended: bool = False
    slow_ms: float | None = None  # above it an answer is slow: the champion's own 95th percentile
    latencies_ms: tuple[float, ...] = ()  # of the champion, until there are enough for slow_ms
    mark: Mark = Mark()  # how far the proxy's log was read
    approved_by: str | None = None
    undoes: str = ""  # why the champion must go, when the challenger is one that served before
    reason: str = ""
    message: str = ""

    @property
    def step(self) -> str:
        """What the proxy's log calls this phase, or this step of the canary."""
        return f"{self.name}-{self.phase}-{len(self.steps)}"

    @property
    def is_over(self) -> bool:
        """True once nothing is left to decide."""
        return self.phase in ENDS


def plan(rollout: Rollout) -> Plan:
    """What must be so in the phase of `rollout`."""
    challenger = Server(rollout.challenger)
    if rollout.champion is None:
        is_in = rollout.phase in (Phase.PRODUCTION, Phase.DONE)
        return Plan((challenger,), main=challenger if is_in else None)
    champion = Server(rollout.champion)
    both = (champion, challenger)
    match rollout.phase:
        case Phase.SHADOW:
            mirror = Server(champion.digest, copies_to=challenger.digest)
            return Plan((*both, mirror), main=mirror, canary=champion)
        case Phase.CANARY | Phase.APPROVAL:
            return Plan(both, main=champion, canary=challenger, share=rollout.steps[-1].share)
        case Phase.PRODUCTION | Phase.DONE:
            return Plan(both, main=challenger)
        case _:
            return Plan(both, main=champion)


def enter(rollout: Rollout, phase: Phase, *, share: float | None = None) -> Rollout:
    """`rollout` at the start of `phase`; with `share`, of the next step of the canary."""
    nothing = Tally(0, 0, 0, 0)
    steps = rollout.steps if share is None else (*rollout.steps, Step(share, nothing, nothing))
    fresh = {"phase": phase, "steps": steps, "elapsed_s": 0.0, "is_extended": False}
    return rollout.model_copy(update=fresh)


def fail(rollout: Rollout, reason: str, message: str) -> Rollout:
    """`rollout` ended: the champion keeps, or gets back, all of the traffic."""
    ended = enter(rollout, Phase.ROLLED_BACK)
    return ended.model_copy(update={"reason": reason, "message": message})


def proceed(rollout: Rollout, params: ReleaseParams) -> Rollout:
    """`rollout` in the phase, or the step of the canary, that follows the one it has passed."""
    shares = params.canary_shares[len(rollout.steps) :]
    match rollout.phase:
        case Phase.STAGING if rollout.champion is None:
            after = Phase.APPROVAL
        case Phase.STAGING if params.shadow_answers:
            after = Phase.SHADOW
        case Phase.STAGING | Phase.SHADOW | Phase.CANARY if shares:
            return enter(rollout, Phase.CANARY, share=shares[0])
        case Phase.CANARY:
            after = Phase.APPROVAL
        case Phase.APPROVAL | Phase.RETURN:
            after = Phase.PRODUCTION
        case _:
            after = Phase.DONE
    return enter(rollout, after)


def wait(rollout: Rollout, seconds: float, *, limit_s: float) -> Rollout:
    """`rollout` after `seconds` without a decision: extended once, then ended as inconclusive."""
    elapsed_s = rollout.elapsed_s + seconds
    if elapsed_s < limit_s:
        return rollout.model_copy(update={"elapsed_s": elapsed_s})
    if not rollout.is_extended:
        return rollout.model_copy(update={"elapsed_s": 0.0, "is_extended": True})
    message = rollout.message or "there was too little traffic to judge it by"
    return fail(rollout, "inconclusive", f"{rollout.phase}: {message}")


def blame(rollout: Rollout, fault: Fault, seconds: float, *, start_s: float) -> Rollout:
    """`rollout` after `fault` was found in the challenger; one without traffic may still start."""
    may_wait = rollout.phase in WITHOUT_TRAFFIC and rollout.elapsed_s < start_s
    if fault.is_starting and may_wait:
        return rollout.model_copy(update={"elapsed_s": rollout.elapsed_s + seconds})
    return fail(rollout, fault.reason, fault.message)


def count(
    rollout: Rollout, answers: Sequence[Answer], addresses: Mapping[str, str], *, mark: Mark
) -> Rollout:
    """`rollout` with `answers` counted in its last step; `addresses` maps digests to them.

    Until enough answers of the champion were seen to know what is slow, they serve for that alone:
    a limit taken from the very answers it is held against would not be one.
    """
    rollout = rollout.model_copy(update={"mark": mark})
    answers = [a for a in answers if a.step == rollout.step]
    control = [a for a in answers if a.address == addresses.get(rollout.champion or "")]
    if rollout.slow_ms is None:
        latencies_ms = (*rollout.latencies_ms, *(a.latency_ms for a in control))
        if len(latencies_ms) < MIN_LATENCIES:
            return rollout.model_copy(update={"latencies_ms": latencies_ms})
        learned = {"latencies_ms": (), "slow_ms": slow_threshold_ms(latencies_ms)}
        return rollout.model_copy(update=learned)
    if not rollout.steps:
        return rollout
    canary = [a for a in answers if a.address == addresses.get(rollout.challenger)]
    step, limit_ms = rollout.steps[-1], rollout.slow_ms
    step = replace(
        step,
        canary=_add(step.canary, canary, limit_ms, digest=rollout.challenger),
        control=_add(step.control, control, limit_ms, digest=rollout.champion or ""),
    )
    return rollout.model_copy(update={"steps": (*rollout.steps[:-1], step)})


def decide(rollout: Rollout, params: ReleaseParams, seconds: float) -> Rollout:
    """`rollout` after what its canary has answered so far: on, back, or still waiting."""
    judgement = judge(rollout.steps, limits(params))
    noted = rollout.model_copy(update={"message": judgement.message})
    match judgement.outcome:
        case "rollback":
            return fail(rollout, judgement.reason, judgement.message)
        case "pass":
            return proceed(noted, params)
        case _:
            return wait(noted, seconds, limit_s=params.step_s)


def _add(tally: Tally, answers: Sequence[Answer], limit_ms: float, *, digest: str) -> Tally:
    """`tally` with `answers` added, all of which should be by the bundle `digest`."""
    good = [a for a in answers if a.status == 200]
    return Tally(
        requests=tally.requests + len(answers),
        errors=tally.errors + sum(a.is_error for a in answers),
        slow=tally.slow + sum(a.latency_ms > limit_ms for a in answers),
        invalid=tally.invalid + sum(a.digest != digest for a in good),
    )
