"""One rollout as a value: how far it is, what was counted, and what comes next.

Pure: the controller does what a value asks for and brings back what it saw. A value is all that is
needed to go on after the controller was killed.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from contender.deploy.access import Mark
from contender.deploy.judge import Step, Tally
from contender.deploy.probe import Fault
from contender.deploy.target import Plan, Server
from contender.params import ReleaseParams


class Histograms(NamedTuple):
    """How many predictions of both versions fell into each bin, by its name."""

    canary: dict[str, int]
    control: dict[str, int]


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
BLAMELESS: Final = frozenset(
    {"inconclusive", "incomparable", "integrity", "race", "registry", "stopped"}
)


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
    predicted: Histograms | None = None  # of both, at the start of this step
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
    """What must be so in the phase of `rollout`.

    On the way back nobody waits for the one that must go: calls stay where they are until the
    other one is ready.
    """
    challenger = Server(rollout.challenger)
    if rollout.champion is None:
        is_in = rollout.phase in (Phase.PRODUCTION, Phase.DONE)
        return Plan((challenger,), main=challenger if is_in else None)
    champion = Server(rollout.champion)
    both = (champion, challenger)
    match rollout.phase:
        case Phase.RETURN:
            return Plan(both)
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
    fresh = {"elapsed_s": 0.0, "is_extended": False, "predicted": None}
    return rollout.model_copy(update={"phase": phase, "steps": steps, **fresh})


def fail(rollout: Rollout, reason: str, message: str) -> Rollout:
    """`rollout` ended: the champion keeps, or gets back, all of the traffic."""
    ended = enter(rollout, Phase.ROLLED_BACK)
    return ended.model_copy(update={"reason": reason, "message": message})


def undo(rollout: Rollout, reason: str) -> Rollout:
    """What brings the champion of `rollout` back when the registry may have lost it already."""
    back = Rollout(
        name=f"{rollout.name}-back",
        champion=rollout.challenger,
        challenger=rollout.champion or "",
        undoes=reason,
    )
    return enter(back, Phase.RETURN)


def is_decided(rollout: Rollout) -> bool:
    """True when there is a champion that the challenger may have replaced in the registry."""
    return rollout.phase is Phase.PRODUCTION and bool(rollout.champion) and not rollout.undoes


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
    if is_decided(rollout):
        return undo(rollout, f"{fault.reason}: {fault.message}")
    return fail(rollout, fault.reason, fault.message)


def describe(rollout: Rollout) -> str:
    """One line: where the rollout is, and why."""
    digest = rollout.challenger[:12]
    match rollout.phase:
        case Phase.CANARY:
            said = f"{rollout.steps[-1].share:.0%} of the traffic"
            return f"canary {len(rollout.steps)}: `{digest}` gets {said}"
        case Phase.ROLLED_BACK:
            return f"rolled back `{digest}`: {rollout.reason}: {rollout.message}"
        case Phase.DONE:
            return f"`{digest}` is in production"
        case _:
            return f"{rollout.phase}: `{digest}`"
