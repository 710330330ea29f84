"""The services that are compared: how each is started, and how it is asked."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from measure import ROOT, environment
from pipelines import save_pipeline

from contender.bundle import Bundle
from contender.tracking.connection import safe_name

BENTO: Final = ROOT / ".venv-bench" / "bin" / "python"  # BentoML is kept out of .venv
START_S: Final = 60.0
POLL_S: Final = 0.005
UVICORN: Final = ("--loop", "uvloop", "--http", "httptools", "--no-access-log")


@dataclass(frozen=True)
class Server:
    """One service: a command that ends with the port to listen at, ready once `health` is 200."""

    name: str
    command: tuple[str, ...]
    health: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contestant:
    """One way to ask one server: the path, and the key that the records are under."""

    name: str
    server: str
    path: str = "/predict"
    key: str = "records"
    is_checked: bool = True


CONTESTANTS: Final = (
    Contestant("Contender", "contender"),
    Contestant("FastAPI, a constant", "constant", is_checked=False),
    Contestant("BentoML", "bento"),
    Contestant("Contender, as MLflow", "contender", "/invocations", "dataframe_records"),
    Contestant("MLflow", "mlflow", "/invocations", "dataframe_records"),
    Contestant("MLflow, instances", "mlflow", "/invocations", "instances"),
    Contestant(
        "MLflow, scikit-learn", "sklearn", "/invocations", "dataframe_records", is_checked=False
    ),
)


def make_servers(bundle: Bundle, scratch: Path) -> dict[str, Server]:
    """Every server there is, for the model of `bundle`, by its name; each is one process.

    They run in `scratch`, so the prediction log is written there.
    """
    shutil.copy2(ROOT / "params.yaml", scratch)
    python, model = sys.executable, safe_name(bundle.schema().dataset)
    registry = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{ROOT / 'mlflow.db'}"
    apps = {"PYTHONPATH": str(ROOT / "benchmarks"), "BUNDLE": str(bundle.folder)}
    unreported = {"BENTOML_HOME": str(scratch / "bento"), "BENTOML_DO_NOT_TRACK": "true"}
    serve = (python, "-m", "contender", "serve", "--bundle", str(bundle.folder), "--port")
    constant = (python, "-m", "uvicorn", "apps.constant:app", *UVICORN, "--port")
    bento = (str(BENTO), "-m", "bentoml", "serve", "apps.bento:Model", "--port")
    mlflow = (python, "-m", "mlflow", "models", "serve", "--env-manager", "local")
    pipeline = (*mlflow, "--model-uri", str(save_pipeline(bundle, scratch / "pipeline")), "--port")
    mlflow = (*mlflow, "--model-uri", f"models:/{model}@challenger", "--port")
    servers = (
        Server("contender", serve, "/ping"),
        Server("constant", constant, "/ping", apps),
        Server("bento", bento, "/readyz", apps | unreported),
        Server("mlflow", mlflow, "/ping", {"MLFLOW_TRACKING_URI": registry}),
        Server("sklearn", pipeline, "/ping"),
    )
    return {server.name: server for server in servers}


@dataclass(frozen=True)
class Running:
    """A server that answers at `port`; it took `ready_s` from its start to the first answer."""

    port: int
    ready_s: float
    process: psutil.Process

    def cpu_s(self) -> float:
        """CPU seconds of all its processes so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._tree())

    def resident_mb(self) -> float:
        """The memory of all its processes; what they share counts in each."""
        return sum(process.memory_info().rss for process in self._tree()) / 1e6

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextlib.contextmanager
def running(server: Server, scratch: Path, core: int | None) -> Iterator[Running]:
    """`server`, on `core`, from its first answer to the end of the block.

    Raises:
        SystemExit: it ended, or was not ready in time.
    """
    port, said = free_port(), scratch / f"{server.name}.log"
    started = time.perf_counter()
    with said.open("wb") as stream, on_core(core):
        process = subprocess.Popen(
            [*server.command, str(port)],
            cwd=scratch,
            env=environment(**server.env),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
        )
    try:
        while not is_ready(port, server.health):
            if process.poll() is not None or time.perf_counter() - started > START_S:
                sys.exit(f"{server.name} did not start:\n{said.read_text()[-2000:]}")
            time.sleep(POLL_S)
        yield Running(port, time.perf_counter() - started, psutil.Process(process.pid))
    finally:
        end(process)


def is_ready(port: int, path: str) -> bool:
    """True when the answer at `path` is 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill `process` and all that came of it: BentoML's worker leads a session of its own."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
    process.wait()


def free_port() -> int:
    """A port of loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_cores() -> tuple[int, int] | tuple[None, None]:
    """One core for the service and one for its callers; None where they cannot be chosen."""
    known = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (known[0], known[1]) if len(known) > 1 else (None, None)


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """This process, and what it starts, on `core` for the block."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
