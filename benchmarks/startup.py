"""What each stage spends until it works; `--help`; a `dvc repro` that has nothing to do."""

import argparse
import sys
from pathlib import Path
from typing import Final

from measure import ROOT, Bar, cheapest, report
from workspace import at, copied, run

STAGES: Final = ("ingest", "validate", "split", "train", "evaluate")
WITHOUT_BAR: Final = ("validate", "evaluate")  # Great Expectations and SHAP cost what they cost
STAGE_S: Final = 1.5
HELP_S: Final = 0.15
IDLE_S: Final = 3.0
HELP: Final = (sys.executable, "-m", "contender", "--help")


def main() -> int:
    """Measure, print, write results/startup.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="each once instead of three times")
    quick = parser.parse_args().quick
    times = 1 if quick else 3
    with copied() as folder:
        run(["dvc", "repro"], folder)
        bars = [figure for stage in STAGES for figure in measure_start(stage, folder, times)]
        talk = cheapest("contender --help", HELP, times=times, env=at(folder))
        idle = cheapest("dvc repro, nothing to do", ["dvc", "repro"], cwd=folder, env=at(folder))
    bars.append(Bar("contender --help, CPU s", talk.cpu_s, HELP_S))
    bars.append(Bar("dvc repro with nothing to do, wall s", idle.wall_s, IDLE_S))
    return report("startup", [talk, idle], bars, keep=not quick)


def measure_start(stage: str, folder: Path, times: int) -> list[Bar]:
    """CPU seconds that `stage` spends on imports until it works, and altogether, at best."""
    script = str(ROOT / "benchmarks/imports.py")
    runs = [run([sys.executable, script, stage], folder).splitlines()[-1] for _ in range(times)]
    start, whole = min(tuple(map(float, line.split())) for line in runs)
    return [
        Bar(f"{stage}, until it works, CPU s", start, None if stage in WITHOUT_BAR else STAGE_S),
        Bar(f"{stage}, all imports, CPU s", whole),
    ]


if __name__ == "__main__":
    sys.exit(main())
