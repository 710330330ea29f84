"""`dvc repro` of all stages against a bare script: CPU and memory, on resampled rows."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Final

from measure import ROOT, Bar, Usage, measure, report
from workspace import at, copied

from contender.paths import Paths
from contender.problem.schema import Schema, load_schema

CPU_RATIO: Final = 1.3
MEMORY_RATIO: Final = 2.0
LARGEST_MB: Final = 8_000.0


def main() -> int:
    """Run both, print them side by side, write results/pipeline_<rows>.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="100,000 rows, to see that it works")
    parser.add_argument("--alone", action="store_true", help="leave the bare script out")
    options = parser.parse_args()
    rows = 100_000 if options.quick else options.rows
    with copied(rows) as folder:
        schema = load_schema(Paths(root=folder).schema)
        stages, whole = measure_pipeline(folder)
        bare = None if options.alone else measure_bare(folder, schema)
    bars = [Bar("peak of any stage, MB", max(stage.peak_mb for stage in stages), LARGEST_MB)]
    if bare:
        bars = [
            Bar("CPU, dvc repro / bare script", whole.cpu_s / bare.cpu_s, CPU_RATIO),
            Bar("peak memory, dvc repro / bare script", whole.peak_mb / bare.peak_mb, MEMORY_RATIO),
            *bars,
        ]
    usages = [*stages, whole, *([bare] if bare else [])]
    return report(f"pipeline_{rows}", usages, bars, keep=not options.quick, rows=rows)


def measure_pipeline(folder: Path) -> tuple[list[Usage], Usage]:
    """The cost of each process of `dvc repro`, and of all of them together."""
    costs = folder / ".git/costs.jsonl"
    env = at(folder, CONTENDER_COSTS=os.fspath(costs))
    env["PYTHONPATH"] += os.pathsep + os.fspath(ROOT / "benchmarks/probe")
    whole = measure("dvc repro, all of these", ["dvc", "repro"], cwd=folder, env=env)
    lines = costs.read_text(encoding="utf-8").splitlines()
    return [Usage(**json.loads(line)) for line in lines], whole


def measure_bare(folder: Path, schema: Schema) -> Usage:
    """The cost of the bare script on the same rows."""
    source = next((folder / "data/raw").glob("*.csv"))
    positive = str(schema.columns[schema.target].positive)
    script = str(ROOT / "benchmarks/bare.py")
    command = [script, str(source), str(Paths(root=folder).params)]
    names = [schema.id, schema.target, positive]
    return measure("bare script", [sys.executable, *command, *names], cwd=folder, env=at(folder))


if __name__ == "__main__":
    sys.exit(main())
