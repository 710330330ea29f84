"""CPU seconds that a stage spends beside its work: `imports.py STAGE`, in a project's folder.

The stage runs for real. The last line printed has two sums of the start of Python and of imports,
those inside functions too: until the stage had done a tenth of a second of work, and until its end.
"""

import sys
import time
from importlib import _bootstrap as loader
from typing import Any, Final

WARM_S: Final = 0.1


class Clock:
    """Adds up the CPU time of imports; one inside another counts once."""

    def __init__(self) -> None:
        self.start_s = self.all_s = time.process_time()
        self.depth = 0

    def timed(self, load: Any) -> Any:
        """`load`, with the clock running."""

        def load_timed(name: str, import_: Any) -> Any:
            started = time.process_time()
            self.depth += 1
            try:
                return load(name, import_)
            finally:
                self.depth -= 1
                if self.depth == 0:
                    self.add(started, time.process_time() - started)

        return load_timed

    def add(self, started_s: float, spent_s: float) -> None:
        """Count an import that began when the process had used `started_s`."""
        if started_s - self.all_s < WARM_S:
            self.start_s += spent_s
        self.all_s += spent_s


def main() -> int:
    """Run the stage."""
    clock = Clock()
    # What every import of a module that is not there yet ends in, of C extensions too.
    loader._find_and_load = clock.timed(loader._find_and_load)  # type: ignore[attr-defined] # pylint: disable=protected-access
    from contender.__main__ import main as run  # pylint: disable=import-outside-toplevel  # timed

    code = run()
    print(round(clock.start_s, 3), round(clock.all_s, 3))
    return code


if __name__ == "__main__":
    sys.exit(main())
