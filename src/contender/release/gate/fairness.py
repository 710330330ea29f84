"""Are the groups of a sensitive column treated alike: proven, disproven, or not known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import product
from typing import Final, Literal

from contender.params import FairnessParams, Waiver
from contender.release.gate.decision import Check, FairnessFinding, Group, Outcome
from contender.release.gate.estimates import holm
from contender.release.gate.evidence import Evidence, Labels
from contender.release.gate.rates import (
    RATES,
    Gap,
    GroupLevel,
    gaps_between,
    group_levels,
    rates_of,
)
from contender.release.gate.rules import Rules

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
    """One rate of one class in the groups of one column; `harm` answers to its proven gaps."""

    column: str
    rate: str
    of: str
    limit: _Limit
    groups: Sequence[GroupLevel]
    gaps: Sequence[Gap]
    harm: Sequence[_Answer] = ()

    @property
    def width(self) -> float:
        """The gap that fairlearn reports: largest less smallest level; -1 without two groups."""
        return self.gaps[0].value if self.gaps else -1.0

    @property
    def champions_width(self) -> float | None:
        """The same of the champion; None without a champion, or without two groups."""
        levels = [group.champion.value for group in self.groups if group.champion]
        return max(levels) - min(levels) if len(levels) > 1 else None


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
    cases = _find_harm(cases, rules.gate.fairness, rules.gate.alpha)
    checks = [check for labels in sensitive for check in _left_out(labels, rules)]
    findings = []
    for labels, rate in product(sensitive, RATES[evidence.task]):
        same = [case for case in cases if (case.column, case.rate) == (labels.column, rate)]
        answer = _answer(same, rules.gate.alpha)
        findings.append(_finding(same, answer, rules.gate.alpha))
        checks.append(_check(findings[-1], answer, same[0].limit))
    if all(finding.status == "not-evaluated" for finding in findings):
        checks.append(_nothing_evaluated(sensitive))
    return tuple(findings), tuple(checks)


def _cases(labels: Labels, evidence: Evidence, rules: Rules) -> Iterator[_Case]:
    for rate in rates_of(evidence, rules.reading):
        limit = _limit(rules.gate.fairness, labels.column, rate.name, evidence.as_of)
        groups = group_levels(rate, labels, evidence.groups, rules.reading)
        yield _Case(labels.column, rate.name, rate.of, limit, groups, gaps_between(groups))


def _limit(params: FairnessParams, column: str, rate: str, as_of: date) -> _Limit:
    """The limit on this day: a waiver raises it up to and on the day that it expires."""
    waivers = [w for w in params.waivers if (w.column, w.metric) == (column, rate)]
    active = [waiver for waiver in waivers if waiver.expires >= as_of]
    expired = [waiver for waiver in waivers if waiver.expires < as_of]
    widest = max(active, key=lambda waiver: waiver.max_gap, default=None)
    value = max(params.max_gap, widest.max_gap) if widest else params.max_gap
    return _Limit(value, widest, expired[0] if expired else None)


def _find_harm(cases: Sequence[_Case], params: FairnessParams, alpha: float) -> list[_Case]:
    """The cases, each with the answers to its gaps that are proven to exceed the limit."""
    gaps = [(case, gap) for case in cases for gap in case.gaps]
    beyond = holm([partial(_exceeds, gap, case.limit.value) for case, gap in gaps], alpha)
    wider = holm([partial(_widens, gap, params.max_widening) for _, gap in gaps], alpha)
    harm: dict[int, list[_Answer]] = {id(case): [] for case in cases}
    for place in beyond:
        case, gap = gaps[place]
        if place in wider:
            answer = _WIDENED
        elif gap.champions_lower(alpha) > case.limit.value:
            answer = _INHERITED
        else:
            answer = _PERHAPS_INHERITED if gap.champions > case.limit.value else _NEW
        harm[id(case)].append(answer)
    return [replace(case, harm=harm[id(case)]) for case in cases]


def _exceeds(gap: Gap, limit: float, alpha: float) -> bool:
    return gap.lower(alpha) > limit


def _widens(gap: Gap, limit: float, alpha: float) -> bool:
    return gap.widening(alpha) > limit


def _answer(classes: Sequence[_Case], alpha: float) -> _Answer:
    """The worst answer to one rate of one column, over its classes."""
    if not any(case.gaps for case in classes):
        return _NOT_EVALUATED
    if harm := [answer for case in classes for answer in case.harm]:
        return max(harm, key=_ANSWERS.index)
    safe = all(gap.upper(alpha) < case.limit.value for case in classes for gap in case.gaps)
    return _SAFE if safe else _INCONCLUSIVE


def _finding(classes: Sequence[_Case], answer: _Answer, alpha: float) -> FairnessFinding:
    """The widest gap of any class, under the largest of all upper bounds."""
    case = max(classes, key=lambda each: each.width)
    gap, waiver = next(iter(case.gaps), None), case.limit.active
    uppers = [each.upper(alpha) for one in classes for each in one.gaps]
    return FairnessFinding(
        column=case.column,
        metric=f"{case.rate}[{case.of}]" if case.of else case.rate,
        gap=gap.value if gap else None,
        lower=gap.lower(alpha) if gap else None,
        upper=max(uppers, default=None),
        limit=case.limit.value,
        champion_gap=case.champions_width,
        status=answer.status,
        waiver=f"{waiver.owner}: {waiver.reason} (until {waiver.expires})" if waiver else None,
        groups=tuple(
            Group(level=group.name, rows=group.rows, value=group.challenger.value)
            for group in case.groups
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
