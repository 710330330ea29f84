"""The plots of a run: what was proven, and what the challenger does on the holdout."""

from collections.abc import Iterator
from typing import Any, Final

from contender.release.gate.decision import Decision
from contender.reporting import figures, rows, wording
from contender.reporting.curves import CURVES
from contender.reporting.material import Explanations, Results
from contender.reporting.svg import INK, MUTED, SERIES, STYLE, Plot, make_axes, make_plot

WIDE: Final = 4.9  # inches
SHOWN_FEATURES: Final = 12
MARKERS: Final = {
    "▲ better": (SERIES[0], "^"),
    "▼ worse": (SERIES[1], "v"),
    "· open": (MUTED, "o"),
}


def draw_results(results: Results) -> tuple[Plot, ...]:
    """Every plot of the challenger alone, in the order of a report; same results, same bytes."""
    with _style():
        return tuple(_drawn(results))


def draw_differences(decision: Decision) -> tuple[Plot, ...]:
    """The plot of the differences to the opponent; empty when there was nothing to compare."""
    if not decision.estimates:
        return ()
    with _style():
        return (_draw_differences(decision),)


def _style() -> Any:
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def _drawn(results: Results) -> Iterator[Plot]:
    for name, draw in CURVES.items():
        if name in results.curves and results.curves[name].rows:
            yield draw(results.curves[name], results.schema)
    if results.explanations is not None and results.explanations.overall:
        yield _draw_importance(results.explanations)


def _draw_differences(decision: Decision) -> Plot:
    """Each metric's difference with its interval, on a scale of its own around zero."""
    found = rows.ordered_estimates(decision)
    texts = rows.metric_rows(decision)
    axes = make_axes(width=WIDE, height=0.9 + 0.32 * len(found))
    axes.axvline(0, color=MUTED, linewidth=1)
    for row, (item, text) in enumerate(zip(found, texts, strict=True)):
        reach = max(abs(item.lower), abs(item.upper)) or 1.0
        colour, marker = MARKERS[text.figures.word]
        axes.plot([item.lower / reach, item.upper / reach], [row, row], color=colour)
        axes.plot(item.difference / reach, row, color=colour, marker=marker, markersize=7)
        axes.text(1.7, row, text.figures.difference, ha="right", va="center")
        axes.text(1.8, row, text.figures.word[2:], va="center", color=colour)
    axes.set_yticks(range(len(found)), [text.name for text in texts], color=INK)
    axes.set(xlim=(-1.1, 2.25), xticks=[0], xticklabels=["worse  ← 0 →  better"])
    axes.set_ylim(len(found) - 0.3, -0.7)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    title = f"Difference to the {decision.opponent}, {wording.interval_name(decision.estimates)}"
    axes.figure.suptitle(title, x=0.02, ha="left")
    told = "; ".join(f"{t.name} {t.figures.difference}, {t.figures.word[2:]}" for t in texts)
    description = f"Each metric on a scale of its own. {told}"
    return make_plot(axes.figure, name="differences", title=title, description=description)


def _draw_importance(explanations: Explanations) -> Plot:
    """How far each feature moves predictions on average, the strongest on top."""
    ranked = sorted(explanations.overall, key=lambda item: -item.mean_abs)
    shown = ranked[:SHOWN_FEATURES]
    axes = make_axes(width=WIDE, height=0.9 + 0.27 * len(shown))
    for row, item in enumerate(shown):
        axes.barh(row, item.mean_abs, height=0.62, color=SERIES[0], alpha=0.85, linewidth=0)
        text = figures.number(item.mean_abs, 3)
        axes.annotate(text, (item.mean_abs, row), (5, 0), textcoords="offset points", va="center")
    names = [wording.shorten(item.feature) for item in shown]
    axes.set_yticks(range(len(shown)), names, color=INK)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, 1.18 * (shown[0].mean_abs or 1.0))
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(f"Mean absolute contribution ({explanations.unit})")
    title = "What moves predictions"
    axes.figure.suptitle(title, x=0.02, ha="left")
    told = ", ".join(f"{item.feature} {figures.number(item.mean_abs, 3)}" for item in shown)
    description = f"The {len(shown)} strongest of {len(ranked)} features: {told}"
    return make_plot(axes.figure, name="importance", title=title, description=description)
