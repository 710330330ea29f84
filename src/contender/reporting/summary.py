"""The one document of a run for a pull request: verdict, differences, data, parameters, cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contender.release.gate.decision import Decision
from contender.reporting import figures, origins, sketches
from contender.reporting.loader import EVALUATE, GATE, VALIDATE
from contender.reporting.markdown import render_decision
from contender.reporting.markup import bullets, code, escape, fold, table
from contender.reporting.material import Results, Validation

ABSENT: Final = "not set"


@dataclass(frozen=True)
class Change:
    """The parameters at the commit `base` and here; no `before` when it could not be read."""

    base: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """One job of the run: how long it took, and how it ended."""

    name: str
    seconds: float
    ended: str


@dataclass(frozen=True)
class Usage:
    """What the run used; `unknown` says why its jobs are not known."""

    jobs: Sequence[Job] = ()
    caches: Sequence[tuple[str, bool]] = ()
    unknown: str = ""


def render_summary(
    decision: Decision | None, results: Results, change: Change, usage: Usage
) -> str:
    """The whole document; what is not there is named with the command that makes it."""
    parts = [
        render_decision(decision).rstrip() if decision else _no_verdict(),
        _data(results.validation),
        _parameters(change),
        _plots(decision, results),
        _usage(usage),
    ]
    return "\n\n".join(parts) + "\n"


def _no_verdict() -> str:
    return (
        "## No verdict\n\n> [!CAUTION]\n> **Nothing was judged:** the run ended before the gate "
        f"did. {code(GATE)} makes a verdict; the log says what ended the run."
    )


def _data(validation: Validation | None) -> str:
    title = "### Data checks\n\n"
    if validation is None:
        return f"{title}The data was not checked: run {code(VALIDATE)}."
    found = origins.noteworthy(validation)
    told = f"{title}{escape(origins.describe_validation(validation))}"
    if not found:
        return told
    cells = [
        [
            escape(item.severity),
            code(item.column or "the table"),
            escape(origins.expectation_name(item)),
            escape("" if item.observed is None else item.observed),
        ]
        for item in found
    ]
    header = ["Severity", "Column", "Does not hold", "Observed"]
    shown = table(header, cells)
    return f"{told}\n\n{fold('What does not hold', shown, opened=not validation.success)}"


def _parameters(change: Change) -> str:
    title = f"### Parameters against {code(change.base)}\n\n"
    if change.before is None:
        return (
            f"{title}Not compared: params.yaml could not be read at that commit. A shallow clone "
            "does not have it; `fetch-depth: 2` does."
        )
    before, after = dict(origins.settings(change.before)), dict(origins.settings(change.after))
    cells = [
        [code(name), code(before.get(name, ABSENT)), code(after.get(name, ABSENT))]
        for name in sorted(before | after)
        if before.get(name) != after.get(name)
    ]
    if not cells:
        return f"{title}None of {figures.counted(len(after), 'parameter')} changed."
    return title + table(["Parameter", "Before", "Now"], cells)


def _plots(decision: Decision | None, results: Results) -> str:
    told = results.explanations
    drawn = [
        sketches.sketch_differences(decision) if decision else "",
        *sketches.sketch_curves(results),
        sketches.sketch_importance(told) if told and told.overall else "",
    ]
    found = "\n\n".join(filter(None, drawn)) or f"Nothing can be drawn: run {code(EVALUATE)}."
    return f"### Plots\n\n{found}"


def _usage(usage: Usage) -> str:
    title = "### Minutes and caches\n\n"
    caches = [
        f"Cache {code(name)}: {'found' if is_hit else 'not found'}" for name, is_hit in usage.caches
    ]
    facts = caches or ["No cache was looked for."]
    if not usage.jobs:
        reason = escape(usage.unknown or "no job has ended yet")
        return f"{title}{bullets([f'Minutes are not known: {reason}', *facts])}"
    total = sum(job.seconds for job in usage.jobs)
    billed = sum(-(-job.seconds // 60) for job in usage.jobs)
    ended = figures.counted(len(usage.jobs), "job")
    facts.insert(0, f"{ended} so far: {total / 60:.1f} minutes, {billed:.0f} as they are billed")
    cells = [
        [escape(job.name), f"{job.seconds / 60:.1f}", escape(job.ended)]
        for job in sorted(usage.jobs, key=lambda job: -job.seconds)
    ]
    shown = table(["Job", "Minutes", "Ended"], cells, right=(1,))
    return f"{title}{bullets(facts)}\n\n{fold('Every job', shown)}"
