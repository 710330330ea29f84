"""The benchmark of the service: it measures what it says, and takes no error for an answer."""

import asyncio
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import Load, Outcome, Question, apply_load, find_fault, write_request
from tests.conftest import ROOT
from tests.servers.bundles import make_bundle
from tests.servers.processes import free_port

RIGHT = b'{"predictions": [0.25]}'
LOAD = Load(callers=2, rows=1, seconds=0.1)


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[int]:
    """The port of a server that says `answer` to whatever comes, or hangs up if it is empty."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    ports: list[int] = []

    class Server(asyncio.Protocol):
        """Speaks without having understood."""

        transport: Any

        def connection_made(self, transport: Any) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if answer:
                self.transport.write(answer)
            else:
                self.transport.close()

    def work() -> None:
        server = loop.run_until_complete(loop.create_server(Server, "127.0.0.1", 0))
        ports.append(server.sockets[0].getsockname()[1])
        ready.set()
        loop.run_forever()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(10)
    try:
        yield ports[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


def ask(port: int) -> Outcome:
    """What becomes of a short load of which the right answer is known."""
    return apply_load(port, [Question(write_request("/predict", b"{}"), (0.25,))], LOAD)


def http(status: str, body: bytes) -> bytes:
    """An answer in HTTP/1.1."""
    return f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


def test_right_answers_are_counted() -> None:
    """Each has its time, and nothing failed."""
    with answering(http("200 OK", RIGHT)) as port:
        outcome = ask(port)

    assert len(outcome.latencies_ms) > LOAD.callers
    assert min(outcome.latencies_ms) > 0
    assert not outcome.failures
    assert outcome.elapsed_s >= LOAD.seconds


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (http("503 Service Unavailable", RIGHT), "status 503"),
        (http("200 OK", b'{"predictions": [0.26]}'), "wrong predictions"),
        (http("200 OK", b'{"predictions": []}'), "not the expected form"),
        (http("200 OK", b"{}"), "not the expected form"),
        (http("200 OK", b""), "not the expected form"),
        (b"gibberish\r\n\r\n", "no HTTP"),
        (b"", "connection lost"),
    ],
)
def test_an_error_is_no_answer(answer: bytes, fault: str) -> None:
    """However fast it comes, it counts as a failure and has no time."""
    with answering(answer) as port:
        outcome = ask(port)

    assert not outcome.latencies_ms
    assert outcome.failures
    assert all(failure.startswith(fault) for failure in outcome.failures)


def test_nobody_there_is_a_failure() -> None:
    """One for each caller."""
    outcome = ask(free_port())

    assert not outcome.latencies_ms
    assert len(outcome.failures) == LOAD.callers


def test_forms_of_answers() -> None:
    """A list, or MLflow's one column an output; of a constant only the status counts."""
    assert find_fault(200, b'{"predictions": {"probability": [0.5]}}', (0.5,)) is None
    assert find_fault(200, b'{"predictions": {"a": [0.5], "b": [0.5]}}', (0.5,)) is not None
    assert find_fault(200, b"anything", None) is None
    assert find_fault(500, b"anything", None) is not None


def test_the_quick_form_measures_everything(tmp_path: Path) -> None:
    """Every load of both contestants has its figures, no call failed, and each bar its verdict."""
    bundle, kept = make_bundle(tmp_path), tmp_path / "figures.json"
    command = [sys.executable, ROOT / "benchmarks" / "serving.py", "--quick", "--keep", kept]
    command += ["--bundle", bundle.folder, "--only", "contender", "constant"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode in (0, 1), done.stderr
    assert kept.exists(), done.stderr
    content = json.loads(kept.read_text())
    loads, *costs = content["measured"]
    assert len(loads) == 5
    for found in loads.values():
        assert set(found) == {"Contender", "Contender, as MLflow", "FastAPI, a constant"}
        assert all(figures["requests_s"] > 0 for figures in found.values())
        assert all(0 < figures["p50_ms"] <= figures["p99_ms"] for figures in found.values())
    assert [cost["server"] for cost in costs] == ["contender", "constant"]
    assert all(cost["ready_s"] > 0 and cost["resident_mb"] > 10 for cost in costs)
    bars = {figure["name"]: figure for figure in content["bars"]}
    assert bars["failed calls, of all contestants"]["value"] == 0
    assert bars["Contender: requests/s, times FastAPI, a constant"]["limit"] == 1
    verdicts = [it["met"] for it in content["bars"] if it["limit"] is not None]
    assert done.returncode == (0 if all(verdicts) else 1)
