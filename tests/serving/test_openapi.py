"""The OpenAPI document says what the service does; Schemathesis tries to show that it does not."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from contender.bundle import Bundle
from tests.serving.forms import short_or_long
from tests.serving.records import BOX, BOXES, as_columns
from tests.serving.series import MAX_SERIES, read_series
from tests.servers.serving import running_service

CASES_AN_EXAMPLE = 14  # of the operations together, with the cases that cover each keyword


@pytest.fixture
def document(client: httpx.Client) -> dict[str, Any]:
    """The OpenAPI document of the shared service."""
    content: dict[str, Any] = client.get("/openapi.json").json()
    return content


def accepts(document: dict[str, Any], name: str, value: Any) -> bool:
    """True when the document's schema `name` allows `value`."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return bool(Draft202012Validator(schema).is_valid(value))


def test_every_operation_is_described(document: dict[str, Any], boxes: Bundle) -> None:
    """All protocols are in it, each with its request, its answer and its refusals."""
    posts = {path: item["post"] for path, item in document["paths"].items() if "post" in item}

    assert set(posts) == {
        "/predict",
        "/explain",
        "/feedback",
        "/invocations",
        "/v2/models/boxes/infer",
        f"/v2/models/boxes/versions/{boxes.digest}/infer",
    }
    assert len({post["operationId"] for post in posts.values()}) == len(posts)
    for post in posts.values():
        assert post["requestBody"]["content"]["application/json"]["schema"]
        assert {"400", "413", "422", "503", "504"} < set(post["responses"])
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_features_are_described_as_the_schema_does(document: dict[str, Any]) -> None:
    """Meaning, unit, range and categories of data/schema.yaml are what callers read."""
    record = document["components"]["schemas"]["Record"]
    weight = json.dumps(record["properties"]["weight"])

    assert set(record["required"]) == set(BOX)
    assert record["additionalProperties"] is False
    assert "weight of the box, in kg" in weight
    assert '"maximum": 200' in weight
    assert record["properties"]["region"]["enum"] == ["north", "south"]


def test_what_is_predicted_is_described(client: httpx.Client, document: dict[str, Any]) -> None:
    """Requests that are answered fit the document, and so do the answers."""
    record = client.post("/predict", json={"records": BOXES})
    columns = client.post("/invocations", json={"inputs": as_columns(BOXES)})

    assert accepts(document, "PredictRequest", {"records": BOXES})
    assert accepts(document, "Predictions", record.json())
    assert accepts(document, "InvocationsRequest", {"inputs": as_columns(BOXES)})
    assert accepts(document, "OutputColumns", columns.json())
    assert accepts(document, "Problem", client.post("/predict", json={}).json())


@pytest.mark.parametrize(
    "change", [{"weight": "7"}, {"items": 1.5}, {"region": "east"}, {"more": 1}, {"express": None}]
)
def test_what_is_refused_is_described(document: dict[str, Any], change: dict[str, Any]) -> None:
    """The types that refuse a body are those that the document was made of."""
    assert not accepts(document, "PredictRequest", {"records": [BOX | change]})


def test_people_find_the_documents(client: httpx.Client) -> None:
    """The root leads to a page that shows the document."""
    page = client.get("/", follow_redirects=True)

    assert page.status_code == 200
    assert "openapi.json" in page.text


@short_or_long(300, 10_000)
def test_no_generated_case_breaks_the_service(boxes: Bundle, tmp_path: Path, count: int) -> None:
    """Every check of Schemathesis passes, no answer is a 5xx, and no case makes a series."""
    settings = Path(__file__).with_name("schemathesis.toml")
    with running_service(boxes.folder, tmp_path) as service, service.client() as client:
        command = ["schemathesis", "--config-file", str(settings), "run", "--checks", "all"]
        command += ["--max-examples", str(count // CASES_AN_EXAMPLE), "--no-color"]
        outcome = subprocess.run(
            [*command, "--generation-deterministic", f"{service.url}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        series = read_series(client.get("/metrics").text)
        errors = [event for event in service.said() if event["level"] == "error"]
    generated = re.search(r"(\d+) generated", outcome.stdout)
    print(generated and generated[0], f"cases, {len(series)} series")

    assert outcome.returncode == 0, outcome.stdout[-4000:]
    assert generated and int(generated[1]) >= count
    assert not errors
    assert len(series) <= MAX_SERIES
