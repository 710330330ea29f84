"""Small problems taken through the stages once, for tests that copy or read what came out."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from contender.paths import Paths
from tests import datasets

Prepare = Callable[[str], Paths]
Fit = Callable[[str, str], Paths]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """The folder of the problem of a name, split; to be read, or copied with `copy`."""

    @cache
    def prepare(name: str) -> Paths:
        paths = datasets.PROBLEMS[name]().write(tmp_path_factory.mktemp(name) / name)
        datasets.run_stages(paths, "ingest", "validate", "split")
        return paths

    return prepare


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory, prepared: Prepare) -> Fit:
    """The folder of a problem after `train` and `evaluate` with an estimator; to be read only."""

    @cache
    def fit(name: str, estimator: str) -> Paths:
        paths = copy(prepared(name), tmp_path_factory.mktemp(estimator) / name)
        datasets.change_params(paths, train__estimator=estimator)
        datasets.run_stages(paths, "train", "evaluate")
        return paths

    return fit


def copy(paths: Paths, folder: Path) -> Paths:
    """The same project in the new folder `folder`, without the fonts and pictures of Data Docs."""
    shutil.copytree(paths.root, folder, ignore=shutil.ignore_patterns("static"))
    return Paths(root=folder, work=folder)
