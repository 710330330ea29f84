"""What a model costs to serve: the time of one row, its size, the memory of a process with it."""

import hashlib
import multiprocessing
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from contender import files
from contender.errors import ContenderError, PredictionError
from contender.inference import Predictor
from contender.release.gate.evidence import Cost, CostName

BLOCKS: Final = 11
CALLS: Final = 60  # a block; its p95 is about the third slowest
WARM_UP: Final = 20
MEMORY_ROWS: Final = 1_000
Columns = Mapping[str, np.ndarray]


def costs_of(graphs: Sequence[bytes], columns: Columns, *, cache: Path) -> tuple[Cost, ...]:
    """The costs of a challenger and, where a second graph is given, of the champion beside it.

    What was measured is kept in the file `cache` and used again for the same graphs, so that a
    decision can be repeated.
    """
    digests = [hashlib.sha256(graph).hexdigest() for graph in graphs]
    costs = _recall(cache, digests)
    if costs is None:
        costs = _measure(graphs, columns)
        files.write_json(cache, {"models": digests, "costs": [asdict(cost) for cost in costs]})
    return tuple(costs)


def _recall(cache: Path, digests: list[str]) -> list[Cost] | None:
    """What was measured of these graphs before; None when nothing was, or it cannot be read."""
    try:
        known = files.read_json(cache, made_by="contender gate")
        return [Cost(**cost) for cost in known["costs"]] if known["models"] == digests else None
    except (ContenderError, KeyError, TypeError):
        return None


def _measure(graphs: Sequence[bytes], columns: Columns) -> list[Cost]:
    few = {name: values[:MEMORY_ROWS] for name, values in columns.items()}
    measured: tuple[tuple[CostName, list[float]], ...] = (
        ("latency_p95_ms", latencies(graphs, columns)),
        ("size_mb", [len(graph) / 1e6 for graph in graphs]),
        ("memory_mb", [memory_mb(graph, few) for graph in graphs]),
    )
    return [Cost(name, each[0], each[1] if len(each) > 1 else None) for name, each in measured]


def latencies(graphs: Sequence[bytes], columns: Columns) -> list[float]:
    """The p95 of the time of one row in milliseconds, one number a graph.

    Counted is what the thread computes, so that nobody is rejected for other work on the machine;
    a graph runs in the thread that calls it. Calls are interleaved, and the p95 is the lower
    quartile of that of several blocks: noise only ever adds time, so the quiet blocks tell most.
    """
    predictors = [Predictor(graph) for graph in graphs]
    n_rows = len(next(iter(columns.values())))
    rows = [
        {name: values[row : row + 1] for name, values in columns.items()}
        for row in range(min(n_rows, CALLS))
    ]
    for predictor in predictors:
        for call in range(WARM_UP):
            predictor.predict(rows[call % len(rows)])
    spent = np.empty((BLOCKS, CALLS, len(predictors)))
    for block, call in np.ndindex(BLOCKS, CALLS):
        row = rows[call % len(rows)]
        for index in np.roll(np.arange(len(predictors)), call):
            start = time.thread_time_ns()
            predictors[index].predict(row)
            spent[block, call, index] = time.thread_time_ns() - start
    typical = np.quantile(np.percentile(spent, 95, axis=1), 0.25, axis=0)
    return [float(time_ns) / 1e6 for time_ns in typical]


def memory_mb(graph: bytes, columns: Columns) -> float:
    """The peak memory of a fresh process that loads the graph and predicts the rows.

    Raises:
        PredictionError: the process died.
    """
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
        try:
            return pool.submit(_peak_mb, graph, dict(columns)).result()
        except BrokenProcessPool as error:
            raise PredictionError(
                f"the process that ran a model of `{len(graph)}` bytes died; expected it to "
                f"predict {len(next(iter(columns.values())))} rows.",
                hint="look at the memory that is left on this machine",
            ) from error


def _peak_mb(graph: bytes, columns: dict[str, Any]) -> float:
    Predictor(graph).predict(columns)
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts the parent's pages there: they are kept over exec
        line = next(
            line
            for line in status.read_text(encoding="ascii").splitlines()
            if line.startswith("VmHWM")
        )
        return float(line.split()[1]) / 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
