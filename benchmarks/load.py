"""Callers that never rest: requests over kept connections, every answer read and checked."""

import asyncio
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Final

import httptools
import msgspec
import uvloop

TOLERANCE: Final = 1e-6
GRACE_S: Final = 30.0  # for answers under way when the time is over; then they count as failed


@dataclass(frozen=True)
class Question:
    """One request as it goes over the wire, and what must come back: None accepts any 200."""

    request: bytes
    expected: tuple[float, ...] | None


@dataclass(frozen=True)
class Load:
    """How many callers ask how much at once, and for how long."""

    callers: int
    rows: int
    seconds: float


@dataclass
class Outcome:
    """What became of the calls of one load: the time each good answer took, and why others fail.

    `busy_s` is the CPU time of the callers themselves.
    """

    elapsed_s: float = 0.0
    busy_s: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def write_request(path: str, body: bytes) -> bytes:
    """A POST of JSON in HTTP/1.1, on a connection that is kept."""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


def apply_load(port: int, questions: list[Question], load: Load) -> Outcome:
    """What became of `load` on the service at `port` of loopback; `questions` take turns."""
    return uvloop.run(_apply(port, questions, load))


async def _apply(port: int, questions: list[Question], load: Load) -> Outcome:
    loop, outcome, turns = asyncio.get_running_loop(), Outcome(), cycle(questions)
    started, busy = time.perf_counter(), time.process_time()
    callers = [Caller(turns, outcome, started + load.seconds) for _ in range(load.callers)]
    for caller in callers:
        try:
            await loop.create_connection(lambda it=caller: it, "127.0.0.1", port)  # type: ignore[misc]
        except OSError as error:
            caller.fail(f"no connection: {error}")
    _, late = await asyncio.wait([it.ended for it in callers], timeout=load.seconds + GRACE_S)
    outcome.failures += ["no answer"] * len(late)
    outcome.elapsed_s = time.perf_counter() - started
    outcome.busy_s = time.process_time() - busy
    return outcome


class Caller(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, until `end`."""

    def __init__(self, questions: Iterator[Question], outcome: Outcome, end: float) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._questions, self._outcome, self._end = questions, outcome, end
        self._question = next(questions)
        self._transport: Any = None
        self._parser: Any = None
        self._body, self._asked = b"", 0.0

    def connection_made(self, transport: Any) -> None:
        """Ask the first question."""
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.fail(f"no HTTP: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """An answer that has not come will not come any more."""
        self.fail(f"connection lost: {exc}")

    def on_body(self, body: bytes) -> None:
        """Keep a part of the answer."""
        self._body += body

    def on_message_complete(self) -> None:
        """Check the answer and ask again, unless the time is over."""
        now = time.perf_counter()
        if fault := find_fault(self._parser.get_status_code(), self._body, self._question.expected):
            self._outcome.failures.append(fault)
        else:
            self._outcome.latencies_ms.append((now - self._asked) * 1e3)
        if now < self._end:
            self._ask()
        else:
            self._finish()

    def fail(self, why: str) -> None:
        """Count a failure and give up, unless this caller has ended."""
        if not self.ended.done():
            self._outcome.failures.append(why)
            self._finish()

    def _ask(self) -> None:
        self._question, self._body = next(self._questions), b""
        self._parser = httptools.HttpResponseParser(self)
        self._asked = time.perf_counter()
        self._transport.write(self._question.request)

    def _finish(self) -> None:
        self.ended.set_result(None)
        if self._transport:
            self._transport.close()


def find_fault(status: int, body: bytes, expected: tuple[float, ...] | None) -> str | None:
    """What is wrong with an answer; None when it is the right one."""
    if status != 200:
        return f"status {status}: {body[:200]!r}"
    if expected is None:
        return None
    try:
        predictions = msgspec.json.decode(body)["predictions"]
        if isinstance(predictions, dict):  # MLflow's form: one column an output
            (predictions,) = predictions.values()
        pairs = zip(predictions, expected, strict=True)
        if all(math.isclose(got, right, abs_tol=TOLERANCE) for got, right in pairs):
            return None
    except (KeyError, TypeError, ValueError) as error:
        return f"not the expected form ({error!r}): {body[:200]!r}"
    return f"wrong predictions: {body[:200]!r}"
