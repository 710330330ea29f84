"""What must not happen and does: the caller gets a 500 and a name, the log says the rest."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from contender.bundle import Bundle
from contender.serving.app import build_app
from contender.serving.calls import Call
from contender.serving.holder import Holder
from contender.serving.metrics import Metrics
from contender.serving.model import Model
from tests.serving.records import BOX
from tests.serving.series import read_series
from tests.servers.bundles import make_bundle
from tests.servers.serving import params, running_service

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Broken:
    """An endpoint with a fault in it."""

    route = "predict"
    summary = "Break"
    status = 200
    named = (b"x-model-digest", b"d")
    request = answer = dict

    async def respond(self, body: bytes, call: Call) -> Any:
        """Nothing, ever."""
        raise ZeroDivisionError(f"a secret in {body!r} of {call.id}")


def load_nothing() -> Model:
    """No model: `Broken` needs none."""
    raise NotImplementedError


def test_a_fault_is_told_without_its_details() -> None:
    """500 names the call, not what broke; the next call is answered, and nothing is under way."""
    metrics = Metrics()
    with ThreadPoolExecutor(1) as executor:
        holder = Holder(load_nothing, lambda model: {}, executor=executor, metrics=metrics)
    holder.endpoints = {"/predict": Broken()}
    transport = httpx.ASGITransport(app=build_app(holder, metrics, params()))

    async def ask() -> tuple[httpx.Response, httpx.Response]:
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            broken = await client.post("/predict", json={}, headers={"x-request-id": "order-17"})
            return broken, await client.get("/v2/health/live")

    broken, live = asyncio.run(ask())

    assert broken.status_code == 500
    assert broken.json()["request_id"] == "order-17"
    assert "secret" not in broken.text
    assert live.status_code == 200
    assert metrics.counters.total(("predict", 500)) == 1
    assert metrics.counters.total("in_flight") == 0


def test_a_prediction_that_is_no_number_is_never_told(tmp_path: Path) -> None:
    """Where the graph overflows, the call is refused and counted, and nothing is logged of it."""
    bundle = make_bundle(tmp_path / "made", "diabetes", estimator="linear")
    record = dict.fromkeys(bundle.golden().records[0], 3e38)
    record["bmi"] = -3e38
    with running_service(bundle.folder, tmp_path) as service, service.client() as client:
        answer = client.post("/predict", json={"records": [record]})
        series = read_series(client.get("/metrics").text)

    assert answer.status_code == 500
    assert "no finite number" in answer.json()["error"]
    assert series["contender_invalid_predictions_total", ()] == 1
    assert series["contender_rows_total", ()] == 0
    assert not list(service.log.glob("predictions-*"))


def test_events_are_json_and_name_the_call(boxes: Bundle, tmp_path: Path) -> None:
    """All of stderr is JSON lines; a refused call is in it with its id, trace, status and field."""
    headers = {"x-request-id": "order-17", "traceparent": TRACE}
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        answer = client.post("/predict", json={"records": [{}]}, headers=headers)
    lines = service.events.read_text(encoding="utf-8").splitlines()
    (event,) = [event for event in service.said() if event["event"] == "call refused"]

    assert len(service.said()) == len(lines) > 2
    assert all({"time", "level", "event", "process"} <= set(line) for line in service.said())
    assert (event["request_id"], event["trace_id"]) == ("order-17", TRACE[3:35])
    assert (event["status"], event["field"]) == (422, answer.json()["field"])
    assert event["level"] == "info"


def test_no_value_is_in_an_event(boxes: Bundle, tmp_path: Path) -> None:
    """What a caller wrote, which may be of a protected column, is not told on stderr."""
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        for region in ("my-secret", ["my-secret"], 4711):
            answer = client.post("/predict", json={"records": [BOX | {"region": region}]})
            assert answer.json()["field"].startswith("records[0].region")
    text = service.events.read_text(encoding="utf-8")

    assert text.count("call refused") == 3
    assert "my-secret" not in text
    assert "4711" not in text
