"""Does a gain on the whole hide a loss on a part: the primary metric on every slice."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from contender.params import EvaluateParams
from contender.problem.schema import Task
from contender.release.gate.bootstrap import Pair
from contender.release.gate.decision import Check, Outcome, SliceFinding
from contender.release.gate.estimates import MIN_GROUPS, Comparison, compare, count_groups, holm
from contender.release.gate.evidence import Evidence, Labels
from contender.release.gate.rules import Rules

_slice = partial(Check, family="slice")


@dataclass(frozen=True)
class _Slice:
    column: str
    level: str
    critical: bool
    rows: int
    comparison: Comparison | None
    reason: str = ""


def judge_slices(
    evidence: Evidence, pair: Pair, rules: Rules
) -> tuple[tuple[SliceFinding, ...], tuple[Check, ...]]:
    """The primary metric of `pair` on every slice, and the checks that follow.

    A critical slice must be proven free of a loss of `gate.slice_margin`; any slice blocks when
    such a loss is proven. The error is `gate.alpha`: shared by all claims of harm (Holm), whole
    for each critical slice, because all of those must pass. Without a champion nothing blocks.
    """
    sliced = [labels for labels in evidence.labels if labels.slices != "no"]
    slices = [part for labels in sliced for part in _compare(labels, pair, evidence.task, rules)]
    alpha, margin = rules.gate.alpha, rules.slice_margin
    known = [part for part in slices if part.comparison]
    claims = [partial(_is_harmed, part, margin) for part in known]
    harmed = {id(known[index]) for index in holm(claims, alpha)}
    compared = evidence.champion is not None
    findings = []
    for part in slices:
        outcome = _judge(part, id(part) in harmed, rules) if compared else Outcome.SKIPPED
        findings.append(_finding(part, outcome, alpha))
    return tuple(findings), tuple(_checks(findings, rules, compared=compared))


def _compare(labels: Labels, pair: Pair, task: Task, rules: Rules) -> Iterator[_Slice]:
    """One slice a level, compared where it has rows enough; "" holds the rows without a value."""
    few = len(labels.levels) < 2**15
    codes = labels.codes.astype(np.int16) if few else labels.codes  # int16 sorts in linear time
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(-1, len(labels.levels) + 1))
    for code, level in enumerate(("", *labels.levels)):
        rows = order[starts[code] : starts[code + 1]]
        if code == 0 and len(rows) == 0:
            continue
        part = pair.take(rows)
        reason = _too_small(part, task, rules.reading)
        comparison = None if reason else compare(rules.primary, part, rules.resampling)
        critical = labels.slices == "critical"
        yield _Slice(labels.column, level, critical, len(rows), comparison, reason)


def _too_small(part: Pair, task: Task, reading: EvaluateParams) -> str:
    """Why the slice says nothing; empty when it can be compared."""
    if len(part.target) < reading.min_slice_rows:
        return f"{len(part.target)} rows, expected {reading.min_slice_rows}"
    if part.groups is not None and count_groups(part.groups) < MIN_GROUPS:
        return f"{count_groups(part.groups)} groups of rows, expected {MIN_GROUPS}"
    if task is Task.REGRESSION:
        return "" if np.ptp(part.target) > 0 else "every target is the same"
    n_classes = 2 if part.challenger.ndim == 1 else part.challenger.shape[1]
    rarest = int(np.bincount(part.target, minlength=n_classes).min())
    if rarest < reading.min_slice_class_rows:
        return f"{rarest} rows of the rarest class, expected {reading.min_slice_class_rows}"
    return ""


def _is_harmed(part: _Slice, margin: float, alpha: float) -> bool:
    return part.comparison is not None and part.comparison.difference.upper(alpha) < -margin


def _judge(part: _Slice, harmed: bool, rules: Rules) -> Outcome:
    if part.comparison is None:
        return Outcome.SKIPPED
    if harmed:
        return Outcome.REJECT
    safe = part.comparison.difference.lower(rules.gate.alpha) > -rules.slice_margin
    return Outcome.HOLD if part.critical and not safe else Outcome.PASS


def _finding(part: _Slice, outcome: Outcome, alpha: float) -> SliceFinding:
    if part.comparison is None:
        message, estimate = f"Not evaluated: {part.reason}.", None
    else:
        estimate = part.comparison.estimate(alpha)
        message = (
            f"The gain of {estimate.difference:+.4f} lies between {estimate.lower:+.4f} "
            f"and {estimate.upper:+.4f}."
        )
    return SliceFinding(
        column=part.column,
        level=part.level,
        rows=part.rows,
        critical=part.critical,
        outcome=outcome,
        message=message,
        estimate=estimate,
    )


def _checks(findings: list[SliceFinding], rules: Rules, *, compared: bool) -> Iterator[Check]:
    """One check a blocking slice, and one that says how many were looked at."""
    codes = {Outcome.REJECT: "slice-worse", Outcome.HOLD: "slice-not-proven-safe"}
    for finding in findings:
        if finding.outcome in codes:
            yield _slice(
                subject=_name(finding),
                outcome=finding.outcome,
                code=codes[finding.outcome],
                message=f"{rules.gate.primary} where {_name(finding)}: {finding.message} "
                f"The margin is {rules.slice_margin:g}.",
            )
    evaluated = sum(finding.estimate is not None for finding in findings)
    missed = [
        _name(finding) for finding in findings if finding.critical and finding.estimate is None
    ]
    if missed and compared:
        yield _slice(
            subject=", ".join(missed),
            outcome=Outcome.SKIPPED,
            code="critical-slice-not-evaluated",
            message=f"{len(missed)} critical slices are too small to say anything about.",
        )
    message = f"{evaluated} of {len(findings)} slices were evaluated"
    if not compared:
        message += "; there is no champion to compare with"
    passed = compared and evaluated > 0
    yield _slice(
        subject="all slices",
        outcome=Outcome.PASS if passed else Outcome.SKIPPED,
        code="slices-evaluated" if passed else "slices-not-compared",
        message=f"{message}.",
    )


def _name(finding: SliceFinding) -> str:
    return f"{finding.column}={finding.level or '(missing)'}"
