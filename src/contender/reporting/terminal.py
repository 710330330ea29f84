"""The decision as the last lines of a run: verdict, numbers, reasons, where to look next."""

import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from contender.release.gate.decision import Decision, Verdict
from contender.reporting import figures, rows, wording

MIN_WIDTH: Final = 40
GUTTER: Final = 10  # columns for the labels on the left
SHOWN_REASONS: Final = 3
SHOWN_METRICS: Final = 8
BOLD: Final = "1"
DIM: Final = "2"
HUES: Final = {
    Verdict.PROMOTE: "1;32",
    Verdict.BOOTSTRAP: "1;32",
    Verdict.HOLD: "1;33",
    Verdict.REJECT: "1;31",
    Verdict.ERROR: "1;35",
}
WORDS: Final = {"▲ better": "32", "▼ worse": "31", "· open": DIM}
NUMBERS: Final = (1, 2, 3)  # columns of the metric table that stand flush right
DROPPABLE: Final = (5, 2, 1, 4)  # those given up, in this order, on a narrow terminal

Paint = Callable[[str, str], str]


def render_decision(
    decision: Decision, *, width: int, colour: bool, rehearsal: Path | None = None
) -> str:
    """About 30 lines of at most `width` columns (at least 40); colour only repeats the words.

    `rehearsal` is the page of a run that decided nothing.
    """
    paint = painter(colour)
    width = max(width, MIN_WIDTH)
    story = printable(f"{decision.summary} {wording.verdict_meaning(decision)}")
    blocks = [
        [_headline(decision, width, paint), "", *textwrap.wrap(story, width)],
        _metrics(decision, width, paint),
        paragraphs([*_reasons(decision), *_circumstances(decision)], width, paint),
        paragraphs(_next_steps(decision, rehearsal), width, paint),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _headline(decision: Decision, width: int, paint: Paint) -> str:
    standing = "provisional" if decision.provisional else "final"
    rule = "━" * (width - len(decision.verdict) - len(standing) - 5)
    hue = HUES[decision.verdict]
    return f"{paint('━━', hue)} {paint(decision.verdict, hue)} {paint(rule, hue)} {standing}"


def _metrics(decision: Decision, width: int, paint: Paint) -> list[str]:
    found = rows.metric_rows(decision)
    if not found:
        return paragraphs([("metrics", "none could be compared")], width, paint)
    interval = wording.interval_name(decision.estimates)
    header = ["", *rows.figure_header(decision, interval)]
    table = [header] + [
        [f"{row.name} *" if row.decides else row.name, *row.figures.cells]
        for row in found[:SHOWN_METRICS]
    ]
    first, *others = _lay_out(table, width)
    note = "* decides; a positive difference favours the challenger, whatever the metric"
    return [
        paint(first, DIM),
        *(_paint_word(line, paint) for line in others),
        *(paint(line, DIM) for line in textwrap.wrap(note, width)),
    ]


def _reasons(decision: Decision) -> Iterator[tuple[str, str]]:
    found = rows.held_back(decision)
    for position, check in enumerate(found[:SHOWN_REASONS]):
        yield "" if position else "held by", f"{wording.finding(check)} [{check.code}]"
    if len(found) > SHOWN_REASONS:
        yield "", f"and {len(found) - SHOWN_REASONS} more, in the report"


def _circumstances(decision: Decision) -> Iterator[tuple[str, str]]:
    yield "checks", rows.tally(decision)
    if waived := sum(item.waiver is not None for item in decision.fairness):
        of = figures.counted(len(decision.fairness), "fairness limit")
        yield "waived", f"{waived} of {of}; by whom, why and until when is in the report"
    yield "task", wording.task(decision)
    if decision.holdout is not None:
        yield "holdout", wording.look(decision.holdout)
        if power := wording.power(decision.holdout, decision.primary):
            yield "power", power


def _next_steps(decision: Decision, rehearsal: Path | None) -> Iterator[tuple[str, str]]:
    for position, (what, why) in enumerate(wording.next_steps(decision, rehearsal=rehearsal)):
        yield "" if position else "next", f"{what}: {why}"


def paragraphs(facts: Iterable[tuple[str, str]], width: int, paint: Paint) -> list[str]:
    """Each text wrapped beside its label, all with the same left edge."""
    lines = []
    for label, text in facts:
        wrapped = textwrap.wrap(printable(text), width - GUTTER, break_on_hyphens=False)
        for position, line in enumerate(wrapped):
            left = label if position == 0 else ""
            lines.append(paint(left.ljust(GUTTER), DIM) + line)
    return lines


def _lay_out(table: list[list[str]], width: int) -> list[str]:
    """The table as lines; columns that do not fit into `width` are left out."""
    kept = list(range(len(table[0])))
    widths = [max(len(row[column]) for row in table) for column in kept]
    for column in DROPPABLE:
        if sum(widths[each] + 2 for each in kept) - 2 > width:
            kept.remove(column)
    return [
        "  ".join(_pad(printable(row[each]), widths[each], column=each) for each in kept).rstrip()
        for row in table
    ]


def _pad(text: str, width: int, *, column: int) -> str:
    return text.rjust(width) if column in NUMBERS else text.ljust(width)


def _paint_word(line: str, paint: Paint) -> str:
    for word, code in WORDS.items():
        if line.endswith(word):
            return line.removesuffix(word) + paint(word, code)
    return line


def painter(colour: bool) -> Paint:
    """What paints a text in a colour of the terminal, or leaves it alone."""
    return _paint_ansi if colour else _paint_nothing


def _paint_ansi(text: str, code: str) -> str:
    return f"\N{ESCAPE}[{code}m{text}\N{ESCAPE}[0m"


def _paint_nothing(text: str, _: str) -> str:
    return text


def printable(text: str) -> str:
    """`text` without what could move the cursor or change colours."""
    return "".join(mark if mark.isprintable() else " " for mark in text)
