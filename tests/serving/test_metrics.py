"""`/metrics`: what Prometheus gets to see, and that nobody outside can make it more."""

import random
import string
from pathlib import Path

import pytest

from contender.bundle import Bundle
from contender.problem.schema import Schema
from contender.serving.metrics import MAX_BINS, Metrics
from tests.serving.records import BOX, BOXES
from tests.serving.series import MAX_SERIES, read_series
from tests.servers.serving import running_service


def test_calls_are_counted_as_they_end(boxes: Bundle, tmp_path: Path) -> None:
    """Rate, errors, duration, rows and predictions are what was asked."""
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        for _ in range(3):
            answer = client.post("/predict", json={"records": BOXES})
        client.post("/predict", json={"records": []})
        client.post("/predict", content=b"{")
        client.get("/nowhere")
        series = read_series(client.get("/metrics").text)
    predictions = answer.json()["predictions"]

    def value(name: str, **labels: str) -> float:
        return series[name, tuple(sorted(labels.items()))]

    assert value("contender_requests_total", route="predict", status="200") == 3
    assert value("contender_requests_total", route="predict", status="422") == 1
    assert value("contender_requests_total", route="predict", status="400") == 1
    assert value("contender_requests_total", route="other", status="404") == 1
    assert value("contender_duration_seconds_count", route="predict") == 5
    assert 0 < value("contender_duration_seconds_sum", route="predict") < 5
    assert value("contender_rows_total") == 12
    assert value("contender_prediction_count") == 12
    assert value("contender_prediction_sum") == pytest.approx(3 * sum(predictions))
    below = sum(prediction <= 0.7 for prediction in predictions)
    assert value("contender_prediction_bucket", le="0.7") == 3 * below
    assert value("contender_in_flight") == 0
    (info,) = [dict(labels) for name, labels in series if name == "contender_model_info"]
    assert (info["model"], info["digest"]) == ("boxes", boxes.digest)
    assert value("process_resident_memory_bytes") > 1e7


def test_no_caller_can_make_series(boxes: Bundle, tmp_path: Path) -> None:
    """Paths, methods, names, ids and values made up by callers leave at most 200 series."""
    dice = random.Random(7)

    def word() -> str:
        return "".join(dice.choices(string.ascii_letters + "%/.", k=8))

    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        for _ in range(150):
            method = dice.choice(["GET", "POST", "PUT", "BREW"])
            headers = {"x-request-id": word(), "traceparent": word(), "user-agent": word()}
            client.request(method, f"/{word()}?{word()}", headers=headers)
            path = dice.choice(["/predict", "/invocations", "/explain", "/feedback", "/v2/models"])
            client.post(f"{path}", json={word(): word()}, headers=headers)
            client.post(f"/v2/models/{word()}/infer", json={"records": [BOX | {word(): 1}]})
        text = client.get("/metrics").text

    assert len(read_series(text)) <= MAX_SERIES


def test_the_largest_number_of_series_is_bounded() -> None:
    """Even if every route gave every status there is, it would not be more than 250."""
    metrics = Metrics()
    metrics.show(make_schema(classes=50), "d" * 64)
    for route in ("predict", "invocations", "infer", "explain", "feedback", "health", "metrics"):
        for status in range(100, 600):
            metrics.count_call(route, status, 0.001)

    assert len(read_series(metrics.render().decode())) <= 250


def test_many_classes_share_the_last_bin() -> None:
    """The likeliest class is counted; the classes past the twentieth as one."""
    metrics = Metrics()
    metrics.show(make_schema(classes=50), "d" * 64)
    for likeliest in (0, 0, 19, 20, 49):
        metrics.count_predictions([[float(index == likeliest) for index in range(50)]])
    series = read_series(metrics.render().decode())
    counts = {dict(labels)["class"]: n for (name, labels), n in series.items() if "class" in name}

    assert {name: count for name, count in counts.items() if count} == {
        "c0": 2,
        "c19": 1,
        "other": 2,
    }
    assert len(counts) == MAX_BINS + 1


@pytest.mark.parametrize(
    ("limits", "value", "edge"),
    [((0, 100), 35.0, "40.0"), (None, 35.0, "100"), ((None, 5), -1e9, "-1000000.0")],
)
def test_values_are_counted_between_the_edges_of_the_target(
    limits: tuple[float | None, float | None] | None, value: float, edge: str
) -> None:
    """A regression counts in tenths of the target's range, or in powers of ten without one."""
    metrics = Metrics()
    metrics.show(make_schema(classes=0, limits=limits), "d" * 64)
    metrics.count_predictions([value])
    series = read_series(metrics.render().decode())
    buckets = [
        (dict(labels)["le"], n)
        for (name, labels), n in series.items()
        if name == "contender_prediction_bucket"
    ]

    assert next(le for le, count in buckets if count) == edge
    # Prometheus forbids a sum where an edge is negative.
    assert series.get(("contender_prediction_sum", ()), value) == value


def make_schema(*, classes: int, limits: tuple[float | None, float | None] | None = None) -> Schema:
    """A schema with this many classes, or none for a regression."""
    target = {"role": "target", "dtype": "string" if classes else "float", "meaning": "m"}
    if classes:
        target |= {"categories": [f"c{index:}" for index in range(classes)]}  # type: ignore[dict-item]
    return Schema.model_validate(
        {
            "dataset": "made",
            "row": "one",
            "task": "multiclass" if classes else "regression",
            "columns": {
                "id": {"role": "id", "dtype": "string", "meaning": "m"},
                "x": {"role": "feature", "dtype": "float", "meaning": "m"},
                "y": target | {"range": limits},
            },
        }
    )
