"""Recording a result: once, whole, and in a form that others can load."""

import math
import signal
from dataclasses import replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from contender.errors import IntegrityError, RegistryError
from contender.inference import Predictor
from contender.tracking import Registry
from tests.servers import children, results
from tests.servers.registries import Place


def runs_of(registry: Registry) -> list[mlflow.entities.Run]:
    """Every run of the experiment that was not deleted."""
    experiment = registry.client.get_experiment_by_name(registry.name)
    assert experiment is not None
    return list(registry.client.search_runs([experiment.experiment_id]))


def test_a_result_is_a_finished_run_and_a_version(registry: Registry, tmp_path: Path) -> None:
    """Parameters, metrics, tags, plots and the whole bundle are in the run; the version is new."""
    result = results.make_result(tmp_path / "one")

    version = registry.log(result)

    (run,) = runs_of(registry)
    assert (version.number, version.digest, version.aliases) == (1, result.digest, ("challenger",))
    assert version.run_id == run.info.run_id
    assert run.info.status == "FINISHED"
    assert run.data.params == result.params
    assert run.data.metrics == result.metrics
    assert run.data.tags.items() >= result.tags.items()
    assert version.tags.items() >= result.tags.items()
    stored = {item.path for item in registry.client.list_artifacts(version.run_id, "model")}
    assert {f"model/{name}" for name in (*result.bundle, "MLmodel")} <= stored
    assert [item.path for item in registry.client.list_artifacts(version.run_id, "plots")] == [
        "plots/roc.svg"
    ]


def test_the_registry_says_nothing_on_the_terminal(
    registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No links, no progress bars, no log: what the terminal shows is ours."""
    version = registry.log(results.make_result(tmp_path / "one"))
    registry.fetch(registry.move_champion(version, expected=None), tmp_path / "champions")

    assert capfd.readouterr() == ("", "")


def test_the_same_result_again_adds_nothing(registry: Registry, tmp_path: Path) -> None:
    """One run, one version, one point a metric."""
    result = results.make_result(tmp_path / "one")

    first, second = registry.log(result), registry.log(result)

    assert first == second
    (run,) = runs_of(registry)
    assert len(registry.client.get_metric_history(run.info.run_id, "roc_auc")) == 1


@pytest.mark.parametrize("difference", ["model", "holdout", "parameter"])
def test_another_result_is_another_version(
    registry: Registry, tmp_path: Path, difference: str
) -> None:
    """A new model, a new holdout or a new parameter makes a result distinct."""
    first = registry.log(results.make_result(tmp_path / "one"))
    changed = {
        "model": lambda folder: results.make_result(folder, results.make_graph(0.7)),
        "holdout": lambda folder: results.make_result(folder, holdout="b" * 64),
        "parameter": lambda folder: results.make_result(folder, threshold="0.4"),
    }

    second = registry.log(changed[difference](tmp_path / "two"))

    assert (first.number, second.number) == (1, 2)
    assert registry.challenger() == second


def test_an_old_result_recorded_again_is_the_challenger_again(
    registry: Registry, tmp_path: Path
) -> None:
    """Only the alias moves back."""
    old = results.make_result(tmp_path / "old")
    registry.log(old)
    registry.log(results.make_result(tmp_path / "new", results.make_graph(0.7)))

    again = registry.log(old)

    assert again.number == 1
    assert registry.challenger() == again
    assert [version.number for version in registry.versions()] == [1, 2]


GRAPHS = {
    "binary": results.make_graph(),
    "multiclass": results.make_graph(outputs=("probability_0", "probability_1", "probability_2")),
    "regression": results.make_graph(outputs=("value",)),
}


@pytest.mark.parametrize("task", GRAPHS)
def test_anybody_can_load_the_model_and_predict(
    registry: Registry, tmp_path: Path, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's own loader gives what the gate's predictor gives, missing values included."""
    registry.log(results.make_result(tmp_path / "one", GRAPHS[task]))
    frame = pd.DataFrame({"size": [40.0, math.nan, -3.0], "kind": ["new", "", "old"]})
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)

    loaded = mlflow.pyfunc.load_model(f"models:/{registry.name}@challenger")

    columns = {name: frame[name].to_numpy(dtype=object) for name in frame}
    expected = Predictor(GRAPHS[task]).predict(columns)
    predicted = np.squeeze(np.stack(list(loaded.predict(frame).values()), axis=1))
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def test_a_model_of_one_feature_can_be_loaded_too(
    local_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One column stays a column, and does not become a matrix."""
    registry = local_place.open()
    result = results.make_result(tmp_path / "one", results.make_small_graph())
    registry.log(replace(result, example={"size": 1.0}))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)

    loaded = mlflow.pyfunc.load_model(f"models:/{registry.name}@challenger")

    predicted = loaded.predict(pd.DataFrame({"size": [2.0, 4.0]}))
    np.testing.assert_allclose(predicted["value"], [1.0, 2.0])


@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_a_category_may_come_as_any_kind_of_text(
    local_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Objects, pandas categories and pandas strings predict the same; so do whole numbers."""
    registry = local_place.open()
    registry.log(results.make_result(tmp_path / "one"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)
    frame = pd.DataFrame({"size": [2, 4], "kind": pd.Series(["old", "new"], dtype=kind)})

    loaded = mlflow.pyfunc.load_model(f"models:/{registry.name}@challenger")

    expected = 1 / (1 + np.exp(-np.array([1.0 + 0.5, 2.0 + 0.25])))
    np.testing.assert_allclose(loaded.predict(frame)["probability"], expected, rtol=1e-6)


def test_a_missing_column_is_refused_by_the_signature(
    local_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registered model says which input is not there."""
    registry = local_place.open()
    registry.log(results.make_result(tmp_path / "one"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)

    loaded = mlflow.pyfunc.load_model(f"models:/{registry.name}@challenger")

    with pytest.raises(MlflowException, match="missing inputs .'kind'."):
        loaded.predict(pd.DataFrame({"size": [1.0]}))


def test_requirements_are_those_that_serve_the_model(local_place: Place, tmp_path: Path) -> None:
    """Nothing of the training side is asked of whoever loads the model."""
    registry = local_place.open()
    version = registry.log(results.make_result(tmp_path / "one"))

    text = registry.client.download_artifacts(
        version.run_id, "model/requirements.txt", str(tmp_path)
    )

    names = [
        line.partition("==")[0] for line in Path(text).read_text(encoding="utf-8").splitlines()
    ]
    assert names == ["mlflow", "numpy", "onnx", "onnxruntime", "pandas"]


def test_a_model_that_changes_while_it_is_recorded_is_refused(
    local_place: Place, tmp_path: Path
) -> None:
    """No version is made of bytes that nobody evaluated, and the run shows as failed."""
    registry = local_place.open()
    result = results.make_result(tmp_path / "one")
    result.bundle["model.onnx"].write_bytes(results.make_graph(0.9))

    with pytest.raises(IntegrityError, match="changed while it was being recorded"):
        registry.log(result)

    assert registry.versions() == []
    assert [run.info.status for run in runs_of(registry)] == ["FAILED"]


def test_a_failed_recording_is_continued(local_place: Place, tmp_path: Path) -> None:
    """Once what was wrong is mended, the same run is finished: there is no second one."""
    registry = local_place.open()
    result = results.make_result(tmp_path / "one")
    hidden = result.bundle["metrics.json"].rename(tmp_path / "hidden.json")
    with pytest.raises(RegistryError, match="metrics.json"):
        registry.log(result)
    hidden.rename(result.bundle["metrics.json"])

    version = registry.log(result)

    assert [(run.info.run_id, run.info.status) for run in runs_of(registry)] == [
        (version.run_id, "FINISHED")
    ]


def test_two_processes_may_record_the_same_result_at_once(
    local_place: Place, tmp_path: Path
) -> None:
    """Both succeed, and there is one version with one finished run."""
    result = results.make_result(tmp_path / "one")
    context = children.make_context()
    start = context.Barrier(3)
    running = [
        context.Process(target=children.log_at_once, args=(local_place, result, start))
        for _ in range(3)
    ]
    for child in running:
        child.start()

    assert children.join(running) == [0, 0, 0]

    registry = local_place.open()
    (version,) = registry.versions()
    finished = [run.info.run_id for run in runs_of(registry) if run.info.status == "FINISHED"]
    assert finished == [version.run_id]


def test_recording_killed_anywhere_converges(tmp_path: Path, empty_database: Path) -> None:
    """After each question to the registry: nothing half is finished; again, all is well."""
    result = results.make_result(tmp_path / "one")
    context = children.make_context()
    for calls in range(1, 40):
        place = Place.copy_of(empty_database, tmp_path / str(calls))
        child = context.Process(target=children.log_and_die, args=(place, result, calls))
        child.start()
        (code,) = children.join([child])
        assert code in (0, -signal.SIGKILL)
        registry = place.open()
        children.end_lease(registry)
        if registry.client.get_experiment_by_name(registry.name):
            finished = [run for run in runs_of(registry) if run.info.status == "FINISHED"]
            assert len(finished) <= len(registry.versions())

        version = registry.log(result)

        assert [item.number for item in registry.versions()] == [1]
        assert [(run.info.run_id, run.info.status) for run in runs_of(registry)] == [
            (version.run_id, "FINISHED")
        ]
        assert registry.challenger() == version
        assert registry.fetch(version, tmp_path / str(calls) / "fetched").is_dir()
        if code == 0:
            break
    assert code == 0 and calls > 15
