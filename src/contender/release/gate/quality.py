"""Is the challenger good enough: primary metric, anchor, baselines, calibration, floors."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

import numpy as np

from contender.problem.schema import Task
from contender.release.gate.bootstrap import Pair
from contender.release.gate.decision import Check, Outcome
from contender.release.gate.estimates import Comparison, compare
from contender.release.gate.evidence import Evidence
from contender.release.gate.rules import Rules

CALIBRATION: Final = "log_loss"  # logits doubled cost it 0.06 on the sample, the Brier score 0.009
_quality = partial(Check, family="quality")
_calibration = partial(Check, family="calibration")
_floor = partial(Check, family="floor")


def pair_with(opponent: np.ndarray, evidence: Evidence) -> Pair:
    """The challenger and the predictions of an `opponent` for the same rows."""
    return Pair(evidence.target, evidence.challenger.predictions, opponent, evidence.groups)


def judge_champion(comparison: Comparison, rules: Rules) -> Check:
    """PASS when the primary metric is proven better, or in refresh mode proven not worse."""
    improve = rules.gate.mode == "improve"
    needed = rules.min_delta if improve else -rules.epsilon
    outcome = _judge(comparison, rules, needed=needed)
    claim = "better" if improve else "not-worse"
    codes = {
        Outcome.PASS: f"proven-{claim}",
        Outcome.HOLD: f"not-proven-{claim}",
        Outcome.REJECT: "proven-worse",
    }
    proof = codes[outcome].replace("-", " ").capitalize()
    return _quality(
        subject=comparison.metric,
        outcome=outcome,
        code=codes[outcome],
        message=f"{proof}: {describe(comparison, rules.alpha, 'the champion')}.",
    )


def judge_anchor(evidence: Evidence, rules: Rules) -> Iterator[Check]:
    """In refresh mode: not worse than the best ever promoted by twice the margin.

    Small losses, each within the margin of the champion before, cannot add up.
    """
    if rules.gate.mode == "improve" or evidence.champion is None:
        return
    anchor = evidence.anchor
    if anchor is None or anchor.digest == evidence.champion.digest:
        why = "The champion is the best so far." if anchor else "No anchor is recorded."
        yield _quality(
            subject="anchor", outcome=Outcome.SKIPPED, code="anchor-not-needed", message=why
        )
        return
    rows = np.flatnonzero(anchor.held_out)
    if len(rows) < rules.gate.min_rows:
        why = f"{len(rows)} rows were kept from the anchor too; expected {rules.gate.min_rows}."
        yield _quality(
            subject="anchor", outcome=Outcome.HOLD, code="anchor-too-few-rows", message=why
        )
        return
    pair = pair_with(anchor.predictions, evidence).take(rows)
    comparison = compare(rules.primary, pair, rules.resampling)
    held = comparison.difference.lower(rules.alpha) > -2 * rules.epsilon
    yield _quality(
        subject="anchor",
        outcome=Outcome.PASS if held else Outcome.HOLD,
        code="anchor-held" if held else "anchor-not-held",
        message=f"{describe(comparison, rules.alpha, 'the best model ever promoted')}.",
    )


def judge_baselines(evidence: Evidence, linear: Comparison, rules: Rules) -> Iterator[Check]:
    """Without a champion: better than a constant, and not worse than the linear baseline."""
    constant = compare(rules.primary, pair_with(evidence.constant, evidence), rules.resampling)
    outcome = _judge(constant, rules, needed=0.0)
    codes = {Outcome.PASS: "beats-constant", Outcome.HOLD: "not-proven-better-than-constant"}
    yield _quality(
        subject="constant",
        outcome=outcome,
        code=codes.get(outcome, "worse-than-constant"),
        message=f"{describe(constant, rules.alpha, 'a constant')}.",
    )
    outcome = _judge(linear, rules, needed=-rules.epsilon)
    message = describe(linear, rules.alpha, "the linear baseline")
    codes = {Outcome.PASS: "beats-linear", Outcome.HOLD: "not-proven-to-match-linear"}
    if outcome is Outcome.PASS and linear.difference.lower(rules.alpha) <= 0:
        codes[outcome] = "ties-with-linear"
        message += ": a tie, and the linear model is the simpler choice"
    yield _quality(
        subject="linear baseline",
        outcome=outcome,
        code=codes.get(outcome, "worse-than-linear"),
        message=f"{message}.",
    )


def judge_calibration(
    evidence: Evidence, comparisons: Mapping[str, Comparison], rules: Rules
) -> Check:
    """REJECT when the probabilities are proven worse than the champion's by the margin."""
    regression = evidence.task is Task.REGRESSION
    if regression or evidence.champion is None:
        return _calibration(
            subject="probabilities",
            outcome=Outcome.SKIPPED,
            code="calibration-not-compared",
            message="A regression has none." if regression else "There is no champion.",
        )
    comparison, margin = comparisons[CALIBRATION], rules.gate.calibration_margin
    worse = comparison.difference.upper(rules.alpha) < -margin
    return _calibration(
        subject=CALIBRATION,
        outcome=Outcome.REJECT if worse else Outcome.PASS,
        code="calibration-worse" if worse else "calibration-not-worse",
        message=f"{describe(comparison, rules.alpha, 'the champion')}; the margin is {margin:g}.",
    )


def judge_floors(comparisons: Mapping[str, Comparison], rules: Rules) -> Iterator[Check]:
    """REJECT for each absolute limit that the challenger itself does not keep."""
    for name, limit in sorted(rules.gate.floors.items()):
        value, up = comparisons[name].challenger, rules.metrics[name].greater_is_better
        kept = value >= limit if up else value <= limit
        yield _floor(
            subject=name,
            outcome=Outcome.PASS if kept else Outcome.REJECT,
            code="floor-kept" if kept else "floor-missed",
            message=f"{name} is {value:.4f}; expected at {'least' if up else 'most'} {limit:g}.",
        )


def describe(comparison: Comparison, alpha: float, opponent: str) -> str:
    """The comparison in one sentence, without its full stop."""
    it = comparison.estimate(alpha)
    return (
        f"{it.metric} is {it.challenger:.4f}, {opponent}'s {it.opponent:.4f}; the gain of "
        f"{it.difference:+.4f} lies between {it.lower:+.4f} and {it.upper:+.4f} on {it.rows:,} rows"
    )


def _judge(comparison: Comparison, rules: Rules, *, needed: float) -> Outcome:
    """PASS when the gain is proven to exceed `needed`, REJECT when harm is proven, else HOLD."""
    if comparison.difference.lower(rules.alpha) > needed:
        return Outcome.PASS
    if comparison.difference.upper(rules.alpha) < -rules.epsilon:
        return Outcome.REJECT
    return Outcome.HOLD
