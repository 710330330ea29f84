"""The findings of a check-up for people: one line each, then what can be done about it."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from contender.checkup import Finding, State
from contender.reporting.terminal import MIN_WIDTH, painter, printable

HUES: Final = {
    State.OK: "32",
    State.PROTECTED: "32",
    State.OFF: "2",
    State.BROKEN: "1;31",
    State.UNPROTECTED: "1;33",
    State.UNKNOWN: "1;35",
}


def render_findings(findings: Sequence[Finding], *, width: int, colour: bool) -> str:
    """A block a finding; colour only repeats the words."""
    width, paint = max(width, MIN_WIDTH), painter(colour)
    names = max(len(it.name) for it in findings)
    states = max(len(it.state) for it in findings)
    left = " " * (names + states + 4)
    lines = []
    for it in findings:
        wrapped = textwrap.wrap(printable(it.seen), max(width - len(left), MIN_WIDTH // 2))
        for position, text in enumerate(wrapped or [""]):
            state = paint(f"{it.state:<{states}}", HUES[it.state])
            lines.append(f"{left}{text}" if position else f"{it.name:<{names}}  {state}  {text}")
        if it.command:
            lines.append(f"{left}→ {it.command}")
    return "\n".join(lines)


def render_json(findings: Sequence[Finding]) -> str:
    """The same as JSON."""
    return json.dumps([asdict(it) for it in findings], indent=2)
