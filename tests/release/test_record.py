"""Recording what the stages made: only files that belong together become a challenger."""

import json
from pathlib import Path
from typing import Any

import pytest

from contender import files
from contender.errors import IntegrityError, MissingError
from contender.params import Params, load_params
from contender.paths import Paths
from contender.problem.schema import Schema
from contender.release.record import example_row, flatten, read_result, record
from contender.revision import Revision
from tests.servers import results
from tests.servers.registries import Place

ROOT = Path(__file__).parents[2]
COMMIT = Revision("c0ffee" * 6 + "c0ff", dirty=True)
COLUMNS: dict[str, Any] = {
    "key": {"role": "id", "dtype": "string", "meaning": "names a row"},
    "label": {
        "role": "target",
        "dtype": "string",
        "meaning": "what is predicted",
        "categories": ["no", "yes"],
        "positive": "yes",
    },
    "size": {"role": "feature", "dtype": "float", "meaning": "a number", "range": [2, None]},
    "kind": {
        "role": "feature",
        "dtype": "string",
        "meaning": "a category",
        "categories": ["new", "old"],
    },
}


@pytest.fixture(scope="module")
def params() -> Params:
    """The parameters of this repository, with a split of our own."""
    params = load_params(ROOT / "params.yaml")
    split = params.split.model_copy(update={"method": "id", "holdout": 0.25, "salt": "pepper"})
    return params.model_copy(update={"split": split})


@pytest.fixture
def schema() -> Schema:
    """Two features, a number and a text."""
    return Schema.model_validate(
        {"dataset": "tiny", "row": "one thing", "task": "binary", "columns": COLUMNS}
    )


@pytest.fixture
def paths(local_place: Place, params: Params, schema: Schema) -> Paths:
    """A work folder in which every stage has run."""
    paths = Paths(root=ROOT, work=local_place.work)
    files.write_bytes(paths.model, results.make_graph())
    files.write_bytes(paths.baseline, results.make_graph(0.1))
    files.write_json(paths.metrics, {"roc_auc": 0.8, "brier": 0.125})
    rule = {"method": "id", "column": "key", "holdout": 0.25, "salt": "pepper", "cutoff": None}
    split = {"rule": rule, "train_sha256": "b" * 64, "holdout_sha256": "a" * 64}
    files.write_json(paths.split, split)
    files.write_json(paths.slices, {"slices": []})
    files.write_text(paths.plots / "roc.svg", "<svg/>")
    used = params.model_dump(mode="json", by_alias=True)
    content = schema.model_dump(mode="json")
    manifest = {
        "version": 1,
        "task": "binary",
        "features": {"size": "number", "kind": "text"},
        "classes": ["no", "yes"],
        "prior": [0.75, 0.25],
        "schema": {"sha256": files.sha256_of(content), "content": content},
        "model": {"file": "model.onnx", "sha256": files.sha256(paths.model)},
        "baseline": {"file": "baseline.onnx", "sha256": files.sha256(paths.baseline)},
        "estimator": {"name": params.train.estimator},
        "data": {"source": "data/raw/tiny.csv", "sha256": "c" * 64},
        "split": split,
        "params": {"train": used["train"]},
    }
    files.write_json(paths.manifest, manifest)
    return paths


def change(path: Path, **entries: Any) -> None:
    """Replace top-level entries of a JSON file."""
    files.write_json(path, json.loads(path.read_bytes()) | entries)


def test_what_the_stages_made_becomes_the_challenger(
    local_place: Place, params: Params, paths: Paths
) -> None:
    """With metrics, digests, commit, reports and plots; again it is the same version."""
    registry = local_place.open()

    version = record(params, paths, registry, commit=COMMIT)

    assert registry.challenger() == version
    assert record(params, paths, registry, commit=None) == version
    run = registry.client.get_run(version.run_id)
    assert run.data.metrics == {"roc_auc": 0.8, "brier": 0.125}
    assert run.data.tags["mlflow.source.git.commit"] == COMMIT.commit
    assert version.tags["git_commit"] == COMMIT.commit
    assert version.tags["git_dirty"] == "true"
    assert version.tags["data_sha256"] == "c" * 64
    assert version.tags["holdout_sha256"] == "a" * 64
    stored = [
        item.path
        for folder in ("plots", "reports")
        for item in registry.client.list_artifacts(version.run_id, folder)
    ]
    assert stored == ["plots/roc.svg", "reports/slices.json", "reports/split.json"]


def test_parameters_are_those_the_result_depends_on(params: Params, paths: Paths) -> None:
    """Of split, train and evaluate, and of the chosen estimator only."""
    names = read_result(params, paths, commit=None).params.keys()

    assert {name.partition(".")[0] for name in names} == {"split", "train", "evaluate"} | {
        params.train.estimator
    }


def test_without_a_repository_the_commit_is_none(params: Params, paths: Paths) -> None:
    """It says so, and does not leave the tag out."""
    tags = read_result(params, paths, commit=None).tags

    assert (tags["git_commit"], tags["git_dirty"]) == ("none", "unknown")


def test_the_example_is_made_up(schema: Schema) -> None:
    """One value a feature, from the schema: never a row of somebody's data."""
    assert example_row(schema) == {"size": 2.0, "kind": "new"}


def test_nested_parameters_are_flattened() -> None:
    """Names joined by dots, values as text."""
    assert flatten({"a": {"b": 1, "c": {"d": None}}, "e": [1, 2]}) == {
        "a.b": "1",
        "a.c.d": "None",
        "e": "[1, 2]",
    }


@pytest.mark.parametrize("name", ["model", "baseline", "manifest", "metrics", "split"])
def test_a_missing_file_names_the_stage(params: Params, paths: Paths, name: str) -> None:
    """Nothing is recorded before every stage has run."""
    path: Path = getattr(paths, name)
    path.unlink()

    with pytest.raises(MissingError, match=path.name):
        read_result(params, paths, commit=None)


@pytest.mark.parametrize("name", ["model", "baseline"])
def test_a_changed_model_is_refused(params: Params, paths: Paths, name: str) -> None:
    """One byte is enough."""
    path: Path = getattr(paths, name)
    path.write_bytes(path.read_bytes() + b"\x00")

    with pytest.raises(IntegrityError, match=f"{path.name}` has the digest"):
        read_result(params, paths, commit=None)


def test_another_split_is_refused(params: Params, paths: Paths) -> None:
    """A model is not recorded with a holdout it was not made for."""
    change(paths.split, holdout_sha256="f" * 64)

    with pytest.raises(IntegrityError, match="another state of the split"):
        read_result(params, paths, commit=None)


@pytest.mark.parametrize(
    ("section", "change"), [("train", {"seed": 1234}), ("split", {"salt": "x"})]
)
def test_other_parameters_are_refused(
    params: Params, paths: Paths, section: str, change: dict[str, Any]
) -> None:
    """params.yaml was changed after the training, or after the split."""
    other = getattr(params, section).model_copy(update=change)

    with pytest.raises(IntegrityError, match=f"the section `{section}` of params.yaml"):
        read_result(params.model_copy(update={section: other}), paths, commit=None)


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"roc_auc": null}', '{"roc_auc": NaN}'])
def test_metrics_that_say_nothing_are_refused(params: Params, paths: Paths, content: str) -> None:
    """None, no number, or one that is not finite."""
    paths.metrics.write_text(content)

    with pytest.raises(IntegrityError, match="expected a finite number a metric"):
        read_result(params, paths, commit=None)


@pytest.mark.parametrize(
    "entry", ["task", "schema", "model", "baseline", "estimator", "data", "split", "params"]
)
@pytest.mark.parametrize("garbage", [None, {}, []])
def test_a_manifest_that_lacks_something_is_refused(
    params: Params, paths: Paths, entry: str, garbage: Any
) -> None:
    """Whatever is missing, it is no traceback."""
    change(paths.manifest, **{entry: garbage})

    with pytest.raises(IntegrityError):
        read_result(params, paths, commit=None)


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", "7"])
def test_a_manifest_that_is_none_is_refused(params: Params, paths: Paths, content: str) -> None:
    """Not JSON, or JSON of another kind."""
    paths.manifest.write_text(content)

    with pytest.raises(IntegrityError):
        read_result(params, paths, commit=None)
