"""Reports as files: the page, the card and the plots, each whole or not at all."""

from collections.abc import Iterable
from pathlib import Path

from contender import files
from contender.paths import Paths
from contender.reporting.card import render_card
from contender.reporting.html import render_report
from contender.reporting.loader import load_material, load_results
from contender.reporting.plots import draw_differences, draw_results
from contender.reporting.svg import Plot


def write_reports(paths: Paths) -> tuple[Path, ...]:
    """The report, the model card and the plots, as written.

    Raises:
        MissingError: there is no decision to report.
        IntegrityError: a file holds something else than its command writes, or the decision is
            about another model.
        WriteError: a file could not be written.
    """
    material = load_material(paths)
    plots = draw_differences(material.decision) + draw_results(material.results)
    files.write_text(paths.report, render_report(material, plots))
    files.write_text(paths.card, render_card(material))
    return (paths.report, paths.card, *_write_plots(plots, paths.plots))


def write_plots(paths: Paths) -> tuple[Path, ...]:
    """The plots of the challenger alone, as written; there need not be a decision yet.

    Raises:
        IntegrityError: a file holds something else than its stage writes.
        WriteError: a file could not be written.
    """
    return _write_plots(draw_results(load_results(paths)), paths.plots)


def _write_plots(plots: Iterable[Plot], folder: Path) -> tuple[Path, ...]:
    """Put the plots into `folder`; those of an earlier run that are not among them go."""
    written = {folder / f"{plot.name}.svg": plot for plot in plots}
    for path, plot in written.items():
        files.write_text(path, plot.standalone)
    for path in set(folder.glob("*.svg")) - set(written):
        path.unlink()
    return tuple(written)
