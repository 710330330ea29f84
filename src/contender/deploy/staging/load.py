"""Load: many calls at once are all answered, rightly and soon enough."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np

from contender.deploy.probe import connect
from contender.deploy.staging.cases import Cases, Subject
from contender.deploy.staging.golden import read_predictions, require_golden

CONNECTIONS: Final = 4
LOAD_S: Final = 2.0


def check_load(subject: Subject, cases: Cases) -> str:
    """How many calls were answered, and how soon."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        runs = [pool.submit(_call_again_and_again, subject) for _ in range(CONNECTIONS)]
        latencies_ms = [latency_ms for run in runs for latency_ms in run.result()]
    cases.count += len(latencies_ms)
    cases.expect(bool(latencies_ms), "no call was answered")
    limit_ms, p95_ms = subject.params.release.staging_p95_ms, np.percentile(latencies_ms, 95)
    seen = f"p95 {p95_ms:.1f} ms of {len(latencies_ms):,} calls on {CONNECTIONS} connections"
    cases.expect(bool(p95_ms <= limit_ms), f"{seen}; expected {limit_ms:g} ms at most")
    return seen


def _call_again_and_again(subject: Subject) -> list[float]:
    """How long each call took, on a connection of its own.

    Raises:
        Unmet: one was not answered as it should be.
    """
    latencies_ms = []
    end = time.monotonic() + LOAD_S
    with connect(subject.address) as client:
        while (started := time.monotonic()) < end:
            answer = client.post("/predict", json={"records": subject.golden.records})
            latencies_ms.append(1000 * (time.monotonic() - started))
            require_golden(answer, subject.golden, read_predictions, "under load:")
    return latencies_ms
