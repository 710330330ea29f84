"""From an address to a registry that answers, or a clear reason within seconds why it does not."""

import contextlib
import logging
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from contender.errors import RegistryError
from contender.paths import Paths
from contender.tracking.bundles import local_path
from contender.tracking.failures import asking, hide_password
from contender.tracking.registry import Registry

if TYPE_CHECKING:
    from mlflow import MlflowClient

ADDRESS: Final = "MLFLOW_TRACKING_URI"
ARTIFACTS: Final = "MLFLOW_DEFAULT_ARTIFACT_ROOT"
SQLITE: Final = "sqlite:///"
# MLflow's own defaults retry for four minutes and talk; whoever sets one of these is obeyed.
DEFAULTS: Final[Mapping[str, str]] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "PGCONNECT_TIMEOUT": "5",
}
# For the first question only: a server that is down is told from a slow one within seconds.
IMPATIENT: Final[Mapping[str, str]] = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}


def open_registry(
    paths: Paths, *, uri: str | None, name: str, environment: Mapping[str, str] = os.environ
) -> Registry:
    """The registry at `uri`, at `MLFLOW_TRACKING_URI`, or else in `mlflow.db` below `paths.work`.

    `name` becomes that of the registered model and of the experiment, in safe characters.

    Raises:
        RegistryError: it cannot be reached, its database is damaged, the checkout was moved away
            from the artifacts that its database names, or a shared database has no place for them.
    """
    name = safe_name(name)
    address = find_address(paths, uri, environment)
    for variable, value in DEFAULTS.items():
        os.environ.setdefault(variable, value)
    with asking(hide_password(address), "be opened"):
        from mlflow import MlflowClient

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        if database := sqlite_file(address):
            prepare_database(database, artifacts=database.with_name(paths.artifacts.name))
        elif not address.startswith("http"):
            reach_database(address)
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        with changed_environment(IMPATIENT):
            require_answer(client, hide_password(address))
        location = artifact_location(paths, address, environment)
        require_home(client.get_experiment_by_name(name), location, address)
    return Registry(client, name, address, location)


def require_answer(client: "MlflowClient", shown: str) -> None:
    """Nothing, once MLflow has shown something: an empty answer reads like an empty registry.

    Raises:
        RegistryError: there is not even the experiment that every MLflow has from the start.
    """
    from mlflow.entities import ViewType

    if not client.search_experiments(view_type=ViewType.ALL, max_results=1):
        raise RegistryError(
            f"what answers at `{shown}` shows no experiment, not even MLflow's first one; "
            "expected an MLflow server that lets these credentials read.",
            hint=f"check the address in {ADDRESS} and what the credentials may see",
        )


@contextlib.contextmanager
def changed_environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set the variables in `changes` for the block; MLflow reads its settings nowhere else."""
    before = {variable: os.environ.get(variable) for variable in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for variable, value in before.items():
            if value is None:
                del os.environ[variable]
            else:
                os.environ[variable] = value


def safe_name(name: str) -> str:
    """`name` in lower case, with a hyphen for whatever a registry might not take.

    Raises:
        RegistryError: nothing is left of it.
    """
    safe = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("-.")
    if not safe:
        raise RegistryError(
            f"the data set is named `{name}`; expected a name with letters or digits.",
            hint="set `dataset` in data/schema.yaml",
        )
    return safe


def find_address(paths: Paths, uri: str | None, environment: Mapping[str, str]) -> str:
    """The address asked for; an empty variable, as an unset secret makes one, asks for nothing."""
    given = uri or environment.get(ADDRESS, "").strip()
    return given or f"{SQLITE}{paths.registry.resolve()}"


def artifact_location(paths: Paths, address: str, environment: Mapping[str, str]) -> str | None:
    """Where a new experiment keeps its files: beside an SQLite file; None leaves it to a server."""
    if given := environment.get(ARTIFACTS, "").strip():
        return given
    database = sqlite_file(address)
    return database.with_name(paths.artifacts.name).as_uri() if database else None


def sqlite_file(address: str) -> Path | None:
    """The file behind an SQLite address, None for every other kind."""
    return Path(address.removeprefix(SQLITE)).resolve() if address.startswith(SQLITE) else None


def require_home(experiment: Any, location: str | None, address: str) -> None:
    """Nothing, once there is one place for artifacts that everybody who asks will find.

    Raises:
        RegistryError: a shared database without a place for them, or a local one that names the
            folder of another checkout: this one was moved or copied.
    """
    if experiment is None:
        if location is None and not address.startswith("http"):
            raise RegistryError(
                f"the database `{hide_password(address)}` has no place for models yet; "
                f"expected one in `{ARTIFACTS}`.",
                hint=f"set {ARTIFACTS} to a place that all who use the database can reach, such "
                "as s3://bucket/path, and MLFLOW_S3_ENDPOINT_URL where it is not Amazon's",
            )
        return
    kept, home = local_path(experiment.artifact_location), local_path(location or "s3:")
    if kept and home and kept.resolve() != home.resolve():
        raise RegistryError(
            f"the registry keeps its models in `{kept}`, but those of this checkout belong in "
            f"`{home}`: it was moved or copied, and MLflow's database holds absolute paths.",
            hint=f"move the checkout back, or remove `mlflow.db` and `{home.name}` here and start "
            f"without a champion; a registry for several checkouts is set with {ADDRESS}",
        )


def reach_database(address: str) -> None:
    """Nothing, once the database lets us in; MLflow itself would try for a minute."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(address)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def prepare_database(database: Path, *, artifacts: Path) -> None:
    """Nothing, once a sound MLflow database is there; a new one is made in one step.

    Raises:
        RegistryError: the file is empty, damaged or holds something else, or it is gone while its
            artifacts are still there: the champion is lost then, which is not "no champion".
    """
    if database.exists():
        return require_sound(database)
    if artifacts.is_dir() and any(artifacts.iterdir()):
        raise RegistryError(
            f"`{database}` is missing, but `{artifacts}` holds the models it knew; "
            "expected both or none.",
            hint=f"restore `{database.name}` from a backup, or remove `{artifacts.name}` too "
            "to start without a champion",
        )
    create_database(database)
    return None


def require_sound(database: Path) -> None:
    """Nothing, once `database` has tables of MLflow in it."""
    with _explaining_damage(database), contextlib.closing(_connect(database)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "alembic_version" not in names:
        raise _damaged(database, f"it has {len(names)} tables, none of them MLflow's")


def create_database(database: Path) -> None:
    """Put a new database in place, whole: killed in the middle, MLflow could not open it again."""
    from mlflow import MlflowClient

    database.parent.mkdir(parents=True, exist_ok=True)
    prefix = f"{database.name}."
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=prefix) as folder:
        draft = Path(folder, database.name)
        MlflowClient(tracking_uri=f"{SQLITE}{draft}").search_experiments(max_results=1)
        with contextlib.suppress(FileExistsError):  # another process was faster: its file counts
            os.link(draft, database)


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)


@contextlib.contextmanager
def _explaining_damage(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _damaged(database, str(error)) from error


def _damaged(database: Path, reason: str) -> RegistryError:
    return RegistryError(
        f"`{database}` is not a sound MLflow database: {reason}. Nothing was changed.",
        hint="restore it from a backup; to start without a champion remove it and `mlartifacts`",
    )
