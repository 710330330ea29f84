"""From a file nobody has described to a verdict: `contender adopt` in a fresh clone."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
from measure import ROOT, Bar, measure, report
from workspace import at

LIMIT_S: Final = 120.0
SEED: Final = 20260101
TARGET: Final = "bought"


def main() -> int:
    """Measure, print, write results/adopt.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="2,000 rows, and keep no results")
    options = parser.parse_args()
    rows = 2_000 if options.quick else options.rows
    with tempfile.TemporaryDirectory(prefix="contender-") as name:
        folder, source = Path(name) / "project", Path(name) / "visits.csv"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
        pv.write_csv(make_table(rows, options.columns), source)
        command = ["-m", "contender", "adopt", str(source), "--target", TARGET]
        used = measure("contender adopt", [sys.executable, *command], cwd=folder, env=at(folder))
        megabytes = source.stat().st_size / 1e6
    bars = [
        Bar(f"{rows:,} rows, {options.columns} columns to verdict, wall s", used.wall_s, LIMIT_S),
        Bar("size of the file, MB", megabytes),
    ]
    keep = not options.quick and (options.rows, options.columns) == (50_000, 20)
    return report("adopt", [used], bars, keep=keep, rows=rows, columns=options.columns)


def make_table(rows: int, columns: int) -> pa.Table:
    """A target, an id, and the rest in equal parts numbers, amounts, choices and answers."""
    random = np.random.default_rng(SEED)
    made = {"visit_id": [f"v{row:08d}" for row in range(rows)]}
    score = np.zeros(rows)
    for index in range(columns - 2):
        kind = ("number", "amount", "choice", "answer")[index % 4]
        values = random.normal(size=rows)
        score += values * random.normal() / 3
        made[f"{kind}_{index}"] = {
            "number": lambda v: v.round(3),
            "amount": lambda v: np.exp(v).round(2),
            "choice": lambda v: np.asarray(list("abcdefgh"))[np.digitize(v, np.linspace(-2, 2, 7))],
            "answer": lambda v: np.where(v > 0, "yes", "no"),
        }[kind](values)
    made[TARGET] = np.where(score + random.normal(size=rows) > 1, "yes", "no")
    return pa.table(made)


if __name__ == "__main__":
    sys.exit(main())
