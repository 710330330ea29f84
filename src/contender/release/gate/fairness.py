"""Are the groups of a sensitive column treated alike: proven, disproven, or not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import product
from typing import Final, Literal

from contender.params import FairnessParams, Waiver
from contender.release.gate.decision import Check, FairnessFinding, Group, Outcome
from contender.release.gate.estimates import holm
from contender.release.gate.evidence import Evidence, Labels
from contender.release.gate.quality import Rules
from contender.release.gate.rates import RATES, Gap, GroupMean, gaps_between, group_means, rates_of

_fairness = partial(Check, family="fairness")


@dataclass(frozen=True)
class _Answer:
    """What is said of a gap; the later in `_ANSWERS`, the worse."""

    code: str
    status: Literal["safe", "harm", "inconclusive", "not-evaluated"]
    outcome: Outcome


_NOT_EVALUATED: Final = _Answer("gap-not-evaluated", "not-evaluated", Outcome.SKIPPED)
_SAFE: Final = _Answer("gap-safe", "safe", Outcome.PASS)
_INHERITED: Final = _Answer("gap-not-widened", "harm", Outcome.PASS)
_INCONCLUSIVE: Final = _Answer("gap-inconclusive", "inconclusive", Outcome.HOLD)
_PERHAPS_INHERITED: Final = _Answer("gap-harm-perhaps-not-new", "harm", Outcome.HOLD)
_NEW: Final = _Answer("gap-harm", "harm", Outcome.REJECT)
_WIDENED: Final = _Answer("gap-widened", "harm", Outcome.REJECT)
_ANSWERS: Final = (
    _NOT_EVALUATED, _SAFE, _INHERITED, _INCONCLUSIVE, _PERHAPS_INHERITED, _NEW, _WIDENED
)  # fmt: skip


@dataclass(frozen=True)
class _Limit:
    """The limit of one column and rate, and the waivers that raise it or did so once."""

    value: float
    active: Waiver | None
    expired: Waiver | None


@dataclass(frozen=True)
class _Case:
    """One rate of one class in the groups of one column."""

    column: str
    rate: str
    of: str
    limit: _Limit
    means: Sequence[GroupMean]
    gaps: Sequence[Gap]

    @property
    def champions_width(self) -> float | None:
        """The widest gap of the champion; None without a champion, or without two groups."""
        means = [mean.champion.value for mean in self.means if mean.champion]
        return max(means) - min(means) if len(means) > 1 else None

    @property
    def widest(self) -> Gap | None:
        """The gap that fairlearn reports: between the largest and the smallest mean."""
        return max(self.gaps, key=lambda gap: gap.value, default=None)


def judge_fairness(
    evidence: Evidence, rules: Rules
) -> tuple[tuple[FairnessFinding, ...], tuple[Check, ...]]:
    """A finding for each rate of each sensitive column, and the checks that follow.

    A gap is harm when it is proven to exceed the limit, with Holm's correction over every two
    groups of every column, rate and class; safe when all upper bounds keep it; and otherwise not
    known, which holds the challenger. The error is `gate.alpha`.
    """
    sensitive = [labels for labels in evidence.labels if labels.sensitive]
    cases = [case for labels in sensitive for case in _cases(labels, evidence, rules)]
    harm = _find_harm(cases, rules.gate.fairness, rules.gate.alpha)
    checks = [check for labels in sensitive for check in _left_out(labels, rules)]
    findings = []
    for labels, rate in product(sensitive, RATES[evidence.task]):
        own = [
            i for i, case in enumerate(cases) if (case.column, case.rate) == (labels.column, rate)
        ]
        answer = _answer([cases[i] for i in own], [harm[i] for i in own], rules.gate.alpha)
        widest = max((cases[i] for i in own), key=_width)
        finding = _finding(widest, answer, [cases[i] for i in own], rules.gate.alpha)
        findings.append(finding)
        checks.append(_check(finding, answer, widest.limit))
    if all(finding.status == "not-evaluated" for finding in findings):
        checks.append(_nothing_evaluated(sensitive))
    return tuple(findings), tuple(checks)


def _cases(labels: Labels, evidence: Evidence, rules: Rules) -> Iterator[_Case]:
    for rate in rates_of(evidence, rules.reading):
        limit = _limit(rules.gate.fairness, labels.column, rate.name, evidence.as_of)
        means = group_means(rate, labels, evidence.groups, rules.reading)
        yield _Case(labels.column, rate.name, rate.of, limit, means, gaps_between(means))


def _limit(params: FairnessParams, column: str, rate: str, as_of: date) -> _Limit:
    """The limit on this day: a waiver raises it up to and on the day that it expires."""
    waivers = [w for w in params.waivers if (w.column, w.metric) == (column, rate)]
    active = [waiver for waiver in waivers if waiver.expires >= as_of]
    expired = [waiver for waiver in waivers if waiver.expires < as_of]
    widest = max(active, key=lambda waiver: waiver.max_gap, default=None)
    value = max(params.max_gap, widest.max_gap) if widest else params.max_gap
    return _Limit(value, widest, expired[0] if expired else None)


def _find_harm(cases: Sequence[_Case], params: FairnessParams, alpha: float) -> list[list[_Answer]]:
    """For each case the answers to its gaps that are proven to exceed the limit."""
    gaps = [(index, gap) for index, case in enumerate(cases) for gap in case.gaps]
    beyond = holm([partial(_exceeds, g, cases[i].limit.value) for i, g in gaps], alpha)
    wider = holm([partial(_widens, g, params.max_widening) for _, g in gaps], alpha)
    harm: list[list[_Answer]] = [[] for _ in cases]
    for position in sorted(beyond):
        index, gap = gaps[position]
        limit = cases[index].limit.value
        if position in wider:
            harm[index].append(_WIDENED)
        elif gap.champions_lower(alpha) > limit:
            harm[index].append(_INHERITED)
        else:
            harm[index].append(_PERHAPS_INHERITED if (gap.champions or 0) > limit else _NEW)
    return harm


def _exceeds(gap: Gap, limit: float, alpha: float) -> bool:
    return gap.lower(alpha) > limit


def _widens(gap: Gap, limit: float, alpha: float) -> bool:
    return gap.widening(alpha) > limit


def _answer(cases: Sequence[_Case], harm: Sequence[Sequence[_Answer]], alpha: float) -> _Answer:
    """The worst answer to one rate of one column, over the classes."""
    gaps = [(case, gap) for case in cases for gap in case.gaps]
    if not gaps:
        return _NOT_EVALUATED
    if proven := [answer for answers in harm for answer in answers]:
        return max(proven, key=_ANSWERS.index)
    safe = all(gap.upper(alpha) < case.limit.value for case, gap in gaps)
    return _SAFE if safe else _INCONCLUSIVE


def _width(case: _Case) -> float:
    return case.widest.value if case.widest else -1.0


def _finding(case: _Case, answer: _Answer, cases: Sequence[_Case], alpha: float) -> FairnessFinding:
    """The widest gap of any class, under the largest of all upper bounds."""
    gap, waiver = case.widest, case.limit.active
    uppers = [gap.upper(alpha) for case in cases for gap in case.gaps]
    return FairnessFinding(
        column=case.column,
        metric=f"{case.rate}[{case.of}]" if case.of else case.rate,
        gap=None if gap is None else gap.value,
        lower=None if gap is None else gap.lower(alpha),
        upper=max(uppers, default=None),
        limit=case.limit.value,
        champion_gap=case.champions_width,
        status=answer.status,
        waiver=f"{waiver.owner}: {waiver.reason} (until {waiver.expires})" if waiver else None,
        groups=tuple(
            Group(level=mean.level, rows=mean.rows, value=mean.challenger.value)
            for mean in case.means
        ),
        outcome=answer.outcome,
    )


def _check(finding: FairnessFinding, answer: _Answer, limit: _Limit) -> Check:
    if finding.gap is None:
        message = f"{finding.metric} by {finding.column}: fewer than two groups have rows enough"
    else:
        message = (
            f"The gap of {finding.metric} by {finding.column} is {finding.gap:.3f}, between "
            f"{finding.lower:.3f} and {finding.upper:.3f}; the limit is {finding.limit:g}"
        )
    if finding.champion_gap is not None:
        message += f"; the champion's is {finding.champion_gap:.3f}"
    code = answer.code
    if limit.active:
        message += f"; raised by {limit.active.owner} until {limit.active.expires}"
    elif limit.expired:
        message += f"; the waiver of {limit.expired.owner} expired on {limit.expired.expires}"
        code = "waiver-expired" if answer.outcome in (Outcome.HOLD, Outcome.REJECT) else code
    return _fairness(
        subject=f"{finding.metric} by {finding.column}",
        outcome=answer.outcome,
        code=code,
        message=f"{message}.",
    )


def _left_out(labels: Labels, rules: Rules) -> Iterator[Check]:
    """A line for each group that is too small, and one for the rows that belong to none."""
    least = rules.reading.min_slice_rows
    sizes = {level: int((labels.codes == code).sum()) for code, level in enumerate(labels.levels)}
    for level, rows in sizes.items():
        if rows < least:
            yield _fairness(
                subject=f"{labels.column}={level}",
                outcome=Outcome.SKIPPED,
                code="group-too-small",
                message=f"Not evaluated: {rows} rows, expected {least}.",
            )
    if homeless := int((labels.codes < 0).sum()):
        yield _fairness(
            subject=f"{labels.column}=(missing)",
            outcome=Outcome.SKIPPED,
            code="group-missing",
            message=f"{homeless} rows have no {labels.column} and belong to no group.",
        )


def _nothing_evaluated(sensitive: Sequence[Labels]) -> Check:
    message = "No column of data/schema.yaml is marked as sensitive."
    if sensitive:
        message = "No sensitive column has two groups with rows enough: nothing is known."
    return _fairness(
        subject="all columns",
        outcome=Outcome.SKIPPED,
        code="fairness-not-evaluated",
        message=message,
    )
