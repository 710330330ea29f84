"""`/predict`: the answers are the model's, and say whose they are."""

import httpx
import numpy as np
import pytest

from contender.bundle import Bundle
from contender.inference import Predictor
from tests.serving.records import BOX, BOXES


def test_predictions_are_those_of_the_model(client: httpx.Client, boxes: Bundle) -> None:
    """Each record gets the probability that the graph itself gives."""
    answer = client.post("/predict", json={"records": BOXES})
    columns = {
        "colour": ["red", "", "rosé", "red"],
        "region": ["north", "north", "north", "south"],
        "weight": [7.25, np.nan, 7.25, 0.5],
        "items": [3, 3, 9, 1],
        "express": [1, 1, 0, 1],
        "gift": [np.nan, 0, 1, np.nan],
    }
    expected = Predictor(boxes.read("model.onnx")).predict(columns)

    assert answer.status_code == 200
    assert answer.json()["predictions"] == expected.tolist()
    assert len(set(answer.json()["predictions"])) == len(BOXES)


def test_the_answer_names_the_bundle(client: httpx.Client, boxes: Bundle) -> None:
    """The digest of the bundle is in the body and in a header."""
    answer = client.post("/predict", json={"records": [BOX]})

    assert answer.json()["model_digest"] == boxes.digest == boxes.folder.name
    assert answer.headers["x-model-digest"] == boxes.digest


def test_golden_records_can_be_asked_for_again(client: httpx.Client, boxes: Bundle) -> None:
    """What proves a bundle when it is loaded proves a service from outside too."""
    golden = boxes.golden()
    answer = client.post("/predict", json={"records": golden.records})

    assert answer.json()["predictions"] == pytest.approx(golden.predictions, abs=1e-6)


def test_a_call_keeps_the_names_it_comes_with(client: httpx.Client) -> None:
    """Request id and W3C trace come back as they came."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"x-request-id": "order-17", "traceparent": trace}
    answer = client.post("/predict", json={"records": [BOX]}, headers=headers)

    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "order-17"
    assert answer.headers["traceparent"] == trace


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ü", '{"a":1}'])
def test_an_unusable_request_id_is_replaced(client: httpx.Client, name: str) -> None:
    """What could break a log line or its reader gets a name of our own."""
    headers = [("x-request-id", name.encode())]
    answer = client.post("/predict", json={"records": [BOX]}, headers=headers)

    assert answer.status_code == 200
    assert answer.json()["request_id"] != name
    assert len(answer.json()["request_id"]) > 16


@pytest.mark.parametrize(
    "trace",
    [
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "nonsense",
        "é",
    ],
)
def test_an_invalid_trace_is_dropped(client: httpx.Client, trace: str) -> None:
    """A trace that the standard forbids is not passed on."""
    headers = [("traceparent", trace.encode())]
    answer = client.post("/predict", json={"records": [BOX]}, headers=headers)

    assert answer.status_code == 200
    assert "traceparent" not in answer.headers


def test_names_are_never_given_twice(client: httpx.Client) -> None:
    """Every call has a name of its own."""
    names = {client.post("/predict", json={"records": [BOX]}).json()["request_id"] for _ in "1234"}

    assert len(names) == 4


def test_a_large_call_is_predicted_as_a_small_one(client: httpx.Client) -> None:
    """1,000 rows at once, which go through a thread, get what they get one by one."""
    records = [BOXES[number % len(BOXES)] for number in range(1000)]
    many = client.post("/predict", json={"records": records}).json()["predictions"]
    few = client.post("/predict", json={"records": BOXES}).json()["predictions"]

    assert many == few * 250
