"""Opening a registry: found, made, or refused within seconds with a reason; never "no champion"."""

import contextlib
import http.server
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contender.errors import RegistryError
from contender.paths import Paths
from contender.tracking import open_registry
from contender.tracking.connection import find_address, safe_name
from tests.servers import children, results
from tests.servers.mlflow_server import get
from tests.servers.postgres import Postgres
from tests.servers.processes import free_port
from tests.servers.registries import Place
from tests.servers.s3 import ObjectStore

SECONDS = 20.0


@contextlib.contextmanager
def refused(match: str) -> Iterator[None]:
    """Expect a RegistryError that says `match`, soon."""
    started = time.monotonic()
    with pytest.raises(RegistryError, match=match):
        yield
    assert time.monotonic() - started < SECONDS


def run(code: str) -> subprocess.CompletedProcess[str]:
    """What a fresh interpreter says to `code`."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_importing_the_door_does_not_open_it() -> None:
    """Neither MLflow nor pandas is imported before a registry is asked for."""
    code = (
        "import sys, contender.tracking\n"
        "print([name for name in ('mlflow', 'pandas', 'onnx', 'numpy') if name in sys.modules])"
    )
    answer = run(code)

    assert (answer.stdout, answer.stderr) == ("[]\n", "")


def test_opening_and_recording_are_silent(tmp_path: Path) -> None:
    """What the terminal shows is ours: no banner, no migration log, no progress bar."""
    code = (
        "from pathlib import Path\n"
        "from contender.paths import Paths\n"
        "from contender.tracking import open_registry\n"
        "from tests.servers.results import make_result\n"
        f"work = Path({str(tmp_path)!r})\n"
        "registry = open_registry(Paths(work=work), uri=None, name='sample', environment={})\n"
        "version = registry.log(make_result(work / 'result'))\n"
        "registry.fetch(version, work / 'champions')\n"
    )
    answer = run(code)

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")


def test_the_address_is_the_one_asked_for(tmp_path: Path) -> None:
    """An argument before the environment before the file; an empty variable is no answer."""
    paths = Paths(work=tmp_path)
    local = f"sqlite:///{tmp_path.resolve()}/mlflow.db"

    assert find_address(paths, None, {}) == local
    assert find_address(paths, None, {"MLFLOW_TRACKING_URI": " "}) == local
    assert find_address(paths, None, {"MLFLOW_TRACKING_URI": "http://a"}) == "http://a"
    assert find_address(paths, "http://b", {"MLFLOW_TRACKING_URI": "http://a"}) == "http://b"


def test_names_are_made_safe() -> None:
    """Lower case, and nothing that a registry or a URI would misread."""
    assert safe_name("Wine_Quality") == "wine_quality"
    assert safe_name("Sales: north/south 'é'") == "sales-north-south"
    with pytest.raises(RegistryError, match="letters or digits"):
        safe_name("///")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Garbage where the database should be."""
    Paths(work=tmp_path).registry.write_bytes(b"\x00garbage" * 1000)

    with refused("not a sound MLflow database: file is not a database"):
        Place(tmp_path).open()


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A database cut to nothing is not a new one."""
    Paths(work=tmp_path).registry.touch()

    with refused("it has 0 tables"):
        Place(tmp_path).open()

    assert Paths(work=tmp_path).registry.stat().st_size == 0


def test_a_truncated_database_is_refused(local_place: Place, tmp_path: Path) -> None:
    """Half of one neither opens nor is repaired in silence."""
    local_place.open().log(results.make_result(tmp_path / "one"))
    database = Paths(work=local_place.work).registry
    database.write_bytes(database.read_bytes()[: database.stat().st_size // 2])

    with refused("could not be opened|not a sound MLflow database"):
        Place(local_place.work).open().champion()


def test_a_folder_in_the_place_of_the_database_is_refused(tmp_path: Path) -> None:
    """The message names it."""
    Paths(work=tmp_path).registry.mkdir()

    with refused("mlflow.db` is not a sound MLflow database"):
        Place(tmp_path).open()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """The registry's folder would have to be made inside a file."""
    (tmp_path / "file").touch()

    with refused("could not be opened"):
        Place(tmp_path / "file" / "work").open()


def test_a_database_that_is_gone_is_not_no_champion(local_place: Place, tmp_path: Path) -> None:
    """Its models are still there, so somebody lost the database: nothing starts anew by itself."""
    local_place.open().log(results.make_result(tmp_path / "one"))
    Paths(work=local_place.work).registry.unlink()

    with refused("is missing, but .* holds the models it knew"):
        Place(local_place.work).open()


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_checkout_that_was_moved_says_so(local_place: Place, tmp_path: Path, how: str) -> None:
    """MLflow's database holds absolute paths: the new place would use the old one's files."""
    local_place.open().log(results.make_result(tmp_path / "one"))
    new = tmp_path / "new place"
    if how == "moved":
        local_place.work.rename(new)
    else:
        shutil.copytree(local_place.work, new)

    with refused(r"a checkout/mlartifacts`.*new place/mlartifacts`: it was moved or copied"):
        Place(new).open()


def test_a_new_database_is_whole_or_not_there(tmp_path: Path) -> None:
    """Killed while MLflow makes its tables: the next one opens, and has nothing half-made."""
    context = children.make_context()
    survived = []
    for index, seconds in enumerate((0.6, 1.0, 1.4)):
        place = Place(tmp_path / str(index))
        child = context.Process(target=children.open_here, args=(place,))
        child.start()
        child.join(seconds)
        if child.pid and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
        child.join()
        survived.append(child.exitcode == 0)

        assert place.open().versions() == []

    assert not survived[0]


def test_two_processes_may_make_the_database_at_once(tmp_path: Path) -> None:
    """One file counts, and both go on with it."""
    place = Place(tmp_path / "new")
    context = children.make_context()
    running = [context.Process(target=children.open_here, args=(place,)) for _ in range(2)]
    for child in running:
        child.start()

    assert children.join(running) == [0, 0]

    assert [path.name for path in place.work.iterdir()] == ["mlflow.db"]


def test_a_server_that_is_down_is_refused(tmp_path: Path) -> None:
    """Nobody listens there."""
    with refused(r"registry at `http://127.0.0.1:\d+` could not be opened"):
        Place(tmp_path, f"http://127.0.0.1:{free_port()}").open()


def test_a_server_that_never_answers_is_refused(tmp_path: Path) -> None:
    """It takes the connection and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()

        with refused("could not be opened"):
            Place(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}").open()


class Answering(http.server.BaseHTTPRequestHandler):
    """Something that is no MLflow server, or one that refuses."""

    status, body = 200, b""

    def do_GET(self) -> None:  # pylint: disable=invalid-name  # the name http.server looks for
        """The one answer it has."""
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_POST = do_GET

    def log_message(self, *arguments: object) -> None:  # pylint: disable=arguments-differ
        """Nothing: the test's output is its own."""


ANSWERS = {
    "another service": (200, b"<html>It works!</html>"),
    "nothing here": (404, b"not found"),
    "refused": (401, b"unauthorized"),
    "broken": (500, b"Internal Server Error"),
    "empty": (200, b""),
    "a list": (200, b"[]"),
    "an object": (200, b"{}"),
}


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_server_that_is_no_registry_is_refused(tmp_path: Path, answer: str) -> None:
    """Whatever it says, it never means that there is no champion."""
    status, body = ANSWERS[answer]
    handler = type("Handler", (Answering,), {"status": status, "body": body})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            with refused("could not|shows no experiment"):
                Place(tmp_path, f"http://127.0.0.1:{server.server_port}").open().champion()
        finally:
            server.shutdown()
            thread.join()


def test_a_wrong_password_is_refused_and_not_printed(tmp_path: Path, postgres: Postgres) -> None:
    """PostgreSQL says no."""
    uri = postgres.url("migrated", password="wrong-secret")

    with pytest.raises(RegistryError, match="password authentication failed") as caught:
        Place(tmp_path, uri).open()

    assert "wrong-secret" not in str(caught.value)


def test_a_database_server_that_is_down_is_refused(tmp_path: Path) -> None:
    """MLflow itself would try for a minute."""
    uri = f"postgresql+psycopg2://somebody:secret@127.0.0.1:{free_port()}/models"

    with refused("Connection refused"):
        Place(tmp_path, uri).open()


@pytest.mark.parametrize("uri", ["file:///srv/mlruns", "nonsense", "postgresql+nothing://host/db"])
def test_an_address_of_no_known_kind_is_refused(tmp_path: Path, uri: str) -> None:
    """The message repeats it."""
    with refused(f"`{re.escape(uri)}` could not be opened"):
        Place(tmp_path, uri).open()


def test_a_shared_database_needs_a_shared_place_for_models(
    tmp_path: Path, postgres: Postgres
) -> None:
    """Otherwise they would lie on the one machine that recorded them."""
    uri = postgres.create("no-place", template="migrated")

    with refused("expected one in `MLFLOW_DEFAULT_ARTIFACT_ROOT`"):
        Place(tmp_path, uri).open()


def test_a_file_store_that_is_down_leaves_nothing_finished(
    shared_place: Place, object_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database answers, S3 does not: an error, no version; once it is back, all is well."""
    registry = shared_place.open()
    result = results.make_result(tmp_path / "one")
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with refused("could not record the result"):
        registry.log(result)
    assert registry.versions() == []
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", object_store.url)

    version = registry.log(result)

    assert version.number == 1
    assert registry.fetch(version, tmp_path / "champions").is_dir()


def test_the_web_page_answers(mlflow_server: str) -> None:
    """What `make ui` starts is MLflow's page and its API, on loopback."""
    status, page = get(f"{mlflow_server}/")

    assert status == 200
    assert b"<title>MLflow</title>" in page
    assert get(f"{mlflow_server}/version")[0] == 200


def test_an_address_is_opened_as_given(tmp_path: Path, empty_database: Path) -> None:
    """An SQLite file elsewhere keeps its models beside it."""
    place = Place.copy_of(empty_database, tmp_path / "elsewhere")
    uri = f"sqlite:///{place.work}/mlflow.db"

    registry = open_registry(Paths(work=tmp_path / "here"), uri=uri, name="sample", environment={})

    registry.log(results.make_result(tmp_path / "one"))
    assert len(list(place.work.glob("mlartifacts/*/artifacts/model/MLmodel"))) == 1
    assert not (tmp_path / "here").exists()
