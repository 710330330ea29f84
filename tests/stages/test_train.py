"""Stage 4: every estimator of every task becomes a graph that is proven to be it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pyarrow.parquet as pq
import pytest

from contender import files
from contender.errors import DataError, IntegrityError, MissingError, ParameterError, ParityError
from contender.inference import Predictor
from contender.params import load_params
from contender.paths import Paths
from contender.problem import artifacts, frames
from contender.problem.schema import Task, load_schema
from contender.stages import train
from tests import datasets
from tests.stages.conftest import Fit, Prepare, copy


@pytest.fixture
def paths(prepared: Prepare, tmp_path: Path) -> Paths:
    """A project of boxes that is split."""
    return copy(prepared("boxes"), tmp_path / "boxes")


@pytest.mark.parametrize("estimator", datasets.ESTIMATORS)
@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_the_graph_is_the_estimator(name: str, estimator: str, fitted: Fit) -> None:
    """On rows never trained on, model.onnx and estimator.skops give the same predictions."""
    paths = fitted(name, estimator)
    schema = load_schema(paths.schema)
    columns = frames.feature_columns(pq.read_table(paths.holdout), schema)
    served = Predictor(paths.model.read_bytes()).predict(columns)
    pipeline = artifacts.load(paths.estimator.read_bytes())
    if schema.task is Task.REGRESSION:
        expected = pipeline.predict(frames.to_frame(columns))
    else:
        expected = pipeline.predict_proba(frames.to_frame(columns))
        expected = expected[:, 1] if schema.task is Task.BINARY else expected
    assert served.shape == expected.shape
    np.testing.assert_allclose(served, expected, rtol=1e-5, atol=1e-5)
    assert len(np.unique(served)) > 5


@pytest.mark.parametrize("estimator", datasets.ESTIMATORS)
@pytest.mark.parametrize("name", datasets.PROBLEMS)
def test_the_manifest_names_what_was_made(name: str, estimator: str, fitted: Fit) -> None:
    """Digests, sizes, features, classes and prior are those of the files and of the rows."""
    paths = fitted(name, estimator)
    schema = load_schema(paths.schema)
    manifest = json.loads(paths.manifest.read_text(encoding="utf-8"))
    for part, path in (("model", paths.model), ("baseline", paths.baseline)):
        assert manifest[part]["sha256"] == files.sha256(path)
        assert manifest[part]["bytes"] == path.stat().st_size
    assert manifest["estimator"]["sha256"] == files.sha256(paths.estimator)
    assert manifest["estimator"]["name"] == estimator
    assert manifest["split"]["train_sha256"] == files.sha256(paths.train)
    assert manifest["split"]["holdout_sha256"] == files.sha256(paths.holdout)
    assert list(manifest["features"]) == sorted(schema.features)
    assert list(Predictor(paths.model.read_bytes()).inputs) == list(schema.features)
    assert manifest["classes"] == list(schema.classes)
    assert manifest["parity"]["max_difference"] <= 1e-5
    target = pq.read_table(paths.train)[schema.target].to_pylist()
    shares = [target.count(name) / len(target) for name in schema.classes] or [np.mean(target)]
    assert manifest["prior"] == pytest.approx(shares)


@pytest.mark.parametrize("estimator", datasets.ESTIMATORS)
def test_two_runs_write_the_same_bytes(estimator: str, fitted: Fit, tmp_path: Path) -> None:
    """Model, baseline, estimator and manifest have no clock and no memory address in them."""
    paths = copy(fitted("boxes", estimator), tmp_path / "boxes")
    written = [*paths.models.iterdir(), paths.training]
    before = {path: path.read_bytes() for path in written}
    assert len(before) == 5
    datasets.run_stages(paths, "train")
    assert {path: path.read_bytes() for path in written} == before


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_another_process_writes_the_same_bytes(hash_seed: str, fitted: Fit, tmp_path: Path) -> None:
    """No set's order, which is another in each process, gets into the files."""
    paths = copy(fitted("boxes", "hist_gradient_boosting"), tmp_path / "boxes")
    before = {path: path.read_bytes() for path in paths.models.iterdir()}
    subprocess.run(
        [sys.executable, "-m", "contender", "train"],
        cwd=paths.root,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        check=True,
    )
    assert {path: path.read_bytes() for path in paths.models.iterdir()} == before


def test_another_seed_is_another_forest(fitted: Fit, tmp_path: Path) -> None:
    """The seed of the parameters reaches the estimator."""
    paths = copy(fitted("boxes", "random_forest"), tmp_path / "boxes")
    before = paths.model.read_bytes()
    datasets.change_params(paths, train__seed=8)
    datasets.run_stages(paths, "train")
    assert paths.model.read_bytes() != before


def test_the_graph_is_valid_and_flat(fitted: Fit) -> None:
    """The graph passes ONNX's own check, and inputs and outputs are columns of one dimension."""
    for name, outputs in (("boxes", 1), ("wine", 3), ("diabetes", 1)):
        model = onnx.load(fitted(name, "hist_gradient_boosting").model)
        onnx.checker.check_model(model, full_check=True)
        graph = model.graph
        assert len(graph.output) == outputs
        for item in (*graph.input, *graph.output):
            assert len(item.type.tensor_type.shape.dim) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train__estimator": "oracle"}, "`oracle` is unknown; expected one of"),
        ({"train__hyperparameters__hist_gradient_boosting__depth": 3}, "'depth'"),
        ({"train__hyperparameters__hist_gradient_boosting__max_iter": -1}, "Got -1 instead"),
        ({"train__hyperparameters__hist_gradient_boosting__max_iter": "many"}, "Got 'many'"),
        ({"train__hyperparameters__linear__strength": 0}, "division by zero"),
        ({"train__hyperparameters__linear__strength": -1.0}, "Got -1.0 instead"),
        ({"train__hyperparameters__linear": {}}, "'strength'"),
    ],
)
def test_impossible_parameters_are_named(
    paths: Paths, changes: dict[str, object], said: str
) -> None:
    """An unknown estimator, an unknown setting or an impossible value stops before writing."""
    datasets.change_params(paths, **changes)
    with pytest.raises(ParameterError, match=said):
        datasets.run_stages(paths, "train")
    assert not paths.models.exists()


def grow(paths: Paths, column: str, *, factor: float, offset: float) -> None:
    """Move a column of the raw table to another scale, and run the stages up to split again."""
    source = paths.raw / "boxes.csv"
    table = pd.read_csv(source)
    table[column] = table[column] * factor + offset
    table.to_csv(source, index=False)
    datasets.change_column(paths, column, range=None)
    datasets.write_expectations(paths)
    datasets.run_stages(paths, "ingest", "validate", "split")


def test_numbers_beyond_float32_break_parity(paths: Paths) -> None:
    """Seconds since 1970 need more than seven digits: scaled in float32 they are other numbers."""
    grow(paths, "items", factor=1000, offset=1.7e9)
    datasets.change_params(paths, train__estimator="linear")
    with pytest.raises(ParityError, match="the ONNX graph of `linear` differs"):
        datasets.run_stages(paths, "train")
    assert not paths.models.exists()


def test_numbers_too_large_for_the_graph_are_named(paths: Paths) -> None:
    """A number that float32 cannot hold is an error with its column, not an infinity."""
    grow(paths, "weight", factor=1, offset=1e39)
    with pytest.raises(DataError, match="the column `weight` has `1e.39` in row 1"):
        datasets.run_stages(paths, "train")


@pytest.mark.parametrize("difference", [float("nan"), float("inf"), 1.1e-5])
def test_a_difference_that_is_none_is_no_parity(difference: float, paths: Paths) -> None:
    """NaN is not below the limit, although it is not above it."""
    params = load_params(paths.params).train
    train.require_parity({"rows": 1, "max_difference": params.max_parity_error}, params)
    with pytest.raises(ParityError):
        train.require_parity({"rows": 1, "max_difference": difference}, params)


@pytest.mark.parametrize("file", ["train", "split"])
def test_changed_inputs_stop(paths: Paths, file: str) -> None:
    """Another training table, or a split.json that does not say which, is an integrity error."""
    path: Path = getattr(paths, file)
    path.write_bytes(b"{}" if file == "split" else path.read_bytes() + b"\0")
    with pytest.raises(IntegrityError, match=path.name):
        datasets.run_stages(paths, "train")
    path.unlink()
    with pytest.raises(MissingError, match="run `dvc repro split` first"):
        datasets.run_stages(paths, "train")
    assert not paths.models.exists()
