"""The decision as rows of text, in the order they are shown: every renderer lays out the same."""

from dataclasses import dataclass

from contender.release.gate.decision import (
    Check,
    CostFinding,
    Decision,
    Estimate,
    FairnessFinding,
    Outcome,
    SliceFinding,
    Verdict,
)
from contender.reporting import figures, wording
from contender.reporting.material import Material

PASSED = (Outcome.PASS, Outcome.SKIPPED)


@dataclass(frozen=True)
class Figures:
    """One metric of both models, all numbers with the same decimals."""

    challenger: str
    opponent: str
    difference: str
    interval: str
    word: str

    @property
    def cells(self) -> list[str]:
        """The figures in the order of `figure_header`."""
        return [self.challenger, self.opponent, self.difference, self.interval, self.word]


@dataclass(frozen=True)
class MetricRow:
    """One metric, and whether the verdict rests on it."""

    name: str
    decides: bool
    figures: Figures


@dataclass(frozen=True)
class SliceRow:
    """One slice; no figures where it was not evaluated."""

    name: str
    rows: str
    figures: Figures | None
    word: str
    finding: SliceFinding


@dataclass(frozen=True)
class FairnessRow:
    """The widest gap of one metric in one column."""

    name: str
    gap: str
    interval: str
    limit: str
    champion: str
    word: str
    finding: FairnessFinding

    @property
    def status(self) -> str:
        """What is known of the gap."""
        return wording.FAIRNESS[self.finding.status]


@dataclass(frozen=True)
class CostRow:
    """One cost of the challenger."""

    name: str
    challenger: str
    champion: str
    ratio: str
    limit: str
    word: str
    outcome: Outcome


def ordered_estimates(decision: Decision) -> list[Estimate]:
    """The estimates, the deciding one first."""
    return sorted(decision.estimates, key=lambda item: item.metric != decision.primary)


def figure_header(decision: Decision, interval: str) -> list[str]:
    """What stands above figures."""
    return ["Challenger", wording.opponent_name(decision), "Difference", interval, ""]


def metric_rows(decision: Decision) -> list[MetricRow]:
    """One row a metric, the deciding one first."""
    return [
        MetricRow(wording.metric_name(item.metric), item.metric == decision.primary, _figures(item))
        for item in ordered_estimates(decision)
    ]


def slice_rows(decision: Decision) -> list[SliceRow]:
    """One row a slice, the worst first and those not evaluated last."""
    return [_slice_row(item) for item in sorted(decision.slices, key=_badness)]


def slice_interval(decision: Decision) -> str:
    """How sure the intervals of the slices are."""
    return wording.interval_name(item.estimate for item in decision.slices if item.estimate)


def fairness_rows(decision: Decision) -> list[FairnessRow]:
    """One row a column and metric: what blocks first, then the widest, not evaluated ones last."""
    return [_fairness_row(item) for item in sorted(decision.fairness, key=_unfairness)]


def cost_rows(decision: Decision) -> list[CostRow]:
    """One row a cost, in the order they were measured."""
    return [_cost_row(item) for item in decision.cost]


def held_back(decision: Decision) -> list[Check]:
    """The checks that did not pass, the gravest first; skipped ones are not among them."""
    failed = [check for check in decision.checks if check.outcome not in PASSED]
    return sorted(failed, key=lambda check: wording.SEVERITY[check.outcome])


def reasons(decision: Decision) -> list[Check]:
    """The checks that the verdict rests on: what held it back, or what carried it."""
    if decision.verdict in (Verdict.PROMOTE, Verdict.BOOTSTRAP):
        return [
            check
            for check in decision.checks
            if check.outcome is Outcome.PASS and check.family in ("quality", "floor")
        ]
    return held_back(decision)


def other_metrics(material: Material) -> list[tuple[str, str]]:
    """The challenger's metrics that were measured but not compared with an opponent."""
    compared = {estimate.metric for estimate in material.decision.estimates}
    return [
        (wording.metric_name(name), figures.number(value))
        for name, value in (material.results.metrics or {}).items()
        if name not in compared
    ]


def ordered_checks(decision: Decision) -> list[Check]:
    """All checks, the gravest first, otherwise in the order they were asked."""
    return sorted(decision.checks, key=lambda check: wording.SEVERITY[check.outcome])


def tally(decision: Decision) -> str:
    """How many checks ended how: `31 passed, 2 skipped, 1 holds back`."""
    counts = {
        outcome: sum(check.outcome is outcome for check in decision.checks) for outcome in Outcome
    }
    parts = [f"{n} {wording.OUTCOMES[outcome]}" for outcome, n in counts.items() if n]
    return ", ".join(parts) or "none was made"


def waivers(decision: Decision) -> list[str]:
    """Each waiver in force, once."""
    return list(dict.fromkeys(item.waiver for item in decision.fairness if item.waiver))


def _figures(item: Estimate) -> Figures:
    digits = wording.estimate_decimals(item)
    return Figures(
        challenger=figures.number(item.challenger, digits),
        opponent=figures.number(item.opponent, digits),
        difference=figures.signed(item.difference, digits),
        interval=figures.interval(item.lower, item.upper, digits),
        word=wording.direction(item.lower, item.upper),
    )


def _slice_row(item: SliceFinding) -> SliceRow:
    return SliceRow(
        name=wording.slice_name(item.column, item.level),
        rows=figures.count(item.rows),
        figures=_figures(item.estimate) if item.estimate else None,
        word=_slice_word(item),
        finding=item,
    )


def _fairness_row(item: FairnessFinding) -> FairnessRow:
    evaluated = item.gap is not None
    bounds = f"{figures.gap(item.lower)} to {figures.gap(item.upper)}"
    return FairnessRow(
        name=wording.gap_name(item.column, item.metric),
        gap=figures.gap(item.gap),
        interval=bounds if evaluated else figures.NOT_MEASURED,
        limit=figures.gap(item.limit),
        champion=figures.gap(item.champion_gap),
        word=_word(item.outcome, evaluated=evaluated),
        finding=item,
    )


def _cost_row(item: CostFinding) -> CostRow:
    return CostRow(
        name=wording.metric_name(item.name),
        challenger=figures.cost(item.challenger),
        champion=figures.cost(item.champion),
        ratio=figures.NOT_MEASURED if item.ratio is None else f"{item.ratio:.2f} x",
        limit=item.limit,
        word=wording.OUTCOMES[item.outcome],
        outcome=item.outcome,
    )


def _slice_word(item: SliceFinding) -> str:
    """What was shown of a slice: a critical one must be proven safe, others only not harmed."""
    if item.estimate is None:
        return _word(item.outcome, evaluated=False)
    passed = "proven unharmed" if item.critical else "no proven harm"
    shown = {Outcome.PASS: passed, Outcome.SKIPPED: "not judged"}
    return shown.get(item.outcome) or wording.OUTCOMES[item.outcome]


def _word(outcome: Outcome, *, evaluated: bool) -> str:
    """What the outcome means; never "passed" for what was not looked at."""
    if evaluated:
        return wording.OUTCOMES[outcome]
    return "not evaluated" if outcome in PASSED else f"not evaluated, {wording.OUTCOMES[outcome]}"


def _badness(item: SliceFinding) -> tuple[int, bool, float]:
    gain = item.estimate.difference if item.estimate else 0.0
    return _blocking(item.outcome), item.estimate is None, gain


def _unfairness(item: FairnessFinding) -> tuple[int, bool, float]:
    return _blocking(item.outcome), item.gap is None, -(item.gap or 0.0)


def _blocking(outcome: Outcome) -> int:
    """How far to the front an outcome belongs; passed and skipped are alike."""
    return min(wording.SEVERITY[outcome], wording.SEVERITY[Outcome.SKIPPED])
