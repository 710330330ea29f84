"""`make vacuity`: every gate fed every kind of nothing, as a table; 0 when none of them passed."""

import sys
import tempfile
from pathlib import Path

from contender.paths import Paths
from contender.tracking import open_registry
from tests.vacuity.cells import PASSED, Ground
from tests.vacuity.matrix import FEEDS, MATRIX, feed_all


def main() -> int:
    """Print a line a cell, why the others do not apply, and how many did not pass."""
    with tempfile.TemporaryDirectory(prefix="contender-") as folder:
        place = Paths(work=Path(folder))
        open_registry(place, uri=None, name="empty")
        said = {}
        for gate, feed, words in feed_all(Ground.make(Path(folder), place.registry)):
            said[gate, feed] = words
            print(f"{gate:<14}{feed:<13}{words}", flush=True)
    print()
    for gate, row in MATRIX.items():
        for feed in FEEDS:
            if isinstance(why := row[feed], str):
                print(f"{gate:<14}{feed:<13}does not apply: {why}")
    refused = sum(words != PASSED for words in said.values())
    print(f"{refused}/{len(said)} non-pass")
    return 0 if said and refused == len(said) else 1


if __name__ == "__main__":
    sys.exit(main())
