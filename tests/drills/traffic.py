"""Callers that replay rows of the table against a service, each row one call."""

import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

CALLERS = 4


@dataclass
class Traffic:
    """What callers were told so far: how often each status, and how often by each model."""

    statuses: Counter[int] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    failures: int = 0  # calls that got no answer at all

    @property
    def calls(self) -> int:
        """All calls so far."""
        return self.statuses.total() + self.failures

    def describe(self) -> str:
        """The numbers in a sentence."""
        shares = ", ".join(f"{count:,} by {name}" for name, count in self.models.most_common())
        bad = sum(count for status, count in self.statuses.items() if status != 200)
        return f"{self.calls:,} calls: {shares}; {bad + self.failures:,} failed"


@contextmanager
def replaying(url: str, records: Sequence[dict[str, Any]]) -> Iterator[Traffic]:
    """Callers that send `records` to `url` in turn, for as long as the block lasts."""
    traffic, end, lock = Traffic(), threading.Event(), threading.Lock()
    endless = itertools.cycle(records)

    def call() -> None:
        with httpx.Client(base_url=url, timeout=15, trust_env=False) as client:
            while not end.is_set():
                with lock:
                    record = next(endless)
                try:
                    answer = client.post("/predict", json={"records": [record]})
                except httpx.TransportError:
                    traffic.failures += 1
                    continue
                traffic.statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    traffic.models[answer.json()["model_digest"][:12]] += 1

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield traffic
    finally:
        end.set()
        for caller in callers:
            caller.join()
