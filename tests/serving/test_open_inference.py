"""The Open Inference Protocol, version 2, as its specification words it."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from contender.bundle import Bundle
from tests.serving.records import BOXES, as_tensors
from tests.servers.serving import running_service


@pytest.fixture
def expected(client: httpx.Client) -> list[float]:
    """What `/predict` says to the records."""
    answer: list[float] = client.post("/predict", json={"records": BOXES}).json()["predictions"]
    return answer


def test_the_server_describes_itself(client: httpx.Client) -> None:
    """`$metadata_server_response`: name, version, extensions."""
    answer = client.get("/v2").json()

    assert answer["name"] == "contender"
    assert answer["version"]
    assert answer["extensions"] == []


def test_health_has_two_sides(client: httpx.Client) -> None:
    """`live` is about the process, `ready` about predictions."""
    assert client.get("/v2/health/live").json() == {"live": True}
    ready = client.get("/v2/health/ready")

    assert ready.status_code == 200
    assert ready.json()["ready"] is True


def test_the_model_describes_its_tensors(client: httpx.Client, boxes: Bundle) -> None:
    """`$metadata_model_response`: each feature an input, numbers as FP32 and texts as BYTES."""
    answer = client.get("/v2/models/boxes").json()
    kinds = {item["name"]: item["datatype"] for item in answer["inputs"]}

    assert answer == client.get(f"/v2/models/boxes/versions/{boxes.digest}").json()
    assert answer["name"] == "boxes"
    assert answer["versions"] == [boxes.digest]
    assert answer["platform"]
    assert kinds == dict.fromkeys(("weight", "items", "express", "gift"), "FP32") | dict.fromkeys(
        ("colour", "region"), "BYTES"
    )
    assert answer["outputs"] == [{"name": "probability", "datatype": "FP32", "shape": [-1]}]
    assert all(item["shape"] == [-1] for item in answer["inputs"])


def test_a_model_is_ready_by_name_and_version(client: httpx.Client, boxes: Bundle) -> None:
    """`$ready_model_response`, with and without the version."""
    for path in ("/v2/models/boxes/ready", f"/v2/models/boxes/versions/{boxes.digest}/ready"):
        assert client.get(path).json() == {"name": "boxes", "ready": True}


@pytest.mark.parametrize("nested", [False, True])
def test_inference_gives_named_tensors(
    client: httpx.Client, boxes: Bundle, expected: list[float], nested: bool
) -> None:
    """`$inference_response`: name, version, the id of the request, one tensor an output."""
    content = {"id": "42", "inputs": as_tensors(BOXES, nested=nested)}
    for path in ("/v2/models/boxes/infer", f"/v2/models/boxes/versions/{boxes.digest}/infer"):
        answer = client.post(path, json=content)

        assert answer.status_code == 200
        assert answer.json() == {
            "model_name": "boxes",
            "model_version": boxes.digest,
            "id": "42",
            "outputs": [
                {"name": "probability", "shape": [4], "datatype": "FP32", "data": expected}
            ],
        }


def test_tensors_come_in_any_order(client: httpx.Client, expected: list[float]) -> None:
    """A tensor is known by its name, not its place; numbers by their value, not their type."""
    tensors = as_tensors(BOXES)[::-1]
    tensors[2]["datatype"] = "INT64"
    answer = client.post("/v2/models/boxes/infer", json={"inputs": tensors})

    assert answer.json()["outputs"][0]["data"] == expected
    assert "id" not in answer.json()


@pytest.mark.parametrize(
    "outputs", [[], [{"name": "probability", "parameters": {"binary": False}}]]
)
def test_outputs_can_be_named(client: httpx.Client, outputs: list[Any]) -> None:
    """Naming outputs asks for these; naming none asks for all."""
    content = {"inputs": as_tensors(BOXES), "outputs": outputs, "parameters": {"priority": 1}}
    answer = client.post("/v2/models/boxes/infer", json=content)

    assert [item["name"] for item in answer.json()["outputs"]] == ["probability"]


@pytest.mark.parametrize(
    "path",
    ["/v2/models/nobody/infer", "/v2/models/boxes/versions/1/infer", "/v2/models/box%20es/infer"],
)
def test_another_model_is_not_found(client: httpx.Client, path: str) -> None:
    """A name or version that is not served is 404, with an `error` as the protocol asks."""
    answer = client.post(path, json={"inputs": as_tensors(BOXES)})

    assert answer.status_code == 404
    assert "boxes" in answer.json()["error"]
    assert client.get(path.removesuffix("/infer")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/v2/models/boxes/infer", {"inputs": []}, 422),
        ("POST", "/v2/models/boxes/infer", None, 400),
        ("GET", "/v2/models/boxes/infer", None, 405),
        ("POST", "/v2/models/nobody/infer", {}, 404),
        ("GET", "/v2/models/nobody", None, 404),
        ("GET", "/v2/models/nobody/ready", None, 404),
        ("GET", "/v2/models/boxes/versions/1", None, 404),
        ("GET", "/v2/models/boxes/versions/1/ready", None, 404),
        ("GET", "/v2/nowhere", None, 404),
        ("POST", "/v2", None, 405),
    ],
)
def test_errors_are_as_the_protocol_asks(
    client: httpx.Client, method: str, path: str, content: Any, status: int
) -> None:
    """`$inference_error_response` and its like have an `error` of text, whoever gives them."""
    body = b"" if content is None else json.dumps(content).encode()
    answer = client.request(method, path, content=body)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("problem", ["wine", "diabetes"])
def test_every_task_is_spoken(bundles: dict[str, Bundle], problem: str, tmp_path: Path) -> None:
    """Many classes are one tensor each, a value is one; the numbers are those of `/predict`."""
    bundle = bundles[problem]
    records = [dict(record) for record in bundle.golden().records]
    with running_service(bundle.folder, tmp_path) as service, service.client() as client:
        outputs = client.get(f"/v2/models/{problem}").json()["outputs"]
        answer = client.post(f"/v2/models/{problem}/infer", json={"inputs": as_tensors(records)})
        plain = client.post("/predict", json={"records": records}).json()["predictions"]
    tensors = answer.json()["outputs"]
    columns = [list(column) for column in zip(*plain)] if problem == "wine" else [plain]

    assert [tensor["name"] for tensor in tensors] == [output["name"] for output in outputs]
    assert [tensor["data"] for tensor in tensors] == columns
    assert all(tensor["shape"] == [len(records)] for tensor in tensors)
