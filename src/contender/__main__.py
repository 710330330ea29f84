"""`python -m contender` and the `contender` command: a process that lives for one command."""

import gc
import sys
from typing import Final

from contender import cli

# Imports make half a million objects that stay. Python looks through them for garbage after every
# 700 new ones and once more at exit: a third of what a stage costs on a small table.
NEW_OBJECTS: Final = 1_000_000


def main() -> int:
    """The exit code of the command that the process was started for."""
    gc.set_threshold(NEW_OBJECTS)
    try:
        return cli.main()
    finally:
        gc.freeze()  # what is there now goes with the process


if __name__ == "__main__":
    sys.exit(main())
