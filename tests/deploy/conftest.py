"""Two bundles of the same problem: one to be in production, one to come after it."""

from pathlib import Path

import pytest

from contender.bundle import Bundle
from tests.servers.bundles import make_bundle


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the bundles are made."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="session")
def old(made: Path) -> Bundle:
    """The champion."""
    return make_bundle(made)


@pytest.fixture(scope="session")
def new(made: Path) -> Bundle:
    """The challenger: a few trees more."""
    return make_bundle(made, seed=9)
