"""Stage 5: the numbers people look at are those of the model on the holdout, for every task."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn import metrics as reference

from contender.errors import IntegrityError, MissingError, PredictionError
from contender.inference import Predictor
from contender.paths import Paths
from contender.problem import frames
from contender.problem.schema import Schema, Task, load_schema
from tests import datasets
from tests.stages.conftest import Fit, copy

EVERY = [(name, estimator) for name in datasets.PROBLEMS for estimator in datasets.ESTIMATORS]


def read(path: Path) -> Any:
    """The value in a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def held_out(paths: Paths) -> tuple[Schema, np.ndarray, np.ndarray]:
    """The schema, and target and predictions of the holdout, taken apart from the stage."""
    schema, holdout = load_schema(paths.schema), pq.read_table(paths.holdout)
    predictions = Predictor(paths.model.read_bytes()).predict(
        frames.feature_columns(holdout, schema)
    )
    return schema, frames.encode_target(holdout, schema), predictions


@pytest.mark.parametrize(("name", "estimator"), EVERY)
def test_metrics_are_those_of_scikit_learn(name: str, estimator: str, fitted: Fit) -> None:
    """The first two metrics of each task equal an independent computation on the holdout."""
    paths = fitted(name, estimator)
    schema, target, predictions = held_out(paths)
    values = read(paths.metrics)
    if schema.task is Task.REGRESSION:
        expected = {
            "rmse": reference.root_mean_squared_error(target, predictions),
            "r2": reference.r2_score(target, predictions),
        }
    elif schema.task is Task.BINARY:
        expected = {
            "roc_auc": reference.roc_auc_score(target, predictions),
            "brier": float(np.mean((predictions - target) ** 2)),
        }
    else:
        expected = {
            "roc_auc": reference.roc_auc_score(np.eye(3)[target], predictions, average="macro"),
            "accuracy": reference.accuracy_score(target, predictions.argmax(axis=1)),
        }
    assert {metric: values[metric] for metric in expected} == pytest.approx(expected, abs=1e-9)
    assert all(np.isfinite(value) for value in values.values())


@pytest.mark.parametrize(("name", "estimator"), EVERY)
def test_every_row_is_in_one_slice_a_column(name: str, estimator: str, fitted: Fit) -> None:
    """The rows of a column's levels add up to the holdout; small ones say why they are empty."""
    paths = fitted(name, estimator)
    schema, target, _ = held_out(paths)
    rows: Counter[str] = Counter()
    for item in read(paths.slices)["slices"]:
        rows[item["column"]] += item["rows"]
        assert item["evaluated"] == (item["reason"] is None) == bool(item["metrics"])
    sliced = [column for column, facts in schema.columns.items() if facts.slice != "no"]
    assert rows == dict.fromkeys(sliced, len(target))


def test_groups_are_compared_for_fairness(fitted: Fit) -> None:
    """Each sensitive column has its groups, whose rows add up, and the widest gap of each rate."""
    for name, columns in (("boxes", ["region", "express"]), ("diabetes", ["sex"])):
        paths = fitted(name, "linear")
        _, target, _ = held_out(paths)
        result = read(paths.fairness)
        assert list(dict.fromkeys(group["column"] for group in result["groups"])) == columns
        for column in columns:
            groups = [group for group in result["groups"] if group["column"] == column]
            assert sum(group["rows"] for group in groups) == len(target)
            for gap in (gap for gap in result["gaps"] if gap["column"] == column):
                rates = [group[gap["metric"]] for group in groups]
                assert gap["gap"] == pytest.approx(max(rates) - min(rates))


@pytest.mark.parametrize(("name", "estimator"), EVERY)
def test_explanations_add_up_to_the_prediction(name: str, estimator: str, fitted: Fit) -> None:
    """Base and contributions of each example sum to what the served graph predicts for that row."""
    paths = fitted(name, estimator)
    schema, _, predictions = held_out(paths)
    ids = pq.read_table(paths.holdout)[schema.id].to_pylist()
    result = read(paths.explanations)
    assert result["rows"] == 40
    assert {item["feature"] for item in result["global"]} == set(schema.features)
    assert len(result["examples"]) == 3
    for example in result["examples"]:
        total = example["base"] + sum(part["contribution"] for part in example["contributions"])
        assert total == pytest.approx(example["prediction"], abs=1e-4)
        served = predictions[ids.index(example["id"])]
        if schema.task is Task.MULTICLASS:
            continue  # a class's score is not its probability; test_explanations has that law
        if result["unit"] == "log-odds":
            total = 1 / (1 + np.exp(-total))
        assert total == pytest.approx(served, rel=1e-3, abs=1e-4)


def test_explanations_tell_slices_and_values(fitted: Fit) -> None:
    """Every slice has its own strengths; an example shows raw values, None where one is missing."""
    paths = fitted("boxes", "hist_gradient_boosting")
    result = read(paths.explanations)
    assert {item["column"] for item in result["slices"]} == {"colour", "region", "weight"}
    assert sum(item["rows"] for item in result["slices"] if item["column"] == "region") == 40
    shown = {part["feature"]: part["value"] for part in result["examples"][0]["contributions"]}
    assert shown["region"] in ("north", "south")
    assert shown["colour"] in ("red", "green", "rosé", None)


@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_curves_are_tables_of_numbers(name: str, fitted: Fit) -> None:
    """Each task writes its own curves as CSV that reads back without a missing cell."""
    paths = fitted(name, "linear")
    expected = {
        Task.BINARY: {"roc", "precision_recall", "calibration", "confusion", "scores"},
        Task.MULTICLASS: {"roc", "precision_recall", "calibration", "confusion", "scores"},
        Task.REGRESSION: {"predicted_actual", "residuals"},
    }[load_schema(paths.schema).task]
    assert {path.stem for path in paths.curves.glob("*.csv")} == expected
    for path in paths.curves.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        assert len(rows) > 1
        assert all(cell != "" for row in rows for cell in row.values())


def test_a_slice_without_spread_is_not_evaluated(fitted: Fit, tmp_path: Path) -> None:
    """Where every target of a regression's slice is the same, the reason stands for the numbers."""
    paths = copy(fitted("diabetes", "linear"), tmp_path / "diabetes")
    source = paths.raw / "diabetes.csv"
    table = pd.read_csv(source)
    table.loc[table["sex"] > 0, "target"] = 100.0
    table.to_csv(source, index=False)
    datasets.run_stages(paths)
    found = {
        item["level"]: item["reason"]
        for item in read(paths.slices)["slices"]
        if item["column"] == "sex"
    }
    assert found == {"< 0": None, ">= 0": "every target is 100"}


def test_two_runs_write_the_same_bytes(fitted: Fit, tmp_path: Path) -> None:
    """Metrics, slices, fairness, explanations and curves have no clock in them."""
    paths = copy(fitted("boxes", "hist_gradient_boosting"), tmp_path / "boxes")
    before = {path: path.read_bytes() for path in paths.reports.rglob("*") if path.is_file()}
    datasets.run_stages(paths, "evaluate")
    after = {path: path.read_bytes() for path in paths.reports.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("file", ["model", "estimator", "holdout"])
@pytest.mark.parametrize("damage", ["byte", "truncated", "empty"])
def test_a_file_that_is_another_one_stops(
    file: str, damage: str, fitted: Fit, tmp_path: Path
) -> None:
    """One byte flipped, a tail cut off or nothing left: the digest in the manifest disagrees."""
    paths = copy(fitted("boxes", "linear"), tmp_path / "boxes")
    path: Path = getattr(paths, file)
    content = path.read_bytes()
    flipped = content[:100] + bytes([content[100] ^ 1]) + content[101:]
    path.write_bytes({"byte": flipped, "truncated": content[:-50], "empty": b""}[damage])
    before = paths.metrics.read_bytes()
    with pytest.raises(IntegrityError, match=path.name):
        datasets.run_stages(paths, "evaluate")
    assert paths.metrics.read_bytes() == before
    path.unlink()
    with pytest.raises(MissingError, match=path.name):
        datasets.run_stages(paths, "evaluate")


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"model": {"sha256": ""}}', '{"model": 1, "estimator": 2}']
)
def test_a_manifest_that_is_none_stops(content: str, fitted: Fit, tmp_path: Path) -> None:
    """Without its digests a manifest proves nothing."""
    paths = copy(fitted("boxes", "linear"), tmp_path / "boxes")
    paths.manifest.write_text(content, encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"manifest\.json`"):
        datasets.run_stages(paths, "evaluate")


def test_a_model_that_gives_no_probabilities_stops(fitted: Fit, tmp_path: Path) -> None:
    """A graph whose outputs leave 0 to 1 is refused, although its digest is right."""
    paths = copy(fitted("boxes", "linear"), tmp_path / "boxes")
    paths.model.write_bytes(doubled(paths.model))
    manifest = read(paths.manifest)
    manifest["model"]["sha256"] = datasets.files.sha256(paths.model)
    datasets.files.write_json(paths.manifest, manifest)
    with pytest.raises(PredictionError, match="expected 0 to 1"):
        datasets.run_stages(paths, "evaluate")


def doubled(path: Path) -> bytes:
    """The graph at `path` with its output multiplied by two."""
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(path)
    (output,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = ["single" if name == output.name else name for name in node.output]
    model.graph.initializer.append(numpy_helper.from_array(np.float32(2), "two"))
    model.graph.node.append(helper.make_node("Mul", ["single", "two"], [output.name]))
    content: bytes = model.SerializeToString()
    return content
