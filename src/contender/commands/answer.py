"""What a command says, before `cli` prints it."""

import os
import shutil
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Data for stdout, talk for stderr, and the exit code."""

    text: str = ""
    note: str = ""
    code: int = 0


def terminal_style() -> dict[str, Any]:
    """How wide standard output is, and whether it shows colour (https://no-color.org)."""
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return {"width": shutil.get_terminal_size((100, 24)).columns, "colour": colour}
