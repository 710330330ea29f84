"""The report as one HTML page: no network, no script, light and dark, on paper and on a phone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from contender.release.gate.decision import Estimate, FairnessFinding
from contender.reporting import figures, origins, rows, wording
from contender.reporting.material import Example, Material
from contender.reporting.svg import ROLES, Plot

SHOWN_CONTRIBUTIONS: Final = 8


@dataclass(frozen=True)
class Strip:
    """An interval drawn in a cell, in percent of the cell's width; `mark` is zero or the limit."""

    low: float
    middle: float
    high: float
    mark: float


@dataclass(frozen=True)
class Bar:
    """What one feature adds to a prediction, drawn from the middle of a cell."""

    feature: str
    value: str
    contribution: str
    left: float
    width: float
    raises: bool


def render_report(material: Material, plots: Sequence[Plot]) -> str:
    """The whole page; what is not there is named with the command that makes it."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("contender.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("report.html.jinja")
    return template.render(
        material=material,
        results=material.results,
        decision=material.decision,
        plots={plot.name: plot.inline for plot in plots},
        roles=ROLES,
        origins=origins,
        rows=rows,
        figures=figures,
        wording=wording,
        slice_strips=slice_strips(rows.slice_rows(material.decision)),
        gap_strips=gap_strips(rows.fairness_rows(material.decision)),
        bars=contribution_bars,
        other_metrics=rows.other_metrics(material),
        slice_metrics=_slice_metrics(material),
        ratios=_ratios(material),
    )


def slice_strips(found: Sequence[rows.SliceRow]) -> list[Strip | None]:
    """The interval of each slice on one scale around zero; None for a slice not compared."""
    estimates = [row.finding.estimate for row in found]
    reach = max((abs(end) for e in estimates if e for end in (e.lower, e.upper)), default=0.0)
    return [_around_zero(estimate, reach or 1.0) if estimate else None for estimate in estimates]


def gap_strips(found: Sequence[rows.FairnessRow]) -> list[Strip | None]:
    """The interval of each gap on one scale from zero; None for a gap not evaluated."""
    findings = [row.finding for row in found]
    ends = [end for item in findings for end in (item.upper, item.limit) if end is not None]
    reach = 1.1 * max(ends, default=0.0) or 1.0
    return [_from_zero(item, reach) for item in findings]


def contribution_bars(example: Example) -> Iterator[Bar]:
    """The strongest contributions to one prediction, and the sum of the others as the last."""
    ranked = sorted(example.contributions, key=lambda item: -abs(item.contribution))
    shown, others = ranked[:SHOWN_CONTRIBUTIONS], ranked[SHOWN_CONTRIBUTIONS:]
    rest = sum(item.contribution for item in others)
    reach = max([abs(item.contribution) for item in shown] + [abs(rest)], default=0.0) or 1.0
    for item in shown:
        value = wording.MISSING_LEVEL if item.value is None else figures.plain(item.value)
        yield _bar(item.feature, value, item.contribution, reach)
    if others:
        yield _bar(f"{len(others)} other features", "", rest, reach)


def _slice_metrics(material: Material) -> list[str]:
    """The names of all metrics that any slice has, in the order they appear."""
    return list(
        dict.fromkeys(name for part in material.results.slices or () for name in part.metrics)
    )


def _ratios(material: Material) -> dict[tuple[str, str], str]:
    gaps = material.results.gaps or ()
    return {
        (gap.column, gap.metric): figures.number(gap.ratio, None if gap.ratio is None else 2)
        for gap in gaps
    }


def _around_zero(estimate: Estimate, reach: float) -> Strip:
    ends = (estimate.lower, estimate.difference, estimate.upper, 0.0)
    return Strip(*(_position(end / reach) for end in ends))


def _from_zero(finding: FairnessFinding, reach: float) -> Strip | None:
    if finding.gap is None or finding.lower is None or finding.upper is None:
        return None
    ends = (finding.lower, finding.gap, finding.upper, finding.limit)
    return Strip(*(round(100 * max(0.0, end) / reach, 1) for end in ends))


def _position(share: float) -> float:
    """From -1 .. 1 to 2 .. 98 percent."""
    return round(50 + 48 * share, 1)


def _bar(feature: str, value: str, contribution: float, reach: float) -> Bar:
    width = round(48 * abs(contribution) / reach, 1)
    raises = contribution >= 0
    text = figures.signed(contribution, 3)
    return Bar(feature, value, text, 50.0 if raises else round(50 - width, 1), width, raises)
