"""`serve --shadow`: copies are compared and counted, and no caller can tell that there are any."""

import contextlib
import json
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contender.bundle import Bundle
from contender.errors import ParameterError
from contender.serving.shadow import QUEUE, Copy, compare, parse_address
from tests.serving.records import BOX, BOXES, as_tensors
from tests.servers.load import calling
from tests.servers.processes import free_port, running
from tests.servers.serving import ROOT, Running, get, running_service, wait_until
from tests.servers.speaker import http, speaking

BAD = [{"records": []}, {"records": [BOX | {"weight": -1}]}, [BOX]]


@contextlib.contextmanager
def shadowed(bundle: Bundle, address: str, folder: Path) -> Iterator[httpx.Client]:
    """A client of `contender serve --shadow address`."""
    port = free_port()
    shutil.copy(ROOT / "params.yaml", folder)
    command = [sys.executable, "-m", "contender", "serve", "--port", str(port)]
    command += ["--bundle", str(bundle.folder), "--log", str(folder), "--shadow", address]
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        return get(f"{url}/ping").status_code == 200

    log = folder / "server.log"
    with (
        running(command, ready=is_ready, log=log, stop=signal.SIGINT, cwd=folder),
        httpx.Client(base_url=url, timeout=30, trust_env=False) as client,
    ):
        yield client


def read_counts(client: httpx.Client) -> dict[str, int]:
    """How many copies had each outcome."""
    found = re.findall(
        r'contender_shadow_total\{outcome="(\w+)"\} (\S+)', client.get("/metrics").text
    )
    return {name: int(float(count)) for name, count in found}


def settled(client: httpx.Client, total: int) -> dict[str, int]:
    """The counts once there are `total` of them, or ten seconds later."""
    wait_until(lambda: sum(read_counts(client).values()) >= total)
    return read_counts(client)


def counts(**some: int) -> dict[str, int]:
    """These counts, and 0 for all others."""
    return {"same": 0, "different": 0, "failed": 0, "dropped": 0, **some}


def address_of(service: Running) -> str:
    """Where the service listens."""
    return service.url.removeprefix("http://")


def ask_everything(client: httpx.Client, bundle: Bundle) -> list[httpx.Response]:
    """Five calls that are answered, and three that are refused."""
    tensors = {"inputs": as_tensors(BOXES)}
    good = [
        client.post("/predict", json={"records": BOXES}),
        client.post("/invocations", json={"instances": BOXES}),
        client.post("/invocations", json={"dataframe_records": [BOX]}),
        client.post("/v2/models/boxes/infer", json=tensors),
        client.post(f"/v2/models/boxes/versions/{bundle.digest}/infer", json=tensors),
    ]
    return good + [client.post("/predict", json=body) for body in BAD]


def test_the_same_model_answers_the_same(boxes: Bundle, service: Running, tmp_path: Path) -> None:
    """In every protocol, and refusals too; what does not ask for predictions is not copied."""
    with shadowed(boxes, address_of(service), tmp_path) as client:
        before = read_counts(client)
        statuses = [answer.status_code for answer in ask_everything(client, boxes)]
        client.post("/explain", json={"record": BOX})
        client.post("/feedback", json={"labels": [{"request_id": "a", "label": "yes"}]})
        client.get("/predict")
        client.post("/predict", content=b" " * (1 << 21))
        client.get("/version")
        settled(client, 8)
        time.sleep(0.2)
        after = read_counts(client)

    assert before == counts()
    assert statuses == [200] * 5 + [422] * 3
    assert after == counts(same=8)


def test_another_model_answers_otherwise(
    boxes: Bundle, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    """The caller is told what the model here says, whatever the other says."""
    with (
        running_service(bundles["other"].folder, tmp_path / "other") as other,
        shadowed(boxes, address_of(other), tmp_path) as client,
    ):
        answers = ask_everything(client, boxes)
        after = settled(client, 8)

    assert after == counts(different=5, same=3)
    assert {answer.headers.get("x-model-digest") for answer in answers[:5]} == {boxes.digest}


def test_copies_have_names_of_their_own(boxes: Bundle, tmp_path: Path) -> None:
    """The log of the other server tells copies from calls, and which call each is a copy of.

    However long the caller's own name for it is.
    """
    names = ["mine", "x" * 64]
    with running_service(boxes.folder, tmp_path / "other") as other:
        with shadowed(boxes, address_of(other), tmp_path) as client:
            for name in names:
                client.post("/predict", json={"records": [BOX]}, headers={"x-request-id": name})
            settled(client, 2)
        wait_until(lambda: read_log(other.log).count("\n") == 2)
        logged = [json.loads(line)["request_id"] for line in read_log(other.log).splitlines()]

    assert logged == ["shadow-mine", "shadow-" + "x" * 57]


def read_log(folder: Path) -> str:
    """All predictions in the log."""
    return "".join(path.read_text() for path in folder.glob("predictions-*.jsonl"))


def test_where_nobody_listens_copies_fail(boxes: Bundle, tmp_path: Path) -> None:
    """A server that is not there harms no caller."""
    with shadowed(boxes, f"127.0.0.1:{free_port()}", tmp_path) as client:
        answers = ask_everything(client, boxes)
        after = settled(client, 8)

    assert [answer.status_code for answer in answers] == [200] * 5 + [422] * 3
    assert after == counts(failed=8)


def test_odd_answers_are_counted_as_what_they_are(boxes: Bundle, tmp_path: Path) -> None:
    """A connection that was hung up is made again, which is no failure."""
    failures = [
        b"",
        b"220 smtp ready\r\n\r\n",
        http(b'{"predictions":[NaN]}'),
        http(b'{"predictions":[0.5]}', status=500),
        b"HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        http(b'{"predictions":[0.5]}' + b" " * 70_000),
    ]
    others = [http(b'{"predictions":[0.5]}'), http(b'{"predictions":[0.5]}', status=422)]
    with (
        speaking(*failures, *others) as address,
        shadowed(boxes, address, tmp_path) as client,
    ):
        for _ in range(18):
            client.post("/predict", json={"records": [BOX]})

        assert settled(client, 18) == counts(failed=14, different=4)


def test_a_slow_server_slows_nobody(boxes: Bundle, tmp_path: Path) -> None:
    """Calls do not wait for copies: what does not fit into the queue is dropped, and counted."""
    more = QUEUE + 20
    with (
        speaking(b"", after_s=0.5) as address,
        shadowed(boxes, address, tmp_path) as client,
    ):
        started = time.monotonic()
        answers = [client.post("/predict", json={"records": [BOX]}) for _ in range(more)]
        took_s = time.monotonic() - started
        after = read_counts(client)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["predictions"][0] for answer in answers}) == 1
    assert took_s < 0.5 * more / 10
    assert after["dropped"] >= more - QUEUE - 1 - took_s / 0.5
    assert after["same"] == after["different"] == 0


def test_a_server_that_never_answers_fails_in_time(boxes: Bundle, tmp_path: Path) -> None:
    """After five seconds a copy is given up."""
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        shadowed(boxes, f"127.0.0.1:{silent.getsockname()[1]}", tmp_path) as client,
    ):
        client.post("/predict", json={"records": [BOX]})

        assert settled(client, 1) == counts(failed=1)


def test_many_callers_lose_nothing(boxes: Bundle, service: Running, tmp_path: Path) -> None:
    """Under load every call is answered, and every copy is counted once."""
    with shadowed(boxes, address_of(service), tmp_path) as client:
        with calling(str(client.base_url), "/predict", {"records": [BOX]}) as outcomes:
            time.sleep(1)
        after = settled(client, len(outcomes.answers))

    assert not outcomes.failures
    assert {answer.status_code for answer in outcomes.answers} == {200}
    assert sum(after.values()) == len(outcomes.answers)
    assert after["same"] > 20
    assert after["different"] == after["failed"] == 0


@pytest.mark.parametrize(
    ("status", "answer", "outcome"),
    [
        (200, '{"predictions":[0.25,0.5]}', "same"),
        (200, '{"predictions":[0.2500005,0.5],"model_digest":"other"}', "same"),
        (200, '{"predictions":[0.25001,0.5]}', "different"),
        (200, '{"predictions":[0.25]}', "different"),
        (200, '{"predictions":[[0.25,0.5]]}', "different"),
        (200, '{"predictions":[0.25,null]}', "failed"),
        (200, '{"predictions":[0.25,[0.5]]}', "failed"),
        (200, '{"predictions":[1e999,0.5]}', "failed"),
        (200, '{"predictions":[]}', "failed"),
        (200, "{}", "failed"),
        (200, "", "failed"),
        (400, '{"error":"x"}', "different"),
        (503, '{"predictions":[0.25,0.5]}', "failed"),
    ],
)
def test_answers_are_compared_by_their_numbers(status: int, answer: str, outcome: str) -> None:
    """To a millionth; what is no prediction at all has failed."""
    copy = Copy(b"/predict", status=200, answer=bytearray(b'{"predictions":[0.25,0.5]}'))

    assert compare(copy, status, answer.encode()) == outcome


@pytest.mark.parametrize(
    "address", ["", "here", ":80", "here:", "here:http", "here:0", "here:70000"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    """Before the service starts."""
    with pytest.raises(ParameterError, match="expected HOST:PORT"):
        parse_address(address)


def test_every_family_is_compared() -> None:
    """One column an output, or one tensor an output, as well as one prediction a record."""
    pairs: list[tuple[Any, Any]] = [
        (b'{"predictions":{"a":[0.5],"b":[0.5]}}', b'{"predictions":{"a":[0.5],"b":[0.6]}}'),
        (b'{"outputs":[{"data":[0.5]}]}', b'{"outputs":[{"data":[0.6]}]}'),
    ]
    for own, other in pairs:
        copy = Copy(b"/x", status=200, answer=bytearray(own))

        assert compare(copy, 200, own) == "same"
        assert compare(copy, 200, other) == "different"
