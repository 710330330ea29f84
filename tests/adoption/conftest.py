"""Where plans are made: a project as it is before anything is adopted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contender.paths import Paths
from tests import datasets
from tests.adoption.plans import Planned, plan_for

Planner = Callable[..., Planned]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project of 300 boxes; planning changes nothing in it."""
    return datasets.boxes(300).write(tmp_path_factory.mktemp("before") / "boxes")


@pytest.fixture
def plan(project: Paths, tmp_path: Path) -> Planner:
    """What is planned for a frame or for the bytes of a file, with `wishes`."""

    def make(content: pd.DataFrame | bytes, name: str = "visits.csv", **wishes: object) -> Planned:
        source = tmp_path / name
        if isinstance(content, bytes):
            source.write_bytes(content)
        elif source.suffix == ".parquet":
            content.to_parquet(source)
        else:
            content.to_csv(source, index=False)
        return plan_for(source, project, **wishes)

    return make


@pytest.fixture
def random() -> np.random.Generator:
    """The same numbers for each test, whichever run before it."""
    return np.random.default_rng(3)
