"""Limits: on bytes, rows, calls and time; whoever breaks one is told which."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import httpx
import pytest

from contender.bundle import Bundle
from tests.serving.records import BOX
from tests.servers.serving import Running, running_service

LIMIT = 1 << 20


@contextlib.contextmanager
def stalled(service: Running, count: int) -> Iterator[list[socket.socket]]:
    """Connections each of which has sent the head of a call and half of its body."""
    address = urlparse(service.url)
    head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"
    with contextlib.ExitStack() as stack:
        opened = [
            stack.enter_context(socket.create_connection((address.hostname, address.port)))
            for _ in range(count)
        ]
        for connection in opened:
            connection.settimeout(10)
            connection.sendall(head + b'{"records":')
        time.sleep(0.2)
        yield opened


def in_parts(length: int) -> Iterator[bytes]:
    """`length` bytes that no header announces."""
    for _ in range(length // 1024):
        yield b" " * 1024


def test_a_long_body_is_refused(client: httpx.Client) -> None:
    """One byte more than allowed is 413, announced or not; as many as allowed are read."""
    record = json.dumps({"records": [BOX]}).encode()

    assert client.post("/predict", content=record.ljust(LIMIT)).status_code == 200
    assert client.post("/predict", content=record.ljust(LIMIT + 1)).status_code == 413
    assert client.post("/predict", content=in_parts(LIMIT)).status_code == 400
    assert client.post("/predict", content=in_parts(2 * LIMIT)).status_code == 413


def test_a_body_is_counted_not_believed(service: Running) -> None:
    """The refusal comes when the limit is passed, not when all that was announced is there."""
    address = urlparse(service.url)
    head = f"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: {10**12}\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode() + b" " * (LIMIT + 1))
        answer = connection.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


@pytest.mark.parametrize("path", ["/predict", "/invocations", "/feedback"])
def test_too_many_rows_are_refused(client: httpx.Client, path: str) -> None:
    """1,000 rows at once are possible, one more is 422."""
    label = {"request_id": "a", "label": "yes"}
    key, item = {
        "/predict": ("records", BOX),
        "/invocations": ("instances", BOX),
        "/feedback": ("labels", label),
    }[path]
    statuses = [client.post(path, json={key: [item] * count}).status_code for count in (1000, 1001)]

    assert statuses in ([200, 422], [202, 422])


def test_calls_under_way_are_capped(boxes: Bundle, tmp_path: Path) -> None:
    """One call too many is told to come again; the others are not harmed, nor is health."""
    with (
        running_service(boxes.folder, tmp_path, max_concurrency=2) as service,
        service.client() as client,
    ):
        with stalled(service, 2) as connections:
            refused = client.post("/predict", json={"records": [BOX]})
            health = client.get("/ping")
            rest = json.dumps([BOX])[:-1].encode()
            connections[0].sendall(rest + b"]}" + b" " * (1000 - 11 - len(rest) - 2))
            answer = connections[0].recv(4096)
        time.sleep(0.2)
        later = client.post("/predict", json={"records": [BOX]})

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert health.status_code == 200
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert later.status_code == 200


def test_a_body_that_does_not_come_is_given_up(boxes: Bundle, tmp_path: Path) -> None:
    """A slow caller gets 408, not a 5xx: it must not look as if the model were at fault."""
    with (
        running_service(boxes.folder, tmp_path, deadline_s=0.5) as service,
        stalled(service, 1) as connections,
    ):
        answer = connections[0].recv(4096)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in answer


def test_an_answer_that_takes_too_long_is_given_up(boxes: Bundle, tmp_path: Path) -> None:
    """Past the deadline the answer is 504, and the next call is answered."""
    limits = {"deadline_s": 0.02, "explain_permutations": 10_000}
    with running_service(boxes.folder, tmp_path, **limits) as service, service.client() as client:
        late = client.post("/explain", json={"record": BOX})
        time.sleep(0.5)
        next_one = client.post("/predict", json={"records": [BOX]})

    assert late.status_code == 504
    assert next_one.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(client: httpx.Client, method: str) -> None:
    """405 says which method there is."""
    for path in ("/predict", "/v2/models/boxes/infer"):
        answer = client.request(method, path)

        assert answer.status_code == 405
        assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("text/csv", 415),
        ("application/json-seq", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_other_content_is_refused(client: httpx.Client, kind: str, status: int) -> None:
    """Only JSON is read, however its name is written."""
    content = json.dumps({"records": [BOX]})
    answer = client.post("/predict", content=content, headers={"content-type": kind})

    assert answer.status_code == status


def test_a_caller_who_leaves_is_forgotten(service: Running, client: httpx.Client) -> None:
    """A connection cut in the middle of a call leaves nothing under way."""
    with stalled(service, 3):
        assert "contender_in_flight 3.0" in client.get("/metrics").text
    time.sleep(0.3)

    assert "contender_in_flight 0.0" in client.get("/metrics").text
    assert client.post("/predict", json={"records": [BOX]}).status_code == 200
