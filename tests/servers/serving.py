"""The service, as `contender serve` starts it, on a free port of loopback."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from contender.params import ServingParams, load_params
from tests.servers.processes import running

ROOT = Path(__file__).parents[2]
START = """
import json, sys
from pathlib import Path
from contender.params import ServingParams
from contender.serving.server import Settings, serve
bundle, digest, workers, log, params = json.loads(sys.argv[1])
settings = Settings(Path(bundle), digest, "127.0.0.1", 0, workers, Path(log))
sys.exit(serve(settings, ServingParams(**params)))
"""


@dataclass(frozen=True)
class Running:
    """A service that answers at `url`; `events` is what it says on stderr."""

    url: str
    process: int
    log: Path
    events: Path

    def client(self, **options: Any) -> httpx.Client:
        """A client of the service, with connections of its own."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False, **options)

    def said(self) -> list[dict[str, Any]]:
        """The events so far."""
        return read_events(self.events)


@contextlib.contextmanager
def running_service(  # pylint: disable=too-many-arguments  # each is a setting of the service
    bundle: Path,
    folder: Path,
    *,
    digest: str | None = None,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
    wait: bool = True,
    **changes: Any,
) -> Iterator[Running]:
    """A service of `bundle` that writes into `folder`; `changes` are parameters of `serving`.

    It is ready, unless nobody should `wait` for that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events = folder / "events.jsonl"
    settings = [str(bundle), digest, workers, str(folder / "log"), params(**changes).model_dump()]
    command = [python, "-c", START, json.dumps(settings)]
    found: list[str] = []

    def is_ready() -> bool:
        found[:] = [
            f"http://{event['host']}:{event['port']}"
            for event in read_events(events)
            if event["event"] == "listening"
        ]
        return bool(found) and (not wait or get(f"{found[0]}/ping").status_code == 200)

    env = {**os.environ, **(environment or {})}
    with running(command, ready=is_ready, log=events, env=env) as process:
        yield Running(found[0], process, folder / "log", events)


def params(**changes: Any) -> ServingParams:
    """The parameters of the repository, with `changes`; nobody waits for proxies to notice."""
    kept = load_params(ROOT / "params.yaml").serving.model_dump()
    return ServingParams(**{**kept, "drain_s": 0.5, **changes})


def get(url: str) -> httpx.Response:
    """The answer at `url`; 503 when nobody is there."""
    try:
        return httpx.get(url, timeout=10, trust_env=False)
    except httpx.TransportError:
        return httpx.Response(503)


def read_events(path: Path) -> list[dict[str, Any]]:
    """The JSON lines in `path`; what others print between them is left out."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def is_running(process: int) -> bool:
    """True while the process has not ended."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Any, *, seconds: float = 10) -> bool:
    """True as soon as `condition()` holds; false when it does not within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())
