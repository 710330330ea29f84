"""The service against what one would otherwise run: same model, same cores, callers and bodies."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final

from arena import Arena, Found, middle
from contestants import (
    CONTESTANTS,
    Contestant,
    Running,
    Server,
    choose_cores,
    make_servers,
    on_core,
    running,
)
from load import Load
from measure import RESULTS, ROOT, Bar, conclude, write
from questions import Examiner

from contender.bundle import Bundle, open_bundle

ALONE: Final = "1 caller, 1 row"
CROWD: Final = "8 callers, 1 row"
LOADS: Final = {
    ALONE: (1, 1),
    CROWD: (8, 1),
    "64 callers, 1 row": (64, 1),
    "1 caller, 100 rows": (1, 100),
    "1 caller, 1,000 rows": (1, 1_000),
}
OURS: Final = "Contender"
LEAST: Final = (
    (OURS, "FastAPI, a constant", 1.0),
    (OURS, "BentoML", 2.0),
    ("Contender, as MLflow", "MLflow, scikit-learn", 50.0),
    ("Contender, as MLflow", "MLflow", None),  # the graph that we made, in MLflow's server
    ("Contender, as MLflow", "MLflow, instances", None),  # TensorFlow's format: only shown
)
P50_MS: Final = 0.25
P99_MS: Final = 1.0
READY_S: Final = 2.0
BUSY: Final = 0.8  # callers that need more of their core would be what is measured


@dataclass(frozen=True)
class Plan:
    """How often and how long everything is measured."""

    rounds: int = 5
    seconds: float = 0.8
    starts: int = 3


QUICK: Final = Plan(rounds=1, seconds=0.1, starts=1)
Results = dict[str, Found]  # by load


@dataclass(frozen=True)
class Costs:
    """What one server needs: seconds from its start to its first answer, and memory under load."""

    server: str
    ready_s: float
    resident_mb: float


def measure_starts(server: Server, scratch: Path, times: int) -> list[float]:
    """How long `server` takes to be ready, in as many starts."""
    core, _ = choose_cores()
    taken = []
    for _ in range(times):
        with running(server, scratch, core) as started:
            taken.append(started.ready_s)
    return taken


def compare(
    live: Mapping[str, Running], contestants: Sequence[Contestant], examiner: Examiner, plan: Plan
) -> tuple[Results, list[str]]:
    """What was measured on the running servers, and every call that failed."""
    arena, results = Arena(examiner, live), {}
    for name, (callers, rows) in LOADS.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        load = Load(callers, rows, plan.seconds)
        results[name] = arena.compare(contestants, load, plan.rounds)
    return results, arena.failures


def judge(results: Results, costs: Sequence[Costs], failed: int) -> list[Bar]:
    """Every bar that what was measured can be held against."""
    crowd, alone = results[CROWD], results[ALONE]
    bars = []
    for ours, theirs, least in LEAST:
        if ours in crowd and theirs in crowd:
            pairs = zip(crowd[ours], crowd[theirs], strict=True)
            ratio = median(own.requests_s / other.requests_s for own, other in pairs)
            bars.append(Bar(f"{ours}: requests/s, times {theirs}", ratio, least, is_least=True))
    if OURS in alone:
        figures = middle(alone[OURS])
        bars.append(Bar(f"{OURS}: p50 of a row alone, ms", figures.p50_ms, P50_MS))
        bars.append(Bar(f"{OURS}: p99 of a row alone, ms", figures.p99_ms, P99_MS))
        ready_s = {cost.server: cost.ready_s for cost in costs}["contender"]
        bars.append(Bar(f"{OURS}: start to ready, s", ready_s, READY_S))
    busy = [middle(rounds).callers_busy for found in results.values() for rounds in found.values()]
    bars.append(Bar("callers: share of their core, at most", max(busy), BUSY))
    return [*bars, Bar("failed calls, of all contestants", failed, 0)]


def show(results: Results, costs: Sequence[Costs]) -> None:
    """Print one table a load, then one of the servers."""
    for load, found in results.items():
        print(f"\n{load:<28}{'requests/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'CPU us':>10}")
        for name, rounds in found.items():
            it = middle(rounds)
            took = f"{it.p50_ms:>10.2f}{it.p99_ms:>10.2f}{it.cpu_us:>10,.0f}"
            print(f"{name:<28}{it.requests_s:>12,.0f}{took}")
    print(f"\n{'':<28}{'ready s':>12}{'RSS MB':>10}")
    for cost in costs:
        print(f"{cost.server:<28}{cost.ready_s:>12.2f}{cost.resident_mb:>10.0f}")


def compete(
    bundle: Bundle, contestants: Sequence[Contestant], plan: Plan
) -> tuple[Results, list[Costs], list[str]]:
    """What was measured of contestants and servers, and every call that failed."""
    core, callers_core = choose_cores()
    names = {contestant.server for contestant in contestants}
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="contender-")))
        servers = {name: it for name, it in make_servers(bundle, scratch).items() if name in names}
        taken = {name: measure_starts(it, scratch, plan.starts) for name, it in servers.items()}
        live = {
            name: stack.enter_context(running(it, scratch, core)) for name, it in servers.items()
        }
        stack.enter_context(on_core(callers_core))
        results, failures = compare(live, contestants, Examiner(bundle), plan)
        costs = [
            Costs(name, round(median(taken[name]), 3), round(it.resident_mb(), 1))
            for name, it in live.items()
        ]
    return results, costs, failures


def run(bundle: Bundle, names: Sequence[str], plan: Plan, keep: Path | None) -> int:
    """0 when every bar is met, else 1; the figures are printed, and kept in the file `keep`."""
    contestants = [contestant for contestant in CONTESTANTS if contestant.server in names]
    before = os.getloadavg()[0]
    results, costs, failures = compete(bundle, contestants, plan)
    loads = {"before": before, "after": os.getloadavg()[0]}
    show(results, costs)
    for failure in sorted(set(failures))[:10]:
        print(f"failed: {failure}", file=sys.stderr)
    bars = judge(results, costs, len(failures))
    if keep:
        speeds = {
            load: {name: asdict(middle(rounds)) for name, rounds in found.items()}
            for load, found in results.items()
        }
        facts = {"plan": asdict(plan), "load_average": loads, "bundle": bundle.digest}
        write(keep, [speeds, *map(asdict, costs)], bars, facts)
    return conclude(bars)


def main() -> int:
    """Measure, print, write results/serving.json."""
    every = list(dict.fromkeys(contestant.server for contestant in CONTESTANTS))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, default=ROOT / "bundles" / "current")
    parser.add_argument("--only", nargs="+", choices=every, default=every, metavar="SERVER")
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    parser.add_argument("--keep", type=Path, help="file for the figures")
    options = parser.parse_args()
    is_whole = not options.quick and options.only == every
    keep = options.keep or (RESULTS / "serving.json" if is_whole else None)
    return run(open_bundle(options.bundle), options.only, QUICK if options.quick else Plan(), keep)


if __name__ == "__main__":
    sys.exit(main())
