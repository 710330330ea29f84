"""From a fresh clone to a verdict: `make run` as somebody who just found the repository types it.

The packages are in uv's cache already, as they are for anybody who ran it once; nothing else is
there. The steps of `make run` are typed one by one to see where the time goes, so the total
counts its checks of what is done already more than once.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from measure import ROOT, Bar, measure, report

TOTAL_S: Final = 90.0
REPRO_S: Final = 60.0


def main() -> int:
    """Measure, print, write results/run.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="keep no results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="contender-") as name:
        folder, env = Path(name), stranger()
        clone = ["git", "clone", "--quiet", str(ROOT), str(folder)]
        steps = [measure("git clone", clone, cwd=folder, env=env)]
        for target, what in (
            ("setup", "environment from the lock"),
            ("data", "raw data, verified"),
            ("repro", "the five stages"),
            ("run", "registry, verdict, report"),
        ):
            command = ["make", "--no-print-directory", target]
            steps.append(measure(f"make {target}: {what}", command, cwd=folder, env=env))
        again = measure("make run, a second time", ["make", "run"], cwd=folder, env=env)
        facts = describe_environment(folder / ".venv")
    walls = {step.name.split(":")[0]: step.wall_s for step in steps}
    bars = [
        Bar("fresh clone to verdict, wall s", sum(walls.values()), TOTAL_S),
        Bar("of it the five stages, wall s", walls["make repro"], REPRO_S),
    ]
    print("\n".join(f"{value:>9,} {name.replace('_', ' ')}" for name, value in facts.items()))
    return report("run", [*steps, again], bars, keep=not options.quick, **facts)


def stranger() -> dict[str, str]:
    """The environment of somebody who has not activated this repository's own."""
    inside = str(ROOT / ".venv")
    path = [part for part in os.environ["PATH"].split(os.pathsep) if not part.startswith(inside)]
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return kept | {"PATH": os.pathsep.join(path)}


def describe_environment(folder: Path) -> dict[str, int]:
    """How many packages are in the environment at `folder`, and how much disk it takes."""
    files = [file.lstat() for file in folder.rglob("*")]
    return {
        "packages": len(list(folder.glob("lib/python*/site-packages/*.dist-info"))),
        "megabytes": round(sum(file.st_blocks for file in files) * 512 / 1e6),
    }


if __name__ == "__main__":
    sys.exit(main())
