"""`/invocations`: whoever spoke to MLflow's scoring server gets the same answers here."""

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from contender.bundle import Bundle
from tests.serving.records import BOXES, as_columns, as_split
from tests.servers.serving import running_service

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def as_mlflow(bundle: Bundle, folder: Path) -> Any:
    """The model of the bundle as `mlflow.pyfunc` loads it."""
    import mlflow.onnx
    import onnx

    from contender.tracking.flavour import signature_of

    graph = onnx.load_model_from_string(bundle.read("model.onnx"))
    mlflow.onnx.save_model(
        graph,
        str(folder),
        signature=signature_of(graph),
        pip_requirements=["onnxruntime"],
        onnx_execution_providers=["CPUExecutionProvider"],
        save_as_external_data=False,
    )
    return mlflow.pyfunc.load_model(str(folder))


def in_format(name: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    """The records as a body of the format `name`."""
    forms = {"dataframe_split": as_split(records), "inputs": as_columns(records)}
    return {name: forms.get(name, records)}


def make_records(problem: str, bundle: Bundle) -> list[dict[str, Any]]:
    """Records that the model predicts differently."""
    return BOXES if problem == "boxes" else [dict(record) for record in bundle.golden().records]


def to_frame(records: list[dict[str, Any]], bundle: Bundle) -> pd.DataFrame:
    """The records as the frame that MLflow's own server would make for the model."""
    schema = bundle.schema()
    frame = pd.DataFrame(records)
    for name in schema.features:
        is_number = name in schema.numeric
        frame[name] = frame[name].astype(float) if is_number else frame[name].fillna("")
    return frame


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("problem", ["boxes", "wine", "diabetes"])
def test_answers_are_those_of_mlflow(
    bundles: dict[str, Bundle], problem: str, tmp_path: Path
) -> None:
    """In all four formats, for all three tasks: the same names, the same numbers to 1e-6."""
    bundle = bundles[problem]
    records = make_records(problem, bundle)
    expected = as_mlflow(bundle, tmp_path / "mlflow").predict(to_frame(records, bundle))
    with running_service(bundle.folder, tmp_path) as service, service.client() as client:
        answers = [client.post("/invocations", json=in_format(name, records)) for name in FORMATS]

    for answer in answers:
        assert answer.status_code == 200
        predictions = answer.json()["predictions"]
        assert predictions.keys() == expected.keys()
        for name, values in predictions.items():
            assert values == pytest.approx(expected[name].tolist(), abs=1e-6)
            assert len(values) == len(records)


def test_the_index_of_a_frame_is_no_feature(client: httpx.Client) -> None:
    """`DataFrame.to_json(orient="split")` writes the index too; nothing is predicted from it."""
    split = as_split(BOXES)
    answers = [
        client.post("/invocations", json={"dataframe_split": split | extra}).json()
        for extra in ({}, {"index": [7, 8, 9, 10]}, {"index": ["a", "b", "c", "d"]})
    ]

    assert len(answers[0]["predictions"]["probability"]) == len(BOXES)
    assert answers[1] == answers[2] == answers[0]


@pytest.mark.filterwarnings("ignore")
def test_the_scoring_server_says_the_same(bundles: dict[str, Bundle], tmp_path: Path) -> None:
    """MLflow's own server, asked the same body, answers with the same JSON."""
    from mlflow.pyfunc import scoring_server

    bundle = bundles["wine"]
    model = as_mlflow(bundle, tmp_path / "mlflow")
    body = in_format("dataframe_split", make_records("wine", bundle))
    theirs = scoring_server.invocations(
        json.dumps(body), "application/json", model, model.metadata.get_input_schema()
    )
    with running_service(bundle.folder, tmp_path) as service, service.client() as client:
        ours = client.post("/invocations", json=body)

    assert ours.json() == json.loads(theirs.response)
