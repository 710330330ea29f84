"""`contender predict` against a bare script on ONNX Runtime: CPU, time and memory of many rows."""

import argparse
import sys
from pathlib import Path
from statistics import median
from typing import Final

import pyarrow.parquet as pq
from measure import ROOT, Bar, Usage, measure, report
from workspace import at, copied, replace_rows, run

from contender.paths import Paths
from contender.problem.schema import load_schema

RATIO: Final = 1.3
GROWTH: Final = 1.1  # peak memory of all rows to that of a quarter of them
STEPS: Final = ("record", "gate", "report", "bundle")


def main() -> int:
    """Run both in turn, print them side by side, write results/batch.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5, help="runs of each")
    parser.add_argument("--quick", action="store_true", help="20,000 rows once")
    options = parser.parse_args()
    rows, times = (20_000, 1) if options.quick else (options.rows, options.times)
    with copied() as folder:
        table, quarter = make_rows(folder, rows)
        runs = [(predict(folder, table), bare(folder, table)) for _ in range(times)]
        small = typical([predict(folder, quarter) for _ in range(times)], "a quarter of the rows")
    ours, theirs = (typical(list(each), each[0].name) for each in zip(*runs, strict=True))
    bars = [
        Bar("CPU, contender predict / bare script", ours.cpu_s / theirs.cpu_s, RATIO),
        Bar("wall, contender predict / bare script", ours.wall_s / theirs.wall_s, RATIO),
        Bar("peak memory, all rows / a quarter", ours.peak_mb / small.peak_mb, GROWTH),
        Bar("peak memory, contender predict / bare script", ours.peak_mb / theirs.peak_mb),
        Bar("thousand rows a second", rows / ours.wall_s / 1000),
    ]
    keep = not options.quick
    return report("batch", [ours, theirs, small], bars, keep=keep, rows=rows, times=times)


def make_rows(folder: Path, rows: int) -> tuple[Path, Path]:
    """A Parquet file of `rows` typed rows, one of a quarter, and the bundle of a model for them."""
    run(["dvc", "repro"], folder)
    for step in STEPS:
        run([sys.executable, "-m", "contender", step], folder)
    replace_rows(folder, rows)
    run([sys.executable, "-m", "contender", "ingest"], folder)
    table, quarter = Paths(work=folder).table, folder / "quarter.parquet"
    pq.write_table(pq.read_table(table).slice(0, rows // 4), quarter)
    return table, quarter


def predict(folder: Path, source: Path) -> Usage:
    """The cost of `contender predict`."""
    command = ["-m", "contender", "predict", str(source), "contender.parquet"]
    return measure("contender predict", [sys.executable, *command], cwd=folder, env=at(folder))


def bare(folder: Path, source: Path) -> Usage:
    """The cost of the bare script on the same file."""
    script = str(ROOT / "benchmarks/bare_onnx.py")
    row_id = load_schema(Paths(root=folder).schema).id
    command = [script, "bundles/current/model.onnx", str(source), "bare.parquet", row_id]
    return measure("bare script", [sys.executable, *command], cwd=folder, env=at(folder))


def typical(runs: list[Usage], name: str) -> Usage:
    """The median of each figure of `runs`."""
    return Usage(
        name,
        cpu_s=median(usage.cpu_s for usage in runs),
        wall_s=median(usage.wall_s for usage in runs),
        peak_mb=median(usage.peak_mb for usage in runs),
    )


if __name__ == "__main__":
    sys.exit(main())
