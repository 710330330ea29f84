"""What a command says, before `cli` prints it."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Data for stdout, talk for stderr, and the exit code.

    `notice` is what a reader of the run should see first; `outputs` are for later steps of it.
    """

    text: str = ""
    note: str = ""
    code: int = 0
    notice: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)


def terminal_style() -> dict[str, Any]:
    """How wide standard output is, and whether it shows colour (https://no-color.org)."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return {"width": shutil.get_terminal_size((100, 24)).columns, "colour": colour}
