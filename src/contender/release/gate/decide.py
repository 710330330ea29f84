"""The gate itself: evidence and parameters in, a decision out; the worst answer is its verdict."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

import numpy as np

from contender.params import EvaluateParams, GateParams
from contender.problem.metrics import metrics_for
from contender.problem.schema import Task
from contender.release.gate.behaviour import judge_behaviour
from contender.release.gate.bootstrap import Resampling
from contender.release.gate.cost import judge_costs
from contender.release.gate.decision import (
    Check,
    CostFinding,
    Decision,
    Digests,
    Estimate,
    FairnessFinding,
    HoldoutUse,
    Outcome,
    SliceFinding,
    Term,
    Verdict,
)
from contender.release.gate.estimates import Comparison, compare
from contender.release.gate.evidence import Evidence
from contender.release.gate.fairness import judge_fairness
from contender.release.gate.looks import add_power, allowed_error, holdout_use, judge_use
from contender.release.gate.preconditions import check_evidence, check_parameters
from contender.release.gate.quality import (
    judge_anchor,
    judge_baselines,
    judge_calibration,
    judge_champion,
    judge_floors,
    pair_with,
)
from contender.release.gate.rules import Rules
from contender.release.gate.slices import judge_slices
from contender.release.gate.terms import judge_terms, terms_of

_SEVERITY: Final = (Outcome.SKIPPED, Outcome.PASS, Outcome.HOLD, Outcome.REJECT, Outcome.ERROR)
_BLOCKED: Final = {
    Outcome.HOLD: Verdict.HOLD,
    Outcome.REJECT: Verdict.REJECT,
    Outcome.ERROR: Verdict.ERROR,
}


@dataclass(frozen=True)
class _Findings:
    """What was found before it became a verdict."""

    checks: Sequence[Check]
    use: HoldoutUse | None = None
    estimates: Sequence[Estimate] = ()
    slices: Sequence[SliceFinding] = ()
    fairness: Sequence[FairnessFinding] = ()
    cost: Sequence[CostFinding] = ()


@dataclass(frozen=True)
class Occasion:
    """What a decision says of itself besides its findings."""

    task: Task
    provisional: bool
    as_of: date
    opponent: Literal["champion", "linear baseline", "none"] = "none"
    digests: Digests | None = None
    terms: Mapping[str, Term] = field(default_factory=dict)


def decide(evidence: Evidence, gate: GateParams, reading: EvaluateParams) -> Decision:
    """The verdict on the challenger; the same evidence and parameters give the same decision."""
    occasion = Occasion(
        evidence.task,
        evidence.provisional,
        evidence.as_of,
        "champion" if evidence.champion else "linear baseline",
        evidence.digests,
        terms_of(gate, reading),
    )
    metrics = metrics_for(evidence.task, reading)
    wrong = (*check_evidence(evidence), *check_parameters(evidence, gate, metrics))
    if wrong:
        return _conclude(occasion, gate, _Findings(wrong))
    judged = evidence.judged()
    if stop := judge_use(evidence, judged, gate):
        return _conclude(occasion, gate, _Findings((stop,), holdout_use(evidence, judged, gate)))
    if wrong := check_evidence(judged):
        return _conclude(occasion, gate, _Findings(wrong))
    resampling = Resampling(gate.bootstrap_replicates, _seed(evidence.digests))
    alpha = allowed_error(gate.alpha, evidence.look)
    spread = float(judged.target.std())
    rules = Rules(gate, reading, metrics, alpha, resampling, spread)
    return _conclude(occasion, gate, _judge(evidence, judged, rules))


def refuse(checks: Sequence[Check], occasion: Occasion, gate: GateParams) -> Decision:
    """The decision when gathering the evidence already failed."""
    return _conclude(occasion, gate, _Findings(checks))


def _judge(evidence: Evidence, judged: Evidence, rules: Rules) -> _Findings:
    opponent = judged.champion.predictions if judged.champion else judged.baseline
    pair = pair_with(np.asarray(opponent), judged)
    comparisons = {
        name: compare(metric, pair, rules.resampling) for name, metric in rules.metrics.items()
    }
    if wrong := _not_finite(comparisons, rules.alpha):
        return _Findings(wrong)
    primary = comparisons[rules.gate.primary]
    use = add_power(holdout_use(evidence, judged, rules.gate), primary.difference, rules)
    estimates = [comparison.estimate(rules.alpha) for comparison in comparisons.values()]
    if same := _identical(judged):
        return _Findings((same,), use, estimates)
    quality = (
        [judge_champion(primary, rules), *judge_anchor(judged, rules)]
        if judged.champion
        else [*judge_baselines(judged, primary, rules)]
    )
    slices, slice_checks = judge_slices(judged, pair, rules)
    fairness, fairness_checks = judge_fairness(judged, rules)
    cost, cost_checks = judge_costs(judged, rules.gate.cost)
    checks = (
        *quality,
        judge_calibration(judged, comparisons, rules),
        *judge_floors(comparisons, rules),
        *slice_checks,
        *fairness_checks,
        *cost_checks,
        *judge_behaviour(judged.probes),
        *judge_terms(judged, rules),
    )
    return _Findings(checks, use, estimates, slices, fairness, cost)


def _not_finite(comparisons: Mapping[str, Comparison], alpha: float) -> list[Check]:
    """An ERROR for each metric that has no value here, so that none is missing in silence."""
    return [
        Check(
            family="precondition",
            subject=name,
            outcome=Outcome.ERROR,
            code="metric-not-finite",
            message=f"`{name}` is not finite on these rows: nothing can be said of it.",
        )
        for name, it in comparisons.items()
        if not np.isfinite(
            [it.challenger, it.opponent, it.difference.lower(alpha), it.difference.upper(alpha)]
        ).all()
    ]


def _identical(judged: Evidence) -> Check | None:
    """HOLD when there is nothing to choose between challenger and champion."""
    champion = judged.champion
    if champion is None:
        return None
    same_file = champion.digest == judged.challenger.digest
    if not same_file and not np.array_equal(champion.predictions, judged.challenger.predictions):
        return None
    return Check(
        family="quality",
        subject="challenger",
        outcome=Outcome.HOLD,
        code="identical",
        message="The challenger is the champion."
        if same_file
        else "The challenger predicts what the champion predicts, in every row.",
    )


def _conclude(occasion: Occasion, gate: GateParams, findings: _Findings) -> Decision:
    """The decision whose verdict is the worst outcome of all checks."""
    verdict, reason = _verdict(occasion, findings.checks)
    return Decision(
        verdict=verdict,
        summary=reason,
        provisional=occasion.provisional,
        mode=gate.mode,
        task=occasion.task,
        primary=gate.primary,
        opponent=occasion.opponent,
        as_of=occasion.as_of,
        digests=occasion.digests,
        terms=dict(occasion.terms),
        holdout=findings.use,
        estimates=tuple(findings.estimates),
        slices=tuple(findings.slices),
        fairness=tuple(findings.fairness),
        cost=tuple(findings.cost),
        checks=tuple(findings.checks),
    )


def _verdict(occasion: Occasion, checks: Sequence[Check]) -> tuple[Verdict, str]:
    """The verdict and the sentence that carries it; nothing that proves the gain is an ERROR."""
    worst = max((check.outcome for check in checks), key=_SEVERITY.index, default=Outcome.SKIPPED)
    first = next((check for check in checks if check.outcome is worst), None)
    if first and worst in _BLOCKED:
        return _BLOCKED[worst], first.message
    proofs = [c for c in checks if c.family == "quality" and c.outcome is Outcome.PASS]
    if not proofs:
        return Verdict.ERROR, "No check proved anything about the quality of the challenger."
    if occasion.opponent == "champion":
        return Verdict.PROMOTE, proofs[0].message
    return Verdict.BOOTSTRAP, f"There is no champion yet, and {proofs[-1].message}"


def _seed(digests: Digests) -> int:
    parts = (digests.holdout, digests.champion or "", digests.challenger)
    return int.from_bytes(hashlib.sha256(" ".join(parts).encode()).digest()[:8])
