"""The end of a service: nobody who was let in is turned away, and nobody waits for ever."""

import json
import os
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlparse

import pytest

from contender.bundle import Bundle
from tests.serving.forms import short_or_long
from tests.serving.records import BOX
from tests.servers.load import calling
from tests.servers.serving import is_running, running_service, wait_until

NOTICED_S = 0.5  # what a proxy takes to send elsewhere


def count_answers_to_the_end(bundle: Bundle, folder: Path) -> int:
    """How many calls a service answered, all of them, while it was loaded and ended."""
    with (
        running_service(bundle.folder, folder, drain_s=1.5) as service,
        service.client() as health,
        calling(service.url, "/predict", {"records": [BOX]}, callers=6) as outcomes,
    ):
        time.sleep(0.4)
        os.kill(service.process, signal.SIGTERM)
        assert wait_until(lambda: health.get("/v2/health/ready").status_code == 503, seconds=1)
        time.sleep(NOTICED_S)
        outcomes.stop.set()
        assert wait_until(lambda: not is_running(service.process), seconds=30)
    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    return len(outcomes.answers)


@short_or_long(2, 20)
def test_no_call_fails_while_a_loaded_service_ends(
    boxes: Bundle, tmp_path: Path, count: int
) -> None:
    """Not ready first; a proxy that then sends elsewhere never sees a failed call."""
    answered = [count_answers_to_the_end(boxes, tmp_path / str(n)) for n in range(count)]

    assert min(answered) > 20
    print(f"{count} of {count} ended under load, {sum(answered)} calls answered, 0 failed")


def test_a_service_that_ends_still_answers(boxes: Bundle, tmp_path: Path) -> None:
    """Between not ready and the end, calls are answered and connections given back."""
    with running_service(boxes.folder, tmp_path, drain_s=1.0) as service:
        with service.client() as client:
            before = client.post("/predict", json={"records": [BOX]})
            os.kill(service.process, signal.SIGTERM)
            assert wait_until(lambda: client.get("/ping").status_code == 503, seconds=1)
            after = client.post("/predict", json={"records": [BOX]})
            why = client.get("/ping").json()["reason"]
            live = client.get("/v2/health/live")

    assert "connection" not in before.headers
    assert after.status_code == live.status_code == 200
    assert after.headers["connection"] == "close"
    assert why == "the service is about to end"


def test_what_was_under_way_is_answered(boxes: Bundle, tmp_path: Path) -> None:
    """A call of which half had come when the listener closed is answered all the same."""
    body = json.dumps({"records": [BOX]}).encode()
    with running_service(boxes.folder, tmp_path, drain_s=0.2) as service:
        address = urlparse(service.url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
            connection.sendall(head.encode() + body[:20])
            time.sleep(0.1)
            os.kill(service.process, signal.SIGTERM)
            time.sleep(0.8)
            connection.sendall(body[20:])
            answer = connection.recv(4096)
        ended = wait_until(lambda: not is_running(service.process))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert ended


def test_a_caller_who_never_ends_keeps_nobody_waiting(boxes: Bundle, tmp_path: Path) -> None:
    """Half a call, and a connection without one: the service ends once the deadline is over."""
    with running_service(boxes.folder, tmp_path, drain_s=0.2, deadline_s=1.0) as service:
        address = urlparse(service.url)
        with (
            socket.create_connection((address.hostname, address.port), timeout=10) as stalled,
            socket.create_connection((address.hostname, address.port), timeout=10),
        ):
            stalled.sendall(b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{")
            time.sleep(0.1)
            os.kill(service.process, signal.SIGTERM)
            answer = stalled.recv(4096)
            ended = wait_until(lambda: not is_running(service.process), seconds=5)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert ended


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_idle_service_ends_at_once(
    boxes: Bundle, tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C ends it at once, SIGTERM after the wait for proxies; what it logged is there."""
    with running_service(boxes.folder, tmp_path, drain_s=0.2) as service:
        with service.client() as client:
            client.post("/predict", json={"records": [BOX]})
        os.kill(service.process, number)
        ended = wait_until(lambda: not is_running(service.process), seconds=3)

    assert ended
    assert [len(path.read_bytes().splitlines()) for path in service.log.glob("predictions-*")] == [
        1
    ]
