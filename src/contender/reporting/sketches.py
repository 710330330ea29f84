"""Plots that GitHub draws itself from Markdown: bars of letters, and charts in mermaid.

A job summary and a comment show no file of the repository and strip `data:` addresses, so a
picture would need a host that somebody has to trust. Letters are also read in a mail and a log.
"""

import bisect
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from contender.release.gate.decision import Decision, Estimate
from contender.reporting import figures, rows
from contender.reporting.material import Curve, Explanations, Results
from contender.reporting.markup import code, escape, table
from contender.reporting.svg import ROLES

HALF: Final = 20  # letters on each side of zero
LONGEST_BAR: Final = 24
SHOWN_FEATURES: Final = 8
ROC_POINTS: Final = 20
# Mermaid's own first colour can hardly be seen on white; these are seen on black too.
COLOURS: Final = ", ".join(ROLES[name].light for name in ("series-1", "series-2"))
LOOK: Final = (
    '%%{init: {"xyChart": {"width": 620, "height": 340}, '
    f'"themeVariables": {{"xyChart": {{"plotColorPalette": "{COLOURS}"}}}}}}}}%%'
)
EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def sketch_differences(decision: Decision) -> str:
    """Each metric's difference with its interval, on a scale of its own around zero."""
    found = rows.ordered_estimates(decision)
    if not found:
        return ""
    texts = rows.metric_rows(decision)
    width = max(len(text.name) for text in texts)
    lines = [
        f"{' '.join(text.name.split()):<{width}}  {_strip(item)}  {text.figures.difference}"
        for item, text in zip(found, texts, strict=True)
    ]
    heading = f"{'':<{width}}  {'worse ← 0 → better':^{2 * HALF + 1}}"
    return "```text\n" + "\n".join([heading, *lines]) + "\n```"


def sketch_importance(told: Explanations) -> str:
    """The features that move predictions most, each with a bar."""
    ranked = sorted(told.overall, key=lambda item: -item.mean_abs)[:SHOWN_FEATURES]
    longest = ranked[0].mean_abs or 1.0
    cells = [
        [code(item.feature), _bar(item.mean_abs / longest), figures.number(item.mean_abs, 3)]
        for item in ranked
    ]
    return table(["What moves predictions", "", escape(told.unit)], cells, right=(2,))


def sketch_curves(results: Results) -> list[str]:
    """The curves of the challenger that a chart of mermaid can show."""
    return [
        draw(results.curves[name])
        for name, draw in CURVES.items()
        if name in results.curves and results.curves[name].rows
    ]


def _strip(item: Estimate) -> str:
    """The interval as a line, its estimate as a point, and zero in the middle."""
    reach = max(abs(item.lower), abs(item.upper)) or 1.0
    low, middle, high = (
        HALF + round(HALF * value / reach) for value in (item.lower, item.difference, item.upper)
    )
    marks = ["━" if low <= place <= high else " " for place in range(2 * HALF + 1)]
    marks[HALF] = "┿" if low <= HALF <= high else "│"
    marks[middle] = "●"
    return "".join(marks)


def _bar(share: float) -> str:
    """A bar as long as `share` of the longest one, to an eighth of a letter."""
    whole, eighths = divmod(round(8 * LONGEST_BAR * share), 8)
    return "█" * whole + EIGHTHS[eighths].strip()


def _draw_roc(curve: Curve) -> str:
    if "class" in curve.columns:
        return ""
    at, reached = curve.columns["false_positive_rate"], curve.columns["true_positive_rate"]
    grid = [place / ROC_POINTS for place in range(ROC_POINTS + 1)]
    found = [_interpolate(place, at, reached) for place in grid]
    axes = ['x-axis "False positive rate" 0 --> 1', 'y-axis "True positive rate" 0 --> 1']
    return _chart("ROC: the lower line is chance", axes, [("line", found), ("line", grid)])


def _draw_calibration(curve: Curve) -> str:
    predicted, observed = curve.columns["predicted"], curve.columns["observed"]
    axes = [_names("Mean predicted probability", predicted), 'y-axis "Observed share" 0 --> 1']
    title = "Calibration: bars should end at the line"
    return _chart(title, axes, [("bar", observed), ("line", predicted)])


def _draw_predicted_actual(curve: Curve) -> str:
    predicted, actual = curve.columns["predicted"], curve.columns["actual"]
    axes = [_names("Mean predicted", predicted), 'y-axis "Mean actual"']
    title = "Predicted and actual: the two lines should meet"
    return _chart(title, axes, [("line", actual), ("line", predicted)])


def _draw_residuals(curve: Curve) -> str:
    axes = [_names("Actual minus predicted", curve.columns["residual"]), 'y-axis "Rows"']
    return _chart("Residuals", axes, [("bar", curve.columns["rows"])])


CURVES: Final[Mapping[str, Callable[[Curve], str]]] = {
    "roc": _draw_roc,
    "calibration": _draw_calibration,
    "predicted_actual": _draw_predicted_actual,
    "residuals": _draw_residuals,
}


def _chart(title: str, axes: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> str:
    drawn = [f"{kind} [{', '.join(f'{y:.4g}' for y in values)}]" for kind, values in series]
    lines = ["xychart-beta", f'title "{title}"', *axes, *drawn]
    return "```mermaid\n" + LOOK + "\n" + "\n    ".join(lines) + "\n```"


def _names(title: str, values: Sequence[float]) -> str:
    return f'x-axis "{title}" [' + ", ".join(f'"{value:.3g}"' for value in values) + "]"


def _interpolate(place: float, at: Sequence[float], reached: Sequence[float]) -> float:
    """The height of the curve at `place`; of several points there, the last."""
    right = bisect.bisect_right(at, place)
    if right in (0, len(at)):
        return reached[min(right, len(at) - 1)]
    before, after = at[right - 1], at[right]
    share = (place - before) / (after - before)
    return reached[right - 1] + share * (reached[right] - reached[right - 1])
