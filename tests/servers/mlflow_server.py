"""MLflow's own server, as `make ui` starts it."""

import contextlib
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tests.servers.processes import free_port, running

# Without it the server starts eight processes that nobody here gives work to.
ENVIRONMENT = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


@contextlib.contextmanager
def running_mlflow(database: Path, *, artifacts: Path, log: Path) -> Iterator[str]:
    """The address of a server on `database` that keeps the files of its clients in `artifacts`."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{database}", "--workers", "1"]
    command += ["--artifacts-destination", artifacts.as_uri()]

    def is_healthy() -> bool:
        return get(f"{url}/health") == (200, b"OK")

    with running(command, ready=is_healthy, log=log, env={**os.environ, **ENVIRONMENT}):
        yield url


def get(url: str) -> tuple[int, bytes]:
    """Status and body of the answer at `url`; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""
