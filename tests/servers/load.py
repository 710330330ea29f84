"""Callers that never rest, and what became of each of their calls."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass
class Outcomes:
    """What callers were told; `stop` ends them, as a proxy ends sending to what is not ready."""

    answers: list[httpx.Response] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def calling(url: str, path: str, content: Any, *, callers: int = 4) -> Iterator[Outcomes]:
    """Callers that post `content` to `path` again and again; they have ended after the block."""
    outcomes = Outcomes()

    def call() -> None:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            while not outcomes.stop.is_set():
                try:
                    outcomes.answers.append(client.post(path, json=content))
                except httpx.TransportError as error:
                    outcomes.failures.append(error)

    with in_threads(call, count=callers):
        try:
            yield outcomes
        finally:
            outcomes.stop.set()


@contextlib.contextmanager
def in_threads(work: Callable[[], None], *, count: int) -> Iterator[None]:
    """`work`, running in `count` threads, waited for at the end of the block."""
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(timeout=60)
