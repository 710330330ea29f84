"""What is said when containers should be led and there is no engine that could."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

# In a process of its own: the client leaves sockets of failed connections to the collector.
ASK = """
import os, sys
from pathlib import Path
from contender.deploy.compose import make_target
from contender.errors import DeployError
for os.environ["DOCKER_HOST"] in sys.argv[1:]:
    try:
        make_target(Path(), Path())
    except DeployError as error:
        print(" ".join(error.args[0].split()))
"""


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is no engine."""
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"tcp://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_an_engine_that_is_not_there_is_said(tmp_path: Path, stranger: str) -> None:
    """Nobody at the address, an address that is none, or somebody who is no engine."""
    socket = f"unix://{tmp_path}/docker.sock"
    addresses = [socket, "tcp://127.0.0.1:1", "nonsense", "ftp://engine", "://", stranger]
    command = [sys.executable, "-c", ASK, *addresses]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()

    assert len(said) == len(addresses), done.stderr
    assert all(line.startswith("the Docker engine refuses: `") for line in said)


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
