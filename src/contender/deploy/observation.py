"""What a rollout makes of what its servers have answered: pure, like the rollout itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from contender.deploy.access import Answer, Mark
from contender.deploy.judge import MIN_LATENCIES, Tally, judge, limits, slow_threshold_ms
from contender.deploy.predictions import compare_predictions
from contender.deploy.rollout import Histograms, Rollout, fail, proceed, wait
from contender.params import ReleaseParams


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


def watch(rollout: Rollout, params: ReleaseParams) -> Rollout:
    """`rollout`, ended when its canary does harm while it waits for an approval."""
    if rollout.steps and (seen := judge(rollout.steps, limits(params))).outcome == "rollback":
        return fail(rollout, seen.reason, seen.message)
    return rollout


def compare(rollout: Rollout, now: Histograms, params: ReleaseParams) -> Rollout:
    """`rollout`, ended when its canary predicts something else altogether in this step.

    Both are also asked for their golden records all the time, by whoever inspects them.

    Raises:
        ObservationError: there is nothing to compare.
    """
    before = rollout.predicted or Histograms({}, {})
    if now.canary.keys() != now.control.keys():
        message = "the predictions of both cannot be compared: they are counted in other bins"
        return fail(rollout, "incomparable", message)
    since = [_since(*both) for both in zip(before, now, strict=True)]
    found = compare_predictions(*since)
    if not found.is_extreme(max_psi=params.max_prediction_psi, alpha=params.alpha):
        return rollout
    message = (
        f"{found.canary:,} predictions of the canary and {found.control:,} of the control: "
        f"stability index {found.psi:.2f}, expected {params.max_prediction_psi:g} at most"
    )
    return fail(rollout, "predictions", message)


def _add(tally: Tally, answers: Sequence[Answer], limit_ms: float, *, digest: str) -> Tally:
    """`tally` with `answers` added, all of which should be by the bundle `digest`."""
    good = [a for a in answers if a.status == 200]
    return Tally(
        requests=tally.requests + len(answers),
        errors=tally.errors + sum(a.is_error for a in answers),
        slow=tally.slow + sum(a.latency_ms > limit_ms for a in answers),
        invalid=tally.invalid + sum(a.digest != digest for a in good),
    )


def _since(before: dict[str, int], now: dict[str, int]) -> list[int]:
    """What each bin has gained; all that is in it when the server has begun anew."""
    gained = [now[name] - before.get(name, 0) for name in sorted(now)]
    return [now[name] for name in sorted(now)] if min(gained, default=0) < 0 else gained
