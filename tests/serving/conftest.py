"""Bundles of every task, and one service that all tests share which leave it as it is."""

from collections.abc import Iterator

import httpx
import pytest

from contender.bundle import Bundle
from tests.servers.bundles import make_bundle
from tests.servers.serving import Running, running_service


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Bundle]:
    """A bundle for each task, and `other`: another model of the same problem as `boxes`."""
    folder = tmp_path_factory.mktemp("made")
    made = {name: make_bundle(folder, name) for name in ("boxes", "wine", "diabetes")}
    return made | {"other": make_bundle(folder, "boxes", seed=8)}


@pytest.fixture(scope="session")
def boxes(bundles: dict[str, Bundle]) -> Bundle:
    """A binary model of columns of every kind."""
    return bundles["boxes"]


@pytest.fixture(scope="session")
def service(boxes: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service of `boxes` that all tests share."""
    with running_service(boxes.folder, tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture
def client(service: Running) -> Iterator[httpx.Client]:
    """A client of the shared service."""
    with service.client() as opened:
        yield opened
