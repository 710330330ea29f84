"""How scores rank, how far they can be trusted, and where they are wrong: one plot a curve."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from contender.problem.schema import Schema, Task
from contender.reporting import figures, wording
from contender.reporting.material import Curve
from contender.reporting.svg import INK, MUTED, PAPER, SERIES, Plot, make_axes, make_plot

LARGEST_MATRIX: Final = 12  # classes whose confusions can still be read
DEEPEST: Final = 0.5  # opacity of the darkest cell, so that its number stays readable
DASHES: Final = ("-", "--", "-.", ":", (0, (6, 1)), (0, (1, 1)))  # one for each of SERIES
CLASS: Final = "class"  # the column that names the class of a row, when there are many


def _draw_roc(curve: Curve, _: Schema | None) -> Plot:
    axes = make_axes()
    _diagonal(axes)
    _lines(axes, curve, "false_positive_rate", "true_positive_rate")
    axes.set(xlabel="False positive rate", ylabel="True positive rate", title="ROC curve")
    description = "True against false positive rate; the dotted diagonal is chance"
    return make_plot(axes.figure, name="roc", title="ROC curve", description=description)


def _draw_precision_recall(curve: Curve, _: Schema | None) -> Plot:
    axes = make_axes()
    _lines(axes, curve, "recall", "precision")
    title = "Precision and recall"
    axes.set(xlabel="Recall", ylabel="Precision", title=title)
    description = "Precision against recall as the threshold falls"
    return make_plot(axes.figure, name="precision_recall", title=title, description=description)


def _draw_calibration(curve: Curve, schema: Schema | None) -> Plot:
    axes = make_axes()
    _diagonal(axes)
    predicted, observed = curve.columns["predicted"], curve.columns["observed"]
    axes.plot(predicted, observed, color=SERIES[0], marker="o", markersize=4)
    several = schema is not None and schema.task is Task.MULTICLASS
    title, share = "Calibration", "Share that was right" if several else "Observed share"
    axes.set(xlabel="Mean predicted probability", ylabel=share, title=title)
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    description = (
        f"{share} against predicted probability in {curve.rows} bins; "
        "on the dotted diagonal probabilities mean what they say"
    )
    return make_plot(axes.figure, name="calibration", title=title, description=description)


def _draw_confusion(curve: Curve, _: Schema | None) -> Plot:
    """Rows by actual and predicted class, shaded by their share of the actual class."""
    names = list(dict.fromkeys(curve.columns["actual"]))
    triples = (curve.columns[name] for name in ("actual", "predicted", "rows"))
    cells = {(actual, predicted): n for actual, predicted, n in zip(*triples, strict=True)}
    axes = make_axes()
    for row, actual in enumerate(names):
        counts = [cells.get((actual, predicted), 0.0) for predicted in names]
        for column, count in enumerate(counts):
            share = count / (sum(counts) or 1.0)
            _cell(axes, (column, row), share)
            if len(names) <= LARGEST_MATRIX:
                text = f"{count:,.0f}\n{figures.percent(share)}"
                axes.text(column, row, text, ha="center", va="center", color=INK)
    shown = [wording.shorten(wording.level_name(name)) for name in names]
    axes.set_xticks(range(len(names)), shown)
    axes.set_yticks(range(len(names)), shown)
    axes.set(xlim=(-0.5, len(names) - 0.5), ylim=(len(names) - 0.5, -0.5))
    axes.set(xlabel="Predicted", ylabel="Actual", title="Confusion")
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    right = sum(cells.get((name, name), 0.0) for name in names) / (sum(cells.values()) or 1.0)
    description = (
        f"Rows of each actual class by predicted class; {figures.percent(right)} are right"
    )
    return make_plot(axes.figure, name="confusion", title="Confusion", description=description)


def _draw_scores(curve: Curve, schema: Schema | None) -> Plot:
    """How the scores of each class are spread; for many classes, those that each gives its own."""
    several = CLASS in curve.columns
    parts = curve.split(CLASS if several else "actual")
    axes = make_axes()
    for (name, part), colour, dash in zip(parts.items(), SERIES, DASHES, strict=False):
        own = part.split("actual").get("this", part) if several else part
        total = sum(own.columns["rows"]) or 1.0
        shares = [rows / total for rows in own.columns["rows"]]
        _steps(axes, own.columns["score"], shares, color=colour, linestyle=dash, label=_label(name))
    _legend(axes, total=len(parts))
    title = "Probability given to the true class" if several else "Scores by actual class"
    of = f" of {schema.classes[-1]}" if schema and schema.classes and not several else ""
    axes.set(xlabel=f"Probability{of}", ylabel="Share of the class's rows", title=title)
    axes.set(xlim=(0, 1), ylim=(0, None))
    description = f"Share of each class's rows by probability: {', '.join(parts)}"
    return make_plot(axes.figure, name="scores", title=title, description=description)


def _draw_predicted_actual(curve: Curve, schema: Schema | None) -> Plot:
    axes = make_axes()
    predicted, actual = curve.columns["predicted"], curve.columns["actual"]
    ends = [min(*predicted, *actual), max(*predicted, *actual)]
    axes.plot(ends, ends, color=MUTED, linewidth=1, linestyle=":")
    axes.plot(predicted, actual, color=SERIES[0], marker="o", markersize=3, linewidth=0)
    title, target = "Predicted and actual", _target(schema)
    axes.set(xlabel=f"Predicted {target}", ylabel=f"Actual {target}", title=title)
    description = (
        f"Mean actual against mean predicted {target} in {curve.rows} bins; "
        "on the dotted diagonal they agree"
    )
    return make_plot(axes.figure, name="predicted_actual", title=title, description=description)


def _draw_residuals(curve: Curve, schema: Schema | None) -> Plot:
    axes = make_axes()
    residuals, rows = curve.columns["residual"], curve.columns["rows"]
    _steps(axes, residuals, rows, color=SERIES[0])
    axes.axvline(0, color=MUTED, linewidth=1, linestyle=":")
    axes.locator_params(axis="x", nbins=6)
    axes.set(xlabel=f"Actual minus predicted {_target(schema)}", ylabel="Rows", title="Residuals")
    axes.set(ylim=(0, None))
    description = f"Rows by actual minus predicted, from {min(residuals):g} to {max(residuals):g}"
    return make_plot(axes.figure, name="residuals", title="Residuals", description=description)


CURVES: Final[Mapping[str, Callable[[Curve, Schema | None], Plot]]] = {
    "roc": _draw_roc,
    "precision_recall": _draw_precision_recall,
    "calibration": _draw_calibration,
    "confusion": _draw_confusion,
    "scores": _draw_scores,
    "predicted_actual": _draw_predicted_actual,
    "residuals": _draw_residuals,
}


def _lines(axes: Any, curve: Curve, across: str, up: str) -> None:
    """One line a class within the unit square, or one line when no column names a class."""
    parts = curve.split(CLASS)
    for (name, part), colour, dash in zip(parts.items(), SERIES, DASHES, strict=False):
        points = part.columns[across], part.columns[up]
        axes.plot(*points, color=colour, linestyle=dash, label=_label(name))
    if CLASS in curve.columns:
        _legend(axes, total=len(parts))
    axes.set(xlim=(0, 1), ylim=(0, 1.02))


def _steps(axes: Any, middles: Sequence[float], heights: Sequence[float], **line: Any) -> None:
    """A histogram as a line over a light ground; `middles` are those of its bins."""
    width = middles[1] - middles[0] if len(middles) > 1 else 1.0
    edges = [middles[0] - width / 2, *(middle + width / 2 for middle in middles)]
    axes.stairs(heights, edges, baseline=0, linewidth=1.8, **line)
    axes.stairs(heights, edges, baseline=0, fill=True, color=line["color"], alpha=0.15)


def _diagonal(axes: Any) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")


def _label(name: str) -> str:
    """The class as a legend shows it; matplotlib leaves out what starts with an underscore."""
    shown = wording.shorten(wording.level_name(name))
    return f"\N{WORD JOINER}{shown}" if shown.startswith("_") else shown


def _legend(axes: Any, *, total: int) -> None:
    """The names of the lines, and how many of `total` classes they are when not all."""
    shown = min(total, len(SERIES))
    title = f"{shown} of {total} classes" if shown < total else None
    axes.legend(title=title, loc="best", handlelength=2.2)


def _cell(axes: Any, place: tuple[int, int], share: float) -> None:
    from matplotlib.patches import Rectangle

    corner = (place[0] - 0.5, place[1] - 0.5)
    axes.add_patch(Rectangle(corner, 1, 1, color=SERIES[0], linewidth=0, alpha=DEEPEST * share))
    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=PAPER, linewidth=2))


def _target(schema: Schema | None) -> str:
    """The target's name and unit, as an axis says it."""
    if schema is None:
        return "target"
    unit = schema.columns[schema.target].unit
    return f"{schema.target} ({unit})" if unit else schema.target
