"""What is said when containers should be led and there is no engine that could."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from contender.deploy.compose import make_target
from contender.errors import DeployError


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is no engine."""
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "address",
    ["", "unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "nonsense", "ftp://a", "://"],
)
def test_an_engine_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """No engine at the address, or an address that is none."""
    monkeypatch.setenv("DOCKER_HOST", address)

    with pytest.raises(DeployError, match="Docker engine"):
        make_target(tmp_path, tmp_path)


def test_who_is_no_engine_is_not_taken_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stranger: str
) -> None:
    """Somebody answers, but not as an engine does."""
    monkeypatch.setenv("DOCKER_HOST", stranger)

    with pytest.raises(DeployError, match="Docker engine"):
        make_target(tmp_path, tmp_path)


def test_the_command_says_it_and_changes_nothing(clone: Path) -> None:
    """`contender resume` ends with 1, one sentence and a hint, and writes down nothing."""
    path = clone / "params.yaml"
    path.write_text(path.read_text().replace("target: local ", "target: compose "))
    done = subprocess.run(
        [sys.executable, "-m", "contender", "resume"],
        cwd=clone,
        env={**os.environ, "DOCKER_HOST": "unix:///nowhere/docker.sock"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "the Docker engine refuses" in done.stderr
    assert "hint: " in done.stderr
    assert not list((clone / ".contender").rglob("state.json"))
