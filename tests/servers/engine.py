"""A Docker engine: the one that is there, or one of its own with a base image made for it."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final

import httpx

from tests.servers import stand_in
from tests.servers.processes import running
from tests.servers.serving import ROOT, wait_until

STAND_IN: Final = "contender-tests/python:3.13-slim"
SYSTEM: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
ROOM_BYTES: Final = 4_000_000_000
SEALED: Final = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")


@dataclass(frozen=True)
class Engine:
    """How to reach an engine, and the base image that builds on it start from."""

    base: str
    environment: dict[str, str] = field(default_factory=dict)

    def ask(self, *arguments: str, check: bool = True) -> str:
        """What `docker` says to `arguments`."""
        done = self.run(*arguments)
        assert not check or done.returncode == 0, done.stderr
        return (done.stdout + done.stderr).strip() if not check else done.stdout.strip()

    def run(self, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """The finished `docker` with `arguments`."""
        return subprocess.run(
            ["docker", *arguments],
            cwd=cwd,
            env={**os.environ, **self.environment, "DOCKER_BUILDKIT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def inspect(self, name: str) -> dict[str, Any]:
        """All that is known of an image or a container."""
        found: dict[str, Any] = json.loads(self.ask("inspect", name))[0]
        return found


@dataclass(frozen=True)
class Container:
    """A container of the service that was started."""

    engine: Engine
    name: str
    url: str

    def client(self) -> httpx.Client:
        """A client of the service in it."""
        return httpx.Client(base_url=self.url, timeout=30, trust_env=False)

    def is_ready(self) -> bool:
        """True once the service answers that it is; asking costs little, for it is timed."""
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=5)
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            connection.request("GET", "/v2/health/ready")
            return connection.getresponse().status == 200
        return False

    def events(self) -> list[dict[str, Any]]:
        """What it said so far; a line that is no JSON object is an error."""
        return [
            json.loads(line)
            for line in self.engine.ask("logs", self.name, check=False).splitlines()
        ]


@contextlib.contextmanager
def running_container(
    engine: Engine, image: str, *options: str, command: tuple[str, ...] = (), wait: bool = True
) -> Iterator[Container]:
    """A container of `image` without a right that it does not need; removed with its volumes."""
    publish = "--publish=127.0.0.1::8000"
    name = engine.ask("run", "--detach", publish, *SEALED, *options, image, *command)
    try:
        port = engine.ask("port", name, "8000").splitlines()[0].rpartition(":")[2]
        container = Container(engine, name, f"http://127.0.0.1:{port}")
        if wait:
            assert wait_until(container.is_ready, seconds=30), engine.ask("logs", name, check=False)
        yield container
    finally:
        engine.ask("rm", "--force", "--volumes", name)


@contextlib.contextmanager
def running_engine() -> Iterator[Engine]:
    """The engine of this machine, or one that is started for the block.

    Raises:
        RuntimeError: neither can be had; the message says why.
    """
    base = _official_base()
    engine = Engine(base)
    if any(engine.run(*verb, base).returncode == 0 for verb in (("image", "inspect"), ("pull",))):
        yield engine
    elif stand_in.can_install():
        stand_in.install("docker.io", "mmdebstrap")
        with _own_engine() as engine:
            engine.ask("import", *_changes(), str(stand_in.find_base()), STAND_IN)
            yield engine
    else:
        raise RuntimeError("no Docker engine that can pull the base image, and not root on Debian")


@contextlib.contextmanager
def _own_engine() -> Iterator[Engine]:
    folder = Path(tempfile.mkdtemp(prefix="engine-", dir=_roomy_memory()))
    (folder / "bin").mkdir()
    # Another client may come first, without the plugin that it needs to build.
    (folder / "bin/docker").symlink_to("/usr/bin/docker")
    path = f"{folder / 'bin'}:{os.environ['PATH']}:{SYSTEM}"
    host = f"unix://{folder / 'socket'}"
    engine = Engine(STAND_IN, {"DOCKER_HOST": host, "PATH": path})
    command = ["dockerd", "--host", host, "--pidfile", str(folder / "pid")]
    command += ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    try:
        with running(
            command,
            ready=lambda: engine.run("version").returncode == 0,
            log=folder / "log",
            env={**os.environ, "PATH": path},
        ):
            yield engine
    finally:
        time.sleep(0.2)  # containerd lets go of its folders a moment after the end
        shutil.rmtree(folder, ignore_errors=True)


def _roomy_memory() -> str | None:
    """A folder in memory, if it has room for images: a slow disk takes a minute to delete them."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES else None


def _changes() -> tuple[str, ...]:
    return ("--change", f"ENV SSL_CERT_FILE={stand_in.CERTIFICATES}", "--change", 'CMD ["python3"]')


def _official_base() -> str:
    """The base that the Dockerfile names."""
    match = re.search(r"^ARG PYTHON=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert match
    return match[1]
