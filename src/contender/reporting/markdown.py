"""The decision as Markdown for a pull request: the verdict first, the rest behind folds."""

from typing import Final

from contender.release.gate.decision import Decision, Verdict
from contender.reporting import rows, wording
from contender.reporting.markup import bullets, code, escape, fold, table

ALERTS: Final = {
    Verdict.PROMOTE: "TIP",
    Verdict.BOOTSTRAP: "TIP",
    Verdict.HOLD: "NOTE",
    Verdict.REJECT: "CAUTION",
    Verdict.ERROR: "CAUTION",
}


def render_decision(decision: Decision) -> str:
    """The report of a pull request; what blocks is unfolded."""
    parts = [
        f"## {decision.verdict}: {wording.contest(decision)}",
        _alert(decision),
        _held_back(decision),
        metric_table(decision),
        _circumstances(decision),
        _slices(decision),
        _fairness(decision),
        _cost(decision),
        _checks(decision),
        _digests(decision),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def metric_table(decision: Decision) -> str:
    """The metrics of both models with differences and intervals, or that there are none."""
    found = rows.metric_rows(decision)
    if not found:
        return "No metric could be compared."
    interval = wording.interval_name(decision.estimates)
    header = ["Metric", *rows.figure_header(decision, interval)]
    cells = [
        [
            f"**{escape(row.name)}** (decides)" if row.decides else escape(row.name),
            *row.figures.cells,
        ]
        for row in found
    ]
    note = "A positive difference favours the challenger, whatever the metric."
    return table(header, cells, right=(1, 2, 3)) + f"\n\n<sub>{note}</sub>"


def slice_table(decision: Decision) -> str:
    """The primary metric of both models on each slice, the worst first."""
    header = ["Slice", "Rows", *rows.figure_header(decision, rows.slice_interval(decision))]
    cells = []
    for row in rows.slice_rows(decision):
        missing = ["", "", "", escape(row.finding.message)]
        numbers = row.figures.cells[:4] if row.figures else missing
        name = escape(row.name) + (" (critical)" if row.finding.critical else "")
        cells.append([name, row.rows, *numbers, row.word])
    return table(header, cells, right=(1, 2, 3, 4))


def fairness_table(decision: Decision) -> str:
    """The widest gap between groups, for each column and metric, and each waiver below."""
    header = ["Gap", "Widest", "Interval", "Limit", "Champion", "", ""]
    found = rows.fairness_rows(decision)
    cells = [
        [
            escape(row.name),
            row.gap,
            row.interval,
            row.limit + (" (waived)" if row.finding.waiver else ""),
            row.champion,
            row.status,
            row.word,
        ]
        for row in found
    ]
    waivers = [
        f"**Waiver** for {escape(row.name)}: {escape(row.finding.waiver)}"
        for row in found
        if row.finding.waiver
    ]
    return "\n\n".join(
        part for part in (table(header, cells, right=(1, 3)), bullets(waivers)) if part
    )


def _alert(decision: Decision) -> str:
    summary = f"**{escape(decision.summary)}** {wording.verdict_meaning(decision)}"
    return f"> [!{ALERTS[decision.verdict]}]\n> {summary}"


def _held_back(decision: Decision) -> str:
    found = rows.held_back(decision)
    items = [
        f"**{wording.OUTCOMES[check.outcome]}** {escape(wording.finding(check))} {code(check.code)}"
        for check in found
    ]
    return f"**What held it back**\n\n{bullets(items)}" if items else ""


def _circumstances(decision: Decision) -> str:
    facts = [wording.standing(decision), wording.task(decision)]
    if decision.holdout is not None:
        facts.append(wording.look(decision.holdout))
        facts += filter(None, [wording.power(decision.holdout, decision.primary)])
    return bullets(escape(fact) for fact in facts)


def _slices(decision: Decision) -> str:
    if not decision.slices:
        return "No slice was compared."
    missed = sum(item.estimate is None for item in decision.slices)
    title = f"Slices: {len(decision.slices) - missed} compared, {missed} not evaluated"
    blocks = any(item.outcome not in rows.PASSED for item in decision.slices)
    return fold(title, slice_table(decision), opened=blocks)


def _fairness(decision: Decision) -> str:
    if not decision.fairness:
        return "No group was compared for fairness."
    waived = sum(item.waiver is not None for item in decision.fairness)
    blocks = [item for item in decision.fairness if item.outcome not in rows.PASSED]
    title = f"Fairness: {len(decision.fairness)} gaps, {len(blocks)} blocking, {waived} waived"
    return fold(title, fairness_table(decision), opened=bool(blocks))


def _cost(decision: Decision) -> str:
    if not decision.cost:
        return "No cost was measured."
    cells = [
        [escape(row.name), row.challenger, row.champion, row.ratio, escape(row.limit), row.word]
        for row in rows.cost_rows(decision)
    ]
    header = ["Cost", "Challenger", "Champion", "Ratio", "Limit", ""]
    blocks = any(item.outcome not in rows.PASSED for item in decision.cost)
    return fold("Cost", table(header, cells, right=(1, 2, 3)), opened=blocks)


def _checks(decision: Decision) -> str:
    cells = [
        [
            wording.OUTCOMES[check.outcome],
            check.family,
            escape(check.subject),
            escape(check.message),
            code(check.code),
        ]
        for check in rows.ordered_checks(decision)
    ]
    header = ["Outcome", "Family", "Subject", "What was found", "Code"]
    return fold(f"All checks: {rows.tally(decision)}", table(header, cells))


def _digests(decision: Decision) -> str:
    if decision.digests is None:
        return ""
    named = decision.digests.model_dump()
    cells = [[name.replace("_", " "), code(value or "none")] for name, value in named.items()]
    return fold("Digests", table(["What", "SHA-256"], cells))
