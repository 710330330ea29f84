"""Names and sentences, once, so that no two renderers say different things."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from contender.paths import Paths
from contender.release.gate.decision import (
    Check,
    Decision,
    Estimate,
    HoldoutUse,
    Outcome,
    Verdict,
)
from contender.reporting import figures

PROMOTE: Final = "make promote"
MISSING_LEVEL: Final = "(missing)"
LONGEST_NAME: Final = 24

METRICS: Final[Mapping[str, str]] = {
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "brier": "Brier score",
    "ece": "Calibration error (ECE)",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "pinball": "Pinball loss",
    "cost": "Cost a row",
    "latency_p95_ms": "Latency, p95 (ms)",
    "size_mb": "Model size (MB)",
    "memory_mb": "Peak memory (MB)",
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.PASS: "passed",
    Outcome.SKIPPED: "skipped",
    Outcome.HOLD: "holds back",
    Outcome.REJECT: "blocks",
    Outcome.ERROR: "cannot judge",
}
SEVERITY: Final[Mapping[Outcome, int]] = {
    Outcome.ERROR: 0,
    Outcome.REJECT: 1,
    Outcome.HOLD: 2,
    Outcome.SKIPPED: 3,
    Outcome.PASS: 4,
}
FAIRNESS: Final[Mapping[str, str]] = {
    "safe": "proven within the limit",
    "harm": "proven over the limit",
    "inconclusive": "neither proven nor excluded",
    "not-evaluated": "not evaluated",
}


def metric_name(name: str) -> str:
    """The name of a metric as people write it; an unknown one keeps its own words."""
    return METRICS.get(name) or name.replace("_", " ").capitalize()


def level_name(level: str) -> str:
    """The name of a slice or group; a missing value says so."""
    return level or MISSING_LEVEL


def slice_name(column: str, level: str) -> str:
    """The name of the rows that have `level` in `column`."""
    return f"{column} = {level_name(level)}"


def shorten(name: str) -> str:
    """The name as a plot has room for it."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def gap_name(column: str, metric: str) -> str:
    """The name of a gap between groups; for many classes the metric names one: `rate[class]`."""
    rate, _, of = metric.removesuffix("]").partition("[")
    name = rate.replace("_", " ")
    return f"{name} of {of} by {column}" if of else f"{name} by {column}"


def digest(value: str | None) -> str:
    """The first twelve digits of a digest: enough to tell two apart."""
    return value[:12] if value else "none"


def estimate_decimals(estimate: Estimate) -> int:
    """The decimals of every number of one estimate."""
    width = estimate.upper - estimate.lower
    return figures.decimals_for(estimate.challenger, estimate.opponent, width=width)


def interval_name(estimates: Iterable[Estimate]) -> str:
    """How sure the intervals between two one-sided bounds are, when all are equally sure."""
    levels = {estimate.level for estimate in estimates}
    return (
        f"{figures.percent(2 * levels.pop() - 1, 1)} interval" if len(levels) == 1 else "Interval"
    )


def direction(lower: float, upper: float) -> str:
    """What an interval of a difference proves, as an arrow and a word."""
    if lower > 0:
        return "▲ better"
    return "▼ worse" if upper < 0 else "· open"


def verdict_meaning(decision: Decision) -> str:
    """What follows from the verdict, in one sentence."""
    if decision.verdict is Verdict.HOLD and decision.opponent == "champion":
        return "The champion stays; that is not an error."
    return {
        Verdict.PROMOTE: "It may take the champion's place.",
        Verdict.BOOTSTRAP: "It may become the first champion.",
        Verdict.HOLD: "Nothing ships yet; that is not an error.",
        Verdict.REJECT: "This model must not ship.",
        Verdict.ERROR: "No model moves until that is mended.",
    }[decision.verdict]


def task(decision: Decision) -> str:
    """What the challenger has to prove."""
    if decision.opponent == "linear baseline":
        return "first model: it must beat a constant and not lose to the linear baseline"
    return {
        "improve": "improve: the challenger must be proven better",
        "refresh": "refresh: the challenger must be proven not worse",
    }[decision.mode]


def finding(check: Check) -> str:
    """What a check asked about and found, without saying the subject twice."""
    return check.message if check.subject in check.message else f"{check.subject}: {check.message}"


def standing(decision: Decision) -> str:
    """Whether the verdict counts."""
    if decision.provisional:
        return "provisional: no look at the holdout is spent, and only a final verdict counts"
    return "final: this look at the holdout is spent"


def next_steps(decision: Decision, *, rehearsal: Path | None = None) -> list[tuple[str, str]]:
    """Where to look or what to run next, and why; the first is the page with everything.

    After a `rehearsal`, whose page that is, there is nothing to run: it decided nothing.
    """
    page = (str(rehearsal or Paths().report), "everything, with plots; opens in any browser")
    if rehearsal:
        return [page]
    steps = {
        Verdict.PROMOTE: [(PROMOTE, "put it in the champion's place on this machine")],
        Verdict.BOOTSTRAP: [(PROMOTE, "make it the first champion on this machine")],
        Verdict.HOLD: [("make tune", "search hyperparameters, then `make run` again")],
        Verdict.REJECT: [("make ui", "compare with earlier runs; change features or data")],
        Verdict.ERROR: [("make run", "again, once what is named above is mended")],
    }
    return [page, *steps[decision.verdict]]


def contest(decision: Decision) -> str:
    """Who stood against whom."""
    if decision.opponent == "none":
        return "challenger without an opponent"
    return f"challenger against {decision.opponent}"


def opponent_name(decision: Decision) -> str:
    """What stands in the column beside the challenger."""
    return {"champion": "Champion", "linear baseline": "Linear baseline", "none": "Opponent"}[
        decision.opponent
    ]


def look(use: HoldoutUse) -> str:
    """Which look at the holdout this was, and the error it was allowed."""
    return (
        f"{figures.count(use.judged_rows)} rows that neither model was trained on; "
        f"look {use.look}, allowed to err with probability {figures.percent(use.alpha, 2)}"
    )


def power(use: HoldoutUse, primary: str) -> str | None:
    """What this holdout could have shown; None when the gate did not say."""
    parts = []
    if use.provable_gain:
        gain = figures.number(use.provable_gain)
        parts.append(f"a true gain of {gain} in {metric_name(primary)} is found 80% of the time")
    if use.equal_pass_probability is not None:
        chance = figures.percent(use.equal_pass_probability, 1)
        parts.append(f"an equal challenger passes with probability {chance}")
        if use.rows_needed is not None:
            parts.append(f"{figures.count(use.rows_needed)} rows would let it pass 80% of the time")
    elif use.rows_needed is not None:
        parts.append(f"{figures.count(use.rows_needed)} holdout rows are needed")
    return "; ".join(parts) or None
