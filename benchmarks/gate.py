"""What one decision costs: 10,000 rows with 2,000 bootstrap replicates, 1,000,000 with DeLong."""

import argparse
import resource
import sys
import time
from dataclasses import replace
from datetime import date
from typing import Any, Final

import numpy as np
from measure import ROOT, RSS_BYTES, Bar, Usage, report

from contender.params import load_params
from contender.problem.schema import Task
from contender.release.gate.decide import decide
from contender.release.gate.decision import Decision, Digests
from contender.release.gate.evidence import Cost, Evidence, Labels, Probe, Scored

LIMITS_S: Final = {10_000: 1.0, 1_000_000: 5.0}
SLICED: Final = 10  # columns of five levels each
SENSITIVE: Final = 2  # columns of two levels each
REPLICATES: Final = 2_000


def make_evidence(rows: int, *, seed: int = 7) -> Evidence:
    """Two models of a quarter of positives, ranked alike but for noise, slices and groups."""
    rng = np.random.default_rng(seed)
    target = (rng.random(rows) < 0.25).astype(np.int64)
    known = rng.normal(size=rows) + 1.2 * target
    scores = 1 / (1 + np.exp(1.5 - known - 0.3 * rng.normal(size=(2, rows))))
    every = np.ones(rows, dtype=bool)
    names: Any = ("latency_p95_ms", "size_mb", "memory_mb")
    return Evidence(
        task=Task.BINARY,
        classes=("no", "yes"),
        target=target,
        challenger=Scored("1" * 64, scores[0], every),
        champion=Scored("2" * 64, scores[1], every),
        digests=Digests(
            holdout="0" * 64,
            challenger="1" * 64,
            champion="2" * 64,
            table_schema="3" * 64,
            gate_code="4" * 64,
            gate_parameters="5" * 64,
        ),
        look=1,
        provisional=True,
        as_of=date(2026, 1, 1),
        labels=(
            *(_labels(f"slice {i}", 5, rows, rng, sensitive=False) for i in range(SLICED)),
            *(_labels(f"group {i}", 2, rows, rng, sensitive=True) for i in range(SENSITIVE)),
        ),
        costs=tuple(Cost(name, 1.0, 1.0) for name in names),
        probes=(Probe("another order of rows", "same", scores[0][:2_000], scores[0][:2_000]),),
    )


def _labels(
    name: str, levels: int, rows: int, rng: np.random.Generator, *, sensitive: bool
) -> Labels:
    codes = rng.integers(levels, size=rows)
    kind: Any = "no" if sensitive else "report"
    return Labels(name, tuple(f"level {i}" for i in range(levels)), codes, kind, sensitive)


def timed(evidence: Evidence, name: str, **changes: Any) -> tuple[Usage, Decision]:
    """The fastest of three decisions, with the peak of this process so far."""
    params = load_params(ROOT / "params.yaml")
    fairness = params.gate.fairness.model_copy(update={"waivers": []})
    asked = {"bootstrap_replicates": REPLICATES, "fairness": fairness, "floors": {}}
    gate = params.gate.model_copy(update=asked | changes)
    runs = []
    for _ in range(3):
        started, cpu = time.perf_counter(), time.process_time()
        decision = decide(evidence, gate, params.evaluate)
        cpu_s = round(time.process_time() - cpu, 3)
        wall_s = round(time.perf_counter() - started, 3)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_BYTES / 1e6
        runs.append(Usage(name, cpu_s, wall_s, round(peak_mb, 1)))
    return min(runs, key=lambda usage: usage.wall_s), decision


def main() -> int:
    """Print the table; 0 when both limits are kept by wall-clock time, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 rows, to see that it works")
    quick = parser.parse_args().quick
    usages, bars, methods = [], [], {}
    for rows, limit_s in list(LIMITS_S.items())[: 1 if quick else None]:
        evidence = make_evidence(rows)
        usage, decision = timed(evidence, f"decide, {rows:,} rows")
        by_f1, _ = timed(evidence, f"decide, {rows:,} rows, f1 primary", primary="f1")
        grouped = replace(evidence, groups=np.arange(rows) // 4)
        by_group, _ = timed(grouped, f"decide, {rows:,} rows in groups of 4")
        usages += [usage, by_f1, by_group]
        methods[f"{rows}"] = sorted({estimate.method for estimate in decision.estimates})
        bars.append(Bar(f"seconds of a decision on {rows:,} rows", usage.wall_s, limit_s))
    facts = {"slices": 5 * SLICED, "sensitive": SENSITIVE, "replicates": REPLICATES}
    return report("gate", usages, bars, keep=not quick, methods=methods, **facts)


if __name__ == "__main__":
    sys.exit(main())
