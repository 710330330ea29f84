"""A finished project of boxes, taken through all stages once."""

import pytest

from contender.paths import Paths
from tests import datasets


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """A project of 300 boxes after every stage; to be copied, not changed."""
    paths = datasets.boxes(300).write(tmp_path_factory.mktemp("finished") / "boxes")
    datasets.run_stages(paths)
    return paths
