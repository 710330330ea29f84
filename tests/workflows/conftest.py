"""A fork with made-up data, whose stages were run once."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import git
from tests.pipeline.projects import run
from tests.sabotage.parcels import parcels
from tests.servers.github import running_github
from tests.workflows.runs import Fork

QUICK = "\nlint test sabotage vacuity demo:\n\t@echo $@ was called\n"
SETTINGS = {
    "train__estimator": "linear",
    "split__holdout": 0.4,
    "evaluate__min_slice_rows": 50,
    "evaluate__min_slice_class_rows": 10,
    "gate__min_rows": 200,
    "gate__fairness__max_gap": 0.9,
    "gate__floors": {"roc_auc": 0.55, "brier": 0.25},
}


@pytest.fixture(scope="session")
def seed(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of this work tree with other data, and verbs for people that end at once.

    No container runs, so that staging starts a server of its own; act does not know of queues yet.
    """
    folder = tmp_path_factory.mktemp("seed") / "work"
    git(snapshot, "clone", "--quiet", str(snapshot), str(folder))
    shutil.rmtree(folder / "data/raw")
    problem = parcels(2_000)
    paths = problem.write(folder.parent / "problem", **SETTINGS)
    for name in ("params.yaml", "data"):
        source = paths.root / name
        if source.is_dir():
            shutil.copytree(source, folder / name, dirs_exist_ok=True)
        else:
            shutil.copyfile(source, folder / name)
    with (folder / "Makefile").open("a", encoding="utf-8") as makefile:
        makefile.write(QUICK)
    for path in (folder / ".github/workflows").glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace(" --address 127.0.0.1:8000", "")
        path.write_text(re.sub(r"  queue: max.*\n", "", text), encoding="utf-8")
    (folder / "dvc.lock").unlink()
    source = problem.source
    for command in (("add", source), ("push", f"{source}.dvc"), ("repro",)):
        said = run(folder, "dvc", *command, "--quiet", source=folder / "src")
        assert said.code == 0, said.err
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Bring our own data")
    return folder


@pytest.fixture
def fork(seed: Path, tmp_path: Path, empty_database: Path) -> Iterator[Fork]:
    """A fresh fork of `seed`."""
    git(tmp_path, "clone", "--quiet", "--bare", str(seed), "origin.git")
    shutil.copytree(seed, tmp_path / "work", symlinks=True)
    git(tmp_path / "work", "remote", "set-url", "origin", str(tmp_path / "origin.git"))
    (tmp_path / "state").mkdir()
    with running_github() as github:
        yield Fork(tmp_path, github, empty_database)
