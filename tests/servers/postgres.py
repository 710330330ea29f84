"""A PostgreSQL server of its own, with a password, from the binaries of the machine."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.processes import free_port, running

USER, PASSWORD = "mlflow", "not-a-secret"


@dataclass(frozen=True)
class Postgres:
    """A running server; its only user may do everything."""

    port: int

    def url(self, database: str, *, password: str = PASSWORD) -> str:
        """The address of `database` as SQLAlchemy takes it."""
        return f"postgresql+psycopg2://{USER}:{password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """The address of the new `database`, a copy of `template`."""
        import psycopg2

        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres"
        )
        with contextlib.closing(connection):
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    def migrate(self, database: str) -> None:
        """Make `database` with MLflow's tables, by a process that leaves no connection behind."""
        command = [sys.executable, "-m", "mlflow", "db", "upgrade", self.create(database)]
        subprocess.run(command, check=True, capture_output=True)


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`; None when no server is installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folders = [*debian, Path("/opt/homebrew/opt/postgresql/bin"), Path("/usr/local/bin")]
    return next((path for path in folders if (path / "postgres").exists()), None)


@contextlib.contextmanager
def running_postgres(binaries: Path) -> Iterator[Postgres]:
    """A server with a database cluster that is removed with it."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    account = _account()
    try:
        if account:
            shutil.chown(folder, account["user"], account["group"])
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        initdb = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", USER]
        initdb += ["-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **account)
        port = free_port()
        server = [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
        for setting in ("listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"):
            server += ["-c", setting]
        with running(
            [*server, "-c", "fsync=off"],
            ready=lambda: _answers(port),
            log=folder / "log",
            stop=signal.SIGINT,  # does not wait for clients to leave
            cwd=folder,
            **account,
        ):
            yield Postgres(port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> dict[str, Any]:
    """Whom to run as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _answers(port: int) -> bool:
    import psycopg2

    try:
        psycopg2.connect(
            host="127.0.0.1", port=port, user=USER, password=PASSWORD, dbname="postgres"
        ).close()
    except psycopg2.OperationalError:
        return False
    return True
