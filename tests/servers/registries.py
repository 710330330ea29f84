"""The registries that the contract is tested on: an SQLite file, PostgreSQL with S3, a server."""

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from contender.paths import Paths
from contender.tracking import Registry, open_registry
from tests.servers.mlflow_server import running_mlflow
from tests.servers.postgres import Postgres, find_binaries, running_postgres
from tests.servers.s3 import ObjectStore, running_object_store


@dataclass(frozen=True)
class Place:
    """Where a registry is: its address, its name, and the environment that reaches it."""

    work: Path
    uri: str | None = None
    name: str = "sample"
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def copy_of(cls, database: Path, work: Path) -> "Place":
        """An SQLite registry in the new folder `work`, with a copy of `database`."""
        work.mkdir()
        shutil.copyfile(database, Paths(work=work).registry)
        return cls(work)

    def open(self) -> Registry:
        """The registry that is there."""
        paths = Paths(work=self.work)
        return open_registry(paths, uri=self.uri, name=self.name, environment=self.environment)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables and nothing in it: making one takes seconds."""
    place = Place(tmp_path_factory.mktemp("empty"))
    place.open()
    return Paths(work=place.work).registry


@pytest.fixture
def local_place(tmp_path: Path, empty_database: Path) -> Place:
    """An SQLite registry of its own for one test, in a folder with a space in its name."""
    return Place.copy_of(empty_database, tmp_path / "a checkout")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server with a database `migrated` to copy."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL IS NOT INSTALLED: the registry on PostgreSQL was NOT tested")
    with running_postgres(binaries) as server:
        server.migrate("migrated")
        yield server


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A server that speaks S3, with the bucket `models`."""
    with running_object_store(tmp_path_factory.mktemp("s3")) as store:
        store.create_bucket("models")
        yield store


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[str]:
    """The address of an MLflow server."""
    folder = tmp_path_factory.mktemp("server")
    database = folder / "mlflow.db"
    shutil.copyfile(empty_database, database)
    artifacts, log = folder / "artifacts", folder / "server.log"
    with running_mlflow(database, artifacts=artifacts, log=log) as url:
        yield url


@pytest.fixture
def shared_place(
    tmp_path: Path, postgres: Postgres, object_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A registry of its own for one test, on PostgreSQL with its files in S3."""
    name = f"r{uuid.uuid4().hex[:12]}"
    uri = postgres.create(name, template="migrated")
    environment = object_store.environment | {"MLFLOW_DEFAULT_ARTIFACT_ROOT": f"s3://models/{name}"}
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    return Place(tmp_path, uri, environment=environment)


@pytest.fixture
def served_place(tmp_path: Path, mlflow_server: str) -> Place:
    """A registered model of its own for one test, behind an MLflow server."""
    return Place(tmp_path, mlflow_server, name=f"r{uuid.uuid4().hex[:12]}")


@pytest.fixture(params=["local", "shared", "served"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each kind of registry in turn, empty."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def registry(place: Place) -> Registry:
    """An empty registry of each kind in turn."""
    return place.open()
