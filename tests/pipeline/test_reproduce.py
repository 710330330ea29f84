"""A run from nothing against what a commit has, for a small project under git."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contender import files
from contender.cli import main
from contender.errors import IntegrityError, ReproductionError
from contender.params import read_yaml
from contender.paths import Paths
from contender.reproduction import (
    Lock,
    Outcome,
    compare,
    digest_of,
    find_stale,
    parse_lock,
    parse_metrics,
    require_same,
)
from tests import datasets
from tests.conftest import git
from tests.pipeline.projects import copy

PIPELINE = read_yaml(datasets.ROOT / "dvc.yaml")


def lock_of(paths: Paths) -> dict[str, Any]:
    """What DVC writes into dvc.lock for the outputs there are, with the schema as one input."""
    schema = {"path": "data/schema.yaml", "md5": digest_of(paths.schema)}
    given = {"params.yaml": {"split": read_yaml(paths.params)["split"]}}
    stages = {}
    for name, stage in PIPELINE["stages"].items():
        listed = [*stage.get("outs", ()), *stage.get("metrics", ())]
        outs = [next(iter(it)) if isinstance(it, dict) else it for it in listed]
        made = [{"path": out, "md5": digest_of(paths.work / out)} for out in outs]
        stages[name] = {"cmd": "", "deps": [schema], "params": given, "outs": made}
    return {"schema": "2.0", "stages": stages}


def commit(paths: Paths, lock: Any) -> None:
    """Put the project with this dvc.lock under git."""
    datasets.dump_yaml(paths.pipeline, PIPELINE)
    datasets.dump_yaml(paths.pins, lock)
    git(paths.root, "init", "--quiet")
    git(paths.root, "add", "params.yaml", "data/schema.yaml", "dvc.yaml", "dvc.lock")
    git(paths.root, "add", "--force", "reports/metrics.json")
    git(paths.root, "commit", "--quiet", "--message=A result")


@pytest.fixture
def project(finished: Paths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A finished project that is the current folder; its commands see it as `.`."""
    paths = copy(finished, tmp_path / "boxes")
    monkeypatch.chdir(paths.root)
    return paths


@pytest.fixture(scope="module")
def lock(finished: Paths) -> Lock:
    """The lock of the finished project."""
    return Lock.model_validate(lock_of(finished))


def altered(tree: dict[str, Any], stage: str, path: str) -> dict[str, Any]:
    """`tree` with another MD5 for one output."""
    (found,) = (it for it in tree["stages"][stage]["outs"] if it["path"] == path)
    found["md5"] = "0" * 32
    return tree


def without_docs(tree: dict[str, Any]) -> dict[str, Any]:
    """`tree` without Data Docs, which the copy of a project has only in part."""
    tree["stages"]["validate"]["outs"].pop(0)
    return tree


def test_what_a_commit_has_is_made_again_from_nothing(
    project: Paths, finished: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every output to the byte, although none of them is in the work tree."""
    commit(project, lock_of(finished))
    before = git(project.root, "status", "--porcelain")
    project.model.unlink()

    assert main(["reproduce"]) == 0
    assert "all 16 outputs to the byte" in capsys.readouterr().err
    assert not project.model.exists()
    assert git(project.root, "status", "--porcelain") == before


def test_another_result_than_the_commit_has_is_refused(
    project: Paths, finished: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    """Metrics that nobody's run made; the message says what to type."""
    metrics = files.read_json(project.metrics, made_by="dvc repro evaluate")
    files.write_json(project.metrics, metrics | {"roc_auc": metrics["roc_auc"] + 0.01})
    commit(project, altered(lock_of(finished), "evaluate", "reports/metrics.json"))

    assert main(["reproduce"]) == 1
    said = capsys.readouterr().err
    assert "gives another result" in said
    assert "dvc repro && git add dvc.lock reports" in said


@pytest.mark.parametrize("text", ["", "stages: {}", "{", "- 1", "stages: {train: {}}", "stages: 3"])
def test_a_lock_of_nothing_is_none(text: str) -> None:
    """Empty, without a stage, without outputs, or garbage."""
    with pytest.raises(IntegrityError, match="dvc.lock"):
        parse_lock(text)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"f1": null}', '{"f1": NaN}', "{"])
def test_no_metrics_are_none(text: str) -> None:
    """A missing number agrees with nothing."""
    with pytest.raises(IntegrityError, match="metrics"):
        parse_metrics(text)


@pytest.mark.parametrize("missing", ["dvc.lock", "reports/metrics.json", ""])
def test_what_the_commit_does_not_have_is_not_reproduced(
    project: Paths, finished: Paths, missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that only lies in the work tree is in no commit; without a commit nothing is."""
    if missing:
        commit(project, lock_of(finished))
        git(project.root, "rm", "--quiet", "--cached", missing)
        git(project.root, "commit", "--quiet", "--message=Less")

    assert main(["reproduce"]) == 1
    assert "is not in the commit" in capsys.readouterr().err


def _another_schema(paths: Paths) -> None:
    paths.schema.write_text(paths.schema.read_text() + "# changed\n")


def _no_schema(paths: Paths) -> None:
    paths.schema.unlink()


def _another_split(paths: Paths) -> None:
    datasets.change_params(paths, split__salt="other")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_another_schema, "`ingest` read another `data/schema.yaml`"),
        (_no_schema, "`ingest` read another `data/schema.yaml`"),
        (_another_split, "`split` ran with another `split`"),
    ],
)
def test_a_lock_about_another_tree_is_named(
    project: Paths, lock: Lock, change: Callable[[Paths], None], line: str
) -> None:
    """Without running anything: an input or a parameter is not the one it names."""
    assert not find_stale(lock, PIPELINE, read_yaml(project.params), project.root)

    change(project)

    assert line in find_stale(lock, PIPELINE, read_yaml(project.params), project.root)


def test_a_lock_of_other_stages_is_named(project: Paths, lock: Lock) -> None:
    """One too few, one too many, or a pipeline of none."""
    params, (first, *others) = read_yaml(project.params), lock.stages
    fewer = Lock(stages={name: lock.stages[name] for name in others})

    for pipeline, found in ((PIPELINE, fewer), ({"stages": {n: {} for n in others}}, lock)):
        (line,) = find_stale(found, pipeline, params, project.root)
        assert f"`{first}`" in line
    assert len(find_stale(lock, {}, params, project.root)) == len(lock.stages)


def test_other_data_is_never_within_a_tolerance(finished: Paths, project: Paths) -> None:
    """The same metrics do not make up for rows that are not the same."""
    lock, metrics = Lock.model_validate(without_docs(lock_of(finished))), {"f1": 0.5}
    assert not compare(lock, project.work, metrics, metrics).changed
    (project.work / "data/prepared/train.parquet").unlink()

    with pytest.raises(ReproductionError, match="other data.*train.parquet"):
        compare(lock, project.work, metrics, metrics)


def test_other_bytes_of_a_model_are_told(finished: Paths, project: Paths) -> None:
    """With how far the metrics are apart; a large one by a share of itself."""
    lock = Lock.model_validate(without_docs(lock_of(finished)))
    project.model.write_bytes(b"")

    found = compare(lock, project.work, {"f1": 0.5, "rmse": 2e4}, {"f1": 0.5, "rmse": 2e4 + 1})

    assert found.changed == ("models/model.onnx",)
    assert found.difference == pytest.approx(5e-5)


def test_other_metrics_are_refused(lock: Lock, finished: Paths) -> None:
    """One that is missing, and one too many."""
    for before, now in (({"f1": 1.0}, {}), ({"f1": 1.0}, {"f1": 1.0, "f2": 1.0})):
        with pytest.raises(ReproductionError, match="metrics"):
            compare(lock, finished.work, before, now)


def test_only_metrics_within_the_limit_make_up_for_other_bytes() -> None:
    """The limit itself is within it; the same bytes need none."""
    require_same(Outcome(16, (), 0.0), limit=0.0)
    require_same(Outcome(16, ("models/model.onnx",), 1e-5), limit=1e-5)
    with pytest.raises(ReproductionError, match="models/model.onnx"):
        require_same(Outcome(16, ("models/model.onnx",), 2e-5), limit=1e-5)


def test_a_folder_has_the_digest_that_dvc_gives_it(tmp_path: Path) -> None:
    """As `dvc add` wrote it into a pointer; one that is empty or not there has none."""
    (tmp_path / "sub").mkdir()
    assert digest_of(tmp_path) == ""
    assert digest_of(tmp_path / "none") == ""
    for name in ("a.txt", "sub/b.txt", "B.txt"):
        (tmp_path / name).write_text(name.removesuffix(".txt")[-1].replace("B", "c"))

    assert digest_of(tmp_path) == "1646ebcbf41a80fba51ba9b1f147e732.dir"
