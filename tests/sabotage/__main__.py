"""`make sabotage`: the proof with 200 honest models, or with as many as `--honest` says."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.sabotage.project import Project
from tests.sabotage.proof import Tally, prove


def main() -> int:
    """Print a line a fault and the tally; 0 when all were caught and nothing else was blocked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=200, metavar="N")
    honest, tally = parser.parse_args().honest, Tally()
    with tempfile.TemporaryDirectory(prefix="contender-") as folder:
        for line in prove(Project.make(Path(folder)), tally, honest=honest):
            print(line, flush=True)
    print("\n".join(f"WRONG: {wrong}" for wrong in tally.wrong))
    print(", ".join(f"{count} honest: {verdict}" for verdict, count in tally.honest.items()))
    print(tally)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
