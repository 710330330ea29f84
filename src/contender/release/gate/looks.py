"""What a look at the holdout costs: each further challenger is allowed a smaller error."""

import math
from typing import Final

from scipy.special import ndtr, ndtri

from contender.params import GateParams
from contender.release.gate.decision import Check, HoldoutUse, Outcome
from contender.release.gate.estimates import MIN_GROUPS, Difference, count_groups
from contender.release.gate.evidence import Evidence
from contender.release.gate.rules import Rules

POWER: Final = 0.8


def allowed_error(alpha: float, look: int) -> float:
    """alpha_k = alpha / (k (k + 1)) for the k-th look: they add up to `alpha` over all looks."""
    return alpha / (look * (look + 1))


def judge_use(evidence: Evidence, judged: Evidence, gate: GateParams) -> Check | None:
    """HOLD when the holdout can decide nothing: looked at too often, or too small; else None."""
    if evidence.look > gate.max_looks:
        return _hold(
            "holdout-exhausted",
            f"{evidence.look - 1} challengers were judged on this holdout, and at most "
            f"{gate.max_looks} may be: bring new rows, or change `split.salt` and train again.",
        )
    rows = len(judged.target)
    if rows < gate.min_rows:
        return _hold(
            "too-few-rows",
            f"{rows} of {len(evidence.target)} holdout rows were kept from both models; "
            f"expected at least {gate.min_rows}.",
        )
    groups = MIN_GROUPS if judged.groups is None else count_groups(judged.groups)
    if groups < MIN_GROUPS:
        message = f"the rows belong to {groups} groups; expected at least {MIN_GROUPS}."
        return _hold("too-few-groups", message)
    return None


def _hold(code: str, message: str) -> Check:
    return Check(
        family="precondition",
        subject="holdout",
        outcome=Outcome.HOLD,
        code=code,
        message=message,
    )


def holdout_use(evidence: Evidence, judged: Evidence, gate: GateParams) -> HoldoutUse:
    """How the holdout was used, when nothing was compared on it."""
    rows = len(judged.target)
    return HoldoutUse(
        digest=evidence.digests.holdout,
        rows=len(evidence.target),
        judged_rows=rows,
        look=evidence.look,
        alpha=allowed_error(gate.alpha, evidence.look),
        provable_gain=None,
        equal_pass_probability=None,
        rows_needed=gate.min_rows if rows < gate.min_rows else None,
    )


def add_power(use: HoldoutUse, primary: Difference, rules: Rules) -> HoldoutUse:
    """The same, with what the `Difference` of the primary metric lets these rows still show."""
    gain = float(ndtri(1 - use.alpha) + ndtri(POWER)) * primary.standard_error
    power: dict[str, float | None] = {"provable_gain": gain}
    if rules.gate.mode == "refresh":
        passes = equal_pass_probability(primary.standard_error, rules.epsilon, use.alpha)
        needed = math.ceil(use.judged_rows * (gain / rules.epsilon) ** 2)
        power["equal_pass_probability"] = passes
        power["rows_needed"] = needed if passes < POWER else None
    return HoldoutUse.model_validate(use.model_dump() | power)


def equal_pass_probability(standard_error: float, margin: float, alpha: float) -> float:
    """The chance that a challenger exactly as good is proven not worse than by `margin`."""
    if standard_error == 0:
        return 1.0
    return float(ndtr(margin / standard_error + ndtri(alpha)))
